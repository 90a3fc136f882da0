import pytest
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.kafka.commands import kafka, parse_properties, topics


def test_properties_of_the_command_line() -> None:
    assert parse_properties(("a.b=1", " c = x=y ")) == {"a.b": "1", "c": "x=y"}


@pytest.mark.parametrize("pair", ["a.b", "=1", " =1", ""])
def test_property_without_name_or_value(pair: str) -> None:
    with pytest.raises(UsageProblem, match="NAME=VALUE"):
        parse_properties((pair,))


def test_bad_property_starts_no_broker() -> None:
    assert isinstance(CliRunner().invoke(kafka, ["--property", "x"]).exception, UsageProblem)


def test_list_needs_no_broker() -> None:
    result = CliRunner().invoke(topics, ["list", "--partitions", "3", "--topic-prefix", "p.", "--app", "blue"])
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert rows[0][:3] == ["p.social.posts.v1", "post_id", "3"]
    assert "retention.ms=604800000" in rows[0][3]
    assert "blue-progress-changelog" in {row[0] for row in rows}


def test_names_that_kafka_refuses() -> None:
    result = CliRunner().invoke(topics, ["list", "--app", "a b"])
    assert isinstance(result.exception, UsageProblem)
    assert "--app" in str(result.exception)
