from typing import get_args

import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.forget import Found, Quoting, forget, hashes_of
from models.incident import Explanation, Incident, IncidentKind, Quote, pack_incident
from processors.authors import author_hash
from tests.mentioning import KEY, NOON, Log, counted, put, said, taken_back

TP = TopicPartition("listener.mentions.v1", 3)


def test_an_account_has_the_hashes_of_both_ways_to_write_its_id() -> None:
    expected = {author_hash(KEY, "twitter", "42"), author_hash(KEY, "twitter", "twitter:42")}
    assert hashes_of("twitter:42", KEY) == expected
    assert hashes_of("0123456789abcdef", None) == {"0123456789abcdef"}


@pytest.mark.parametrize(
    ("author", "key", "said_so"),
    [("leila", KEY, "platform:id"), (":1", KEY, "platform:id"), ("a:", KEY, "platform:id"), ("twitter:1", None, "key")],
)
def test_what_cannot_be_an_author(author: str, key: bytes | None, said_so: str) -> None:
    with pytest.raises(UsageProblem, match=said_so):
        hashes_of(author, key)


def test_what_is_found_and_what_is_gone_already() -> None:
    found, log, lines = Found(frozenset({"aa"}), print), Log(), []
    found.say = lines.append
    found.take(TP, log.append(put(said("twitter:1", author="aa"), counted("twitter:1", 2, likes=1))))
    found.take(TP, log.append(put(said("twitter:2", 3, author="bb"), said("twitter:3", 4, author="aa"))))
    found.take(TP, log.append([(b"berimo|x", b"no json"), *taken_back("twitter:3")]))
    assert found.mentions == {("berimo", "twitter:1"): 3}
    assert (found.read, lines) == (7, [])


def test_incidents_lose_the_quotes_and_nothing_else() -> None:
    def quote(entity: str, author: str | None) -> Quote:
        return Quote(entity, "twitter", NOON, "a text", author)

    def incident(name: str, *quotes: Quote) -> tuple[bytes, bytes]:
        told = Explanation(first=quotes[0] if quotes else None, earliest=quotes, examples=quotes, sampled=9)
        made = Incident(
            "berimo", name, get_args(IncidentKind)[0], "warning", NOON, NOON, NOON, 9, 3.0, "rising", explanation=told
        )
        return made.key, pack_incident(made)

    found = Found(frozenset({"aa"}), print, {("berimo", "twitter:3"): 0})
    quoting, log = Quoting(found), Log()
    mine, other, unnamed = quote("twitter:1", "aa"), quote("twitter:2", "bb"), quote("twitter:3", None)
    quoting.take(TP, log.append([incident("1", mine, other, unnamed), incident("2", other), incident("3", mine)]))
    quoting.take(TP, log.append([(b"berimo|3", None), (b"berimo|4", b"no json"), incident("5")]))
    ((key, left),) = quoting.incidents.items()
    assert (key, left.observed) == (b"berimo|1", 9)
    assert left.explanation == Explanation(first=None, earliest=(other,), examples=(other,), sampled=9)


def test_nothing_is_forgotten_without_a_yes() -> None:
    arguments = ["0123456789abcdef", "--bootstrap-servers", "localhost:1"]
    result = CliRunner().invoke(forget, arguments, input="n\n")
    assert result.exit_code == 1
    assert "cannot be undone" in result.output
