"""Random source logs and schedules for the model of the counting protocol."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from hypothesis import strategies as st

from processors.windows import to_ms
from tests.property.protocol_world import Record, World

#: Just before midnight in Tehran (+3:30), so that days turn.
BEGIN = datetime(2026, 3, 20, 20, 20, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

TEXTS = ("", "alpha", "beta", "gamma", "alpha beta", "beta gamma", "alpha beta gamma", "nothing")
#: How far the source's clock moves from record to record; negative: this record alone is behind.
MOVES = (MINUTE, timedelta(0), MINUTE * 20, HOUR * 5, DAY * 3, DAY * 9, -MINUTE, -HOUR * 50)
#: Age of the post when observed.
AGES = (MINUTE, MINUTE * 30, HOUR * 20, HOUR * 49)
KINDS = (
    *("create",) * 4,
    *("update",) * 2,
    *("engagement",) * 5,
    "delete",
    "again",
    "again",
    "broken_json",
    "no_value",
    "not_utf8",
    "future",
    *("bad_counts",) * 3,
    *("bad_platform",) * 2,
)


class Draw(NamedTuple):
    """The choices behind one record."""

    kind: str
    post: int
    text: int
    move: int
    age: int
    likes: int | None
    shares: int | None
    rounded: bool
    markers: int


class Case(NamedTuple):
    """A source log, a schedule and the settings of the worker."""

    draws: list[Draw]
    schedule: list[tuple[str, int]]
    retention: bool
    base: int
    trailing: int


#: The choices of one record, in the order of ``Draw``; what stands there more often is drawn more often.
CHOICES: tuple[tuple[Any, ...], ...] = (
    KINDS,
    (0, 1, 2, 3),
    (1, 2, 3, 4, 5, 6, 4, 6, 7, 0),
    (0, 0, 0, 1, 2, 3, 4, 5, 5, 6, 7),
    (0, 0, 1, 1, 2, 3),
    (None, 0, 3, 5, 8, 40, 1500, 1560, 1700),
    (None, 0, 3, 5, 8, 40, 1500, 1560, 1700),
    (False, False, False, True),
    (0, 0, 0, 0, 0, 1, 2),
)


def _draw(number: int) -> Draw:
    """One integer is one record: drawing nine choices costs hypothesis more than counting the record."""
    picked = []
    for choices in CHOICES:
        number, index = divmod(number, len(choices))
        picked.append(choices[index])
    return Draw(*picked)


draws = st.integers(0, math.prod(map(len, CHOICES)) - 1).map(_draw)

#: What happens, one word after the other. Single steps come together to anything; the phrases make sure that what
#: needs several of them in a row (a flush cut short, a zombie that is overtaken) is common, not once in a million.
PHRASES = (
    *("count",) * 4,
    "settle",
    "write",
    "crash",
    "adopt",
    "heartbeat",
    "gap",
    "compact",
    "heal",
    "zombie",
    "rebalance",
    "count flush settle",
    "count flush write count write",
    "count flush settle adopt count",
    "count count flush cut crash",
    "count flush count cut crash count flush cut crash",
    "count flush cut crash heartbeat crash",
    "count flush cut crash adopt count flush cut crash",
    "count flush cut adopt crash count flush cut crash",
    "count flush settle count count flush rebalance count count count flush settle zombie zombie zombie crash",
    "count flush cut rebalance count count flush settle zombie zombie crash",
    "count flush rebalance count count flush settle count flush settle zombie zombie zombie crash",
    "rebalance count count flush settle zombie zombie crash",
    "count flush cut rebalance adopt count flush zombie zombie cut crash",
)


#: Owners that change often, while several zombies write and compaction follows them.
STORM = (
    *("count", "count count flush", "count flush settle", "count flush cut rebalance"),
    *("write", "settle", "cut", "crash", "rebalance", "adopt", "heartbeat"),
    *("zombie", "zombie zombie zombie", "heal", "compact", "heal compact", "zombie heal compact crash"),
)


def _phrases(texts: Sequence[str]) -> st.SearchStrategy[list[tuple[str, int]]]:
    def phrase(number: int) -> list[tuple[str, int]]:
        seed, index = divmod(number, len(texts))
        return [(word, seed + place) for place, word in enumerate(texts[index].split())]

    return st.integers(0, len(texts) * 4096 - 1).map(phrase)


def cases(texts: Sequence[str] = PHRASES) -> st.SearchStrategy[Case]:
    """Cases whose schedules are made of these phrases.

    Left to itself, hypothesis draws lists of five records; short ones come first here only so that failures shrink.
    """
    return st.builds(
        Case,
        draws=st.one_of(st.lists(draws, min_size=1, max_size=8), *[st.lists(draws, min_size=12, max_size=36)] * 3),
        schedule=st.lists(_phrases(texts), min_size=2, max_size=24).map(lambda some: list(chain.from_iterable(some))),
        retention=st.booleans(),
        base=st.sampled_from((0, 0, 1000)),
        trailing=st.integers(0, 2),
    )


def build(case: Case) -> World:
    """The world that a case begins with."""
    records: list[Record] = []
    clock, offset = BEGIN, 3
    for draw in case.draws:
        offset += draw.markers
        observed = clock + MOVES[draw.move]
        clock = max(clock, observed)
        records.append(_record(draw, offset, observed, records))
        offset += 1
    return World(records=records, end=offset + case.trailing, retention=case.retention, base=case.base)


def _record(draw: Draw, offset: int, observed: datetime, before: list[Record]) -> Record:
    timestamp = to_ms(observed)
    if draw.kind == "broken_json":
        return Record(offset, timestamp, b'{"op": "create", ', "always")
    if draw.kind == "no_value":
        return Record(offset, timestamp, None, "always")
    if draw.kind == "not_utf8":
        return Record(offset, timestamp, b'{"op": "create", "text": "alpha \xff"}', "always")
    if draw.kind == "again" and before:
        return before[-1 - draw.post % len(before)]._replace(offset=offset)
    if draw.kind == "future":
        return Record(offset, timestamp - 7_200_000, _post(draw, "create", observed), "always")
    if draw.kind == "bad_counts":
        return Record(offset, timestamp, _post(draw, "engagement", observed, likes=-1), "seen")
    if draw.kind == "bad_platform":
        return Record(offset, timestamp, _post(draw, "create", observed, platform="orkut"), "seen")
    op = draw.kind if draw.kind in ("create", "update", "engagement", "delete") else "create"
    return Record(offset, timestamp, _post(draw, op, observed))


def _post(draw: Draw, op: str, observed: datetime, *, likes: int | None = None, platform: str = "") -> bytes:
    post = {
        "event_id": "e",
        "schema_version": 1,
        "op": op,
        "observed_at": observed.isoformat(),
        "post_id": f"twitter:{draw.post}",
        "platform": platform or ("twitter", "instagram")[draw.post % 2],
        "created_at": (observed - AGES[draw.age]).isoformat(),
        "counts": {"likes": draw.likes if likes is None else likes, "shares": draw.shares},
        "counts_precision": "rounded" if draw.rounded else "exact",
    }
    if op in ("create", "update"):
        post["text"] = TEXTS[draw.text]
    return json.dumps(post).encode()
