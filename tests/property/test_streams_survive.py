"""All nine streams survive crashes, zombies, campaign changes and backfills: no recount differs, and boards agree.

``LISTENER_TEST_PROFILE=thorough`` plays many more cases, other ones in every run; the default always plays the same.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from listener.board.state import BoardState
from listener.changelog import Records
from models.campaign import CampaignSet
from models.cells import LIFETIME
from models.streams import ARTICLES, BUSINESS, POSTS, SPEND, STREAMS, WEB, Stream
from models.trace import Trace
from processors.overlay import FlushPlan
from processors.resume import Refused
from tests.property.streams_model import Model
from tests.property.streams_zombies import Write, steps
from tests.property.test_live_recount import RULES, SETS, business
from tests.property.test_recount import as_articles, histories
from tests.recounting import told

COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
PROFILES = {
    "ci": settings(COMMON, max_examples=40, derandomize=True),
    "thorough": settings(COMMON, max_examples=3_000),
}
#: What happens, one word after the other: single steps come to anything, the phrases make common what needs several.
ACTS = st.sampled_from(
    (
        *("count", "count", "count-again", "flush", "flush", "cut", "crash", "change", "change-cut"),
        *("backfill", "backfill-cut", "rebalance", "zombie", "heal", "compact", "sweep"),
        "count rebalance count flush zombie zombie crash",
        "count flush count rebalance count flush zombie zombie heal compact crash",
        "count rebalance rebalance zombie count flush zombie change zombie",
    )
)
Course = list[tuple[str, int]]


def records(stream: Stream) -> st.SearchStrategy[list[bytes]]:
    if stream is POSTS:
        return histories()
    return histories().map(as_articles) if stream is ARTICLES else business(stream.topic)


def play(model: Model, course: Course, sets: tuple[CampaignSet, ...], rng: random.Random) -> None:
    """Do what the course says, and end in good order."""
    model.sets, model.current = [sets[0]], sets[0]
    model.acquire()
    for phrase, number in course:
        for act in phrase.split():
            step(model, act, number, sets, rng)
    model.settle(rng)
    model.tables = model.recovered()


def step(model: Model, act: str, number: int, sets: tuple[CampaignSet, ...], rng: random.Random) -> None:
    """One word of a course."""
    chosen = sets[number % len(sets)]
    if act.startswith("change"):
        model.change(chosen, dies=act.endswith("cut"), back=rng.random() < 0.5)
    elif act.startswith("backfill"):
        if model.stream not in BUSINESS:
            campaign = rng.choice([one.id for one in chosen.campaigns])
            model.backfilled(campaign, chosen, rng, dies=act.endswith("cut"))
    else:
        acts: dict[str, Callable[[], object]] = {
            "count": lambda: model.take(number),
            "count-again": lambda: model.take(number, rng.randint(1, 4)),
            "flush": lambda: model.flush(rng),
            "cut": lambda: model.flush(rng, dies=True),
            "crash": model.acquire,
            "rebalance": lambda: model.rebalance(rng),
            "zombie": lambda: model.haunt(rng),
            "heal": model.heal,
            "compact": lambda: model.compact(rng.random()),
            "sweep": model.sweep,
        }
        acts[act]()


def shown(board: BoardState) -> dict[Any, Any]:
    """All that a board sums up."""
    return {
        (name, campaign): {start: {d: c for d, c in by.items() if any(c)} for start, by in windows.items()}
        for name, table in board.tables.items()
        for campaign, windows in table.totals.items()
    } | {"progress": {key: one.outcomes for key, one in board.progress.items()}}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
@PROFILES[os.environ.get("LISTENER_TEST_PROFILE", "ci")]
@given(data=st.data(), seed=st.integers(0, 2**32), retention=st.booleans())
def test_every_stream_is_exact_and_two_boards_agree(
    stream: Stream,
    data: st.DataObject,
    seed: int,
    retention: bool,  # noqa: FBT001 - hypothesis passes by name
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    sets = RULES if stream in BUSINESS else SETS
    first, second = BoardState(), BoardState()
    partitions = 1 if stream.partitions == 1 else 2
    for number in range(partitions):
        model = Model(stream, retention=retention, values=data.draw(records(stream)), number=number, board=first)
        course = data.draw(st.lists(st.tuples(ACTS, st.integers(1, 6)), max_size=12))
        play(model, course, sets, rng)
        assert told(model.recount()) == []
        model.late_board(second, rng)
    assert shown(first) == shown(second)


def test_the_model_notices_a_lost_write() -> None:
    """The test of the test: one lifetime cell that never reached the log."""
    model = Model(POSTS, retention=False, values=_two_posts())
    play(model, [("count", 2), ("flush", 1)], SETS, random.Random(1))  # noqa: S311
    (key,) = model.tables[LIFETIME]
    model.logs[LIFETIME] = [record for record in model.logs[LIFETIME] if record[0] != key]
    model.tables = model.recovered()
    assert [line.split("\t")[:3] for line in told(model.recount())] == [
        ["a", "lifetime", "mentions"],
        ["a", "lifetime", "mentions_net"],
    ]


def test_the_model_notices_an_adoption_that_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker died between trace and progress, and the old files came back."""

    def died() -> list[str]:
        model = Model(POSTS, retention=False, values=_two_posts())
        model.sets, model.current = [SETS[0]], SETS[0]
        model.take(1)
        model.flush(random.Random(1))  # noqa: S311
        model.change(SETS[3], dies=True, back=True)
        model.settle(random.Random(1))  # noqa: S311
        model.tables = model.recovered()
        return told(model.recount())

    assert died() == []
    monkeypatch.setattr(Trace, "settled", lambda *_: [])
    assert any("outcome unmatched" in line for line in died())


def _two_posts() -> list[bytes]:
    body = (
        b'{"event_id":"%d","schema_version":1,"observed_at":"2018-05-05T18:46:39Z","op":"create","post_id":"p%d",'
        b'"platform":"twitter","created_at":"2018-05-05T18:46:39Z","text":"a"}'
    )
    return [body % (number, number) for number in range(2)]


# ── the test of the test: with a rule dropped, some course of every kind of stream comes to something else ──


def last_wins(part: dict[bytes, bytes], records: Records, *_: object) -> None:
    for _, key, value in records:
        if value is None:
            part.pop(key, None)
        else:
            part[key] = value


def entities_first(plan: FlushPlan) -> Iterator[list[Write]]:
    return reversed(list(steps(plan)))


def all_at_once(plan: FlushPlan) -> Iterator[list[Write]]:
    yield [write for step in steps(plan) for write in step]


def unhealed(model: Model) -> None:
    """Compaction is let loose on what zombies wrote, and nobody has looked at the tail."""
    model.late_from.clear()


BROKEN: dict[str, tuple[str, object]] = {
    "the last record wins in recovery": ("merge", last_wins),
    "entities before cells": ("steps", entities_first),
    "entities together with cells": ("steps", all_at_once),
    "nothing is healed": ("Model.heal", unhealed),
}
COMMON_FAULTS = ("entities before cells", "entities together with cells")
COURSES = {
    "entities before cells": ["count flush cut crash count", "count cut count", "count flush count cut flush"],
    "the last record wins in recovery": ["count rebalance count flush count flush zombie zombie zombie crash"],
    "nothing is healed": ["count rebalance count flush count flush zombie zombie zombie heal compact crash"],
}


#: Rows of spend nearly all count, so there a rule that needs a rare course is soon missed.
@pytest.mark.parametrize(
    ("stream", "rule"),
    [*((SPEND, rule) for rule in BROKEN), *((stream, rule) for stream in (ARTICLES, WEB) for rule in COMMON_FAULTS)],
    ids=lambda one: one.name if isinstance(one, Stream) else one,
)
def test_a_broken_rule_is_noticed(stream: Stream, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, broken = BROKEN[rule]
    monkeypatch.setattr(f"tests.property.streams_model.{name}", broken)
    sets = RULES if stream in BUSINESS else SETS
    phrases = st.sampled_from(COURSES.get(rule, ["count cut count flush"]))

    def noticed(case: tuple[list[bytes], Course, int]) -> bool:
        model = Model(stream, retention=False, values=case[0])
        try:
            play(model, case[1], sets, random.Random(case[2]))  # noqa: S311
        except (Refused, RuntimeError):
            return True
        return told(model.recount()) != []

    courses = st.lists(st.tuples(phrases, st.integers(1, 6)), min_size=1, max_size=4)
    search = settings(COMMON, max_examples=2_000, phases=[Phase.generate])
    cases = st.tuples(records(stream), courses, st.integers(0, 2**16))
    find(cases, noticed, settings=search, random=random.Random(1))  # noqa: S311
