"""All nine streams survive crashes, campaign changes and backfills: the recount finds no difference, and boards agree.

``LISTENER_TEST_PROFILE=thorough`` plays many more cases, other ones in every run; the default always plays the same.
"""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.board.state import BoardState
from models.campaign import CampaignSet
from models.cells import LIFETIME
from models.streams import ARTICLES, BUSINESS, POSTS, STREAMS, Stream
from models.trace import Trace
from tests.property.streams_model import Model
from tests.property.test_live_recount import RULES, SETS, business
from tests.property.test_recount import as_articles, histories
from tests.recounting import told

COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
PROFILES = {
    "ci": settings(COMMON, max_examples=40, derandomize=True),
    "thorough": settings(COMMON, max_examples=3_000),
}
ACTS = st.sampled_from(
    ["count", "count", "count", "flush", "flush", "cut", "crash", "change", "change cut", "backfill", "backfill cut"]
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
    for act, number in course:
        chosen = sets[number % len(sets)]
        if act == "count":
            model.take(number)
        elif act in ("flush", "cut"):
            model.flush(rng, dies=act == "cut")
        elif act == "crash":
            model.acquire()
        elif act.startswith("change"):
            model.change(chosen, dies=act.endswith("cut"), back=rng.random() < 0.5)
        elif model.stream not in BUSINESS:
            campaign = rng.choice([one.id for one in chosen.campaigns])
            model.backfilled(campaign, chosen, rng, dies=act.endswith("cut"))
    model.settle(rng)
    model.tables = model.recovered()


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
