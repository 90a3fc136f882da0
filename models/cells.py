"""Cells: the counters of a (campaign, source topic, source partition, platform) in a window. The public read format.

A changelog record of a counting table is one cell. Key of a windowed table: ``["<cell>",[<start>,<end>]]`` (Faust's own
JSON form, ``end = start + size - 0.1``); key of the lifetime table: ``"<cell>"``; ``<cell>`` is
``campaign|topic|partition|platform``. Value: a MessagePack array ``[version, stamp, counter, …]`` in the order of
``METRICS``, mostly as far as the last one that was given anything; a reader takes missing counters at the end as 0 and
the record with the highest stamp per key.
"""

from collections.abc import Iterable
from functools import lru_cache
from operator import add
from typing import Final, NamedTuple

import msgspec

CELL_VERSION: Final = 1

#: Additive counters in wire order. ``x`` is gross (never falls), ``x_net`` the level (falls with unlikes and deletes).
#: New metrics go to the end.
METRICS: Final = (
    "mentions",
    "mentions_net",
    "likes",
    "likes_net",
    "shares",
    "shares_net",
    "comments",
    "comments_net",
    "views",
    "views_net",
    "quotes",
    "quotes_net",
    "saves",
    "saves_net",
    # Sentiment and relevance are those of the first analysis of a mention, toward the campaign.
    "mentions_negative",
    "mentions_neutral",
    "mentions_positive",
    "relevant_mentions",
    "press_mentions",
    "press_mentions_net",
    "press_negative",
    "press_neutral",
    "press_positive",
    "relevant_press_mentions",
    # Posts by a campaign's own accounts that answer another post: comments that are not the audience's.
    "own_replies",
)
METRIC_INDEX: Final = {name: index for index, name in enumerate(METRICS)}
MENTIONS: Final = METRIC_INDEX["mentions"]
MENTIONS_NET: Final = METRIC_INDEX["mentions_net"]

#: Window sizes in seconds of the tumbling tables. Minutes are UTC; hours and days are cut on the campaign's local
#: wall clock, whose seconds since 1970-01-01T00:00 *local* are the start.
WINDOWS: Final = {"minute": 60, "hour": 3600, "day": 86400}
LIFETIME: Final = "lifetime"
#: All tables with cells, in the order in which a flush writes them.
CELL_TABLES: Final = (*WINDOWS, LIFETIME)
ENTITIES: Final = "entities"
PROGRESS: Final = "progress"
#: Every Faust table of the application; each has its own changelog topic.
TABLES: Final = (*CELL_TABLES, ENTITIES, PROGRESS)


class CellName(NamedTuple):
    """What a cell counts. Nothing that a model computed is in here."""

    campaign: str
    topic: str
    partition: int
    platform: str

    def text(self) -> str:
        """The name on the wire."""
        return f"{self.campaign}|{self.topic}|{self.partition}|{self.platform}"

    @classmethod
    def parse(cls, text: str) -> "CellName":
        """The inverse of ``text``."""
        return _parse_name(text)


@lru_cache(maxsize=65_536)
def _parse_name(text: str) -> CellName:
    """Names are few, and each is in thousands of keys."""
    campaign, topic, partition, platform = text.split("|")
    return CellName(campaign, topic, int(partition), platform)


class Cell(NamedTuple):
    """A stamp (the last source offset whose effects are in) and the counters in the order of ``METRICS``."""

    stamp: int
    counters: list[int]


class _Head(msgspec.Struct, array_like=True):
    """What a cell begins with; the counters are skipped, not decoded."""

    version: int
    stamp: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode
_decode_head = msgspec.msgpack.Decoder(_Head).decode
_decode_key = msgspec.json.Decoder(tuple[str, tuple[float, float]]).decode


def pack_cell(stamp: int, counters: list[int]) -> bytes:
    """The value on the wire."""
    return _encode([CELL_VERSION, stamp, *counters])


def unpack_cell(value: bytes, counters_known: int = len(METRICS)) -> Cell:
    """The inverse of ``pack_cell``; ValueError for a version that this program does not know.

    ``counters_known``: how many counters the stream has; missing ones at the end are 0.
    """
    version, stamp, *counters = _decode(value)
    if version != CELL_VERSION:
        raise ValueError(f"cell of version {version}; this program reads version {CELL_VERSION}")
    counters.extend([0] * (counters_known - len(counters)))
    return Cell(stamp, counters)


def add_to_cell(stamp: int, value: bytes, amounts: list[int]) -> bytes:
    """The cell ``value`` with ``amounts`` added to its counters, and another stamp; what only one of them has stays."""
    version, _, *counters = _decode(value)
    if version != CELL_VERSION:
        raise ValueError(f"cell of version {version}; this program reads version {CELL_VERSION}")
    rest = amounts[len(counters) :] or counters[len(amounts) :]
    return _encode([CELL_VERSION, stamp, *map(add, counters, amounts), *rest])


def cell_stamp(value: bytes) -> int:
    """The stamp alone."""
    return _decode_head(value).stamp


def cell_stamps(values: Iterable[bytes]) -> list[int]:
    """``cell_stamp`` of each."""
    return [_decode_head(value).stamp for value in values]


def window_key(name: str, start: int, size: int) -> bytes:
    """Changelog key of a windowed cell: the bytes that Faust's windowed table writes for it."""
    last = start + size - 1
    if last < 0:  # before 1970 the end has another whole part
        return b'["%b",[%d.0,%.1f]]' % (name.encode(), start, start + size - 0.1)
    return f'["{name}",[{start}.0,{last}.9]]'.encode()


def lifetime_key(name: str) -> bytes:
    """Changelog key of a lifetime cell."""
    return b'"%b"' % name.encode()


def parse_window_key(key: bytes) -> tuple[CellName, int]:
    """(what is counted, window start in seconds) of a windowed cell's key."""
    name, (start, _end) = _decode_key(key)
    return CellName.parse(name), int(start)


def window_start(key: bytes) -> int:
    """The window start alone, in seconds, in a fraction of the time."""
    start = key.rindex(b"[") + 1
    return int(key[start : key.index(b".", start)])


def parse_lifetime_key(key: bytes) -> CellName:
    """What a lifetime cell counts."""
    return CellName.parse(msgspec.json.decode(key, type=str))
