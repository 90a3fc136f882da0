"""Records of an input topic, as a recount takes them."""

from collections.abc import Mapping
from typing import NamedTuple

from listener.recount.counting import Refused
from models.outcome import HEADER_SIZE, Reason


class Input(NamedTuple):
    """One retained record. ``stamp``: its offset and the partition's base; ``timestamp``: epoch ms, negative: none."""

    stamp: int
    timestamp: int
    value: bytes | None
    headers: Mapping[str, bytes] = {}


def whole(record: Input) -> bytes | None:
    """The value; Refused where the source left it out because of its size."""
    if HEADER_SIZE in record.headers:
        raise Refused(Reason.TOO_LARGE)
    return record.value
