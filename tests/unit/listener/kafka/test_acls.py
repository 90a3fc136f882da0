"""Rights follow from the declared topics: whatever is declared is used by somebody, and nothing else is."""

import pytest
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.kafka.acls import roles, rules, tool_line
from listener.kafka.commands import topics
from listener.kafka.topics import declared_topics
from models.topics import Namespace

NAMESPACE = Namespace("brand", "eu.")
DECLARED = {spec.name for spec in declared_topics(NAMESPACE, 6)}
ROLES = {role.name: role for role in roles(NAMESPACE)}


def test_every_declared_topic_is_made_by_the_admin_and_no_other_is_in_any_role() -> None:
    assert set(ROLES["admin"].topics) == DECLARED
    assert {name for role in ROLES.values() for name in role.topics} == DECLARED


@pytest.mark.parametrize("name", ["worker", "board", "source", "auditor", "importer", "operator", "autoscaler"])
def test_only_the_admin_makes_and_configures_topics(name: str) -> None:
    held = {operation for operations in ROLES[name].topics.values() for operation in operations}
    assert not held & {"Create", "Alter", "AlterConfigs", "Delete", "All"}


def test_only_workers_and_operators_write_counts() -> None:
    writers = {name for name, role in ROLES.items() if "Write" in role.topics.get("brand-lifetime-changelog", ())}
    assert writers == {"worker", "operator"}


def test_an_auditor_writes_nothing() -> None:
    assert {operation for operations in ROLES["auditor"].topics.values() for operation in operations} == {
        "Describe",
        "Read",
    }
    assert not ROLES["auditor"].groups


def test_replays_of_dead_letters_are_fenced_under_an_id_of_the_operator() -> None:
    assert {name: role.transactions for name, role in ROLES.items() if role.transactions} == {
        "operator": {"brand-dlq": ("Describe", "Write")}
    }


def test_a_line_for_the_tool() -> None:
    (group,) = [rule for rule in rules(NAMESPACE) if rule.role == "board" and rule.kind == "group"]
    assert tool_line(NAMESPACE, group) == (
        "--add --allow-principal User:brand-board --operation Describe --operation Read --group brand-boards"
    )


def test_the_command_prints_one_role() -> None:
    done = CliRunner().invoke(topics, ["acls", "--app", "brand", "--role", "autoscaler"], env={})
    lines = [line.split("\t") for line in done.output.splitlines()]
    assert {line[0] for line in lines} == {"User:brand-autoscaler"}
    assert lines[-1][1:] == ["group", "brand", "Describe"]


@pytest.mark.parametrize(("options", "said"), [(("--role", "king"), "none of worker"), (("--apply",), "which Kafka")])
def test_mistakes_are_named(options: tuple[str, ...], said: str) -> None:
    done = CliRunner(env={"LISTENER_BOOTSTRAP_SERVERS": None}).invoke(topics, ["acls", *options])
    assert isinstance(done.exception, UsageProblem)
    assert said in str(done.exception)
