"""What is kept of a tracked post between its records. No text; packed, because there are millions."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

DELETED: Final = 1


class Tracking(Struct, array_like=True):
    """A campaign's share in a post: whether it still counts, whether its mention was counted, and what it was given.

    ``net`` lists what this post contributed to the campaign's levels, in the order of ``COUNTERS`` and cut behind the
    last one that is not 0: a delete takes exactly this back. ``standing`` says whether the mention is in the level now.
    """

    campaign: str
    active: bool = True
    mentioned: bool = True
    net: list[int] = []
    standing: bool = True


class PostEntity(Struct, array_like=True):
    """Fold state of one post.

    ``stamp``     last source offset whose effects are in
    ``observed``  last observation, epoch milliseconds; ``content`` its hash
    ``changed``   record time of the last change, epoch milliseconds: retention counts from here
    ``created``   creation of the post, epoch milliseconds
    ``platform``  index into ``PLATFORMS``
    ``flags``     bit set, ``DELETED``
    ``held``      bit per counter: a fall was seen once and is not believed yet
    ``last``, ``high``  last believed and highest value per counter, None while unknown
    """

    stamp: int
    observed: int
    content: int
    changed: int
    created: int
    platform: int
    flags: int
    held: int
    last: list[int | None]
    high: list[int | None]
    campaigns: list[Tracking]


class _Stamp(Struct, array_like=True):
    """The head of an entity; the rest is skipped, not decoded."""

    stamp: int


class _Head(Struct, array_like=True):
    """What entities of every kind begin with."""

    stamp: int
    observed: int
    content: int
    changed: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PostEntity).decode
_stamp_decoder: Final[msgspec.msgpack.Decoder[_Stamp]] = msgspec.msgpack.Decoder(_Stamp)


_head_decoder: Final[msgspec.msgpack.Decoder[_Head]] = msgspec.msgpack.Decoder(_Head)


def pack_entity(entity: PostEntity) -> bytes:
    """The value on the wire."""
    return _encode(entity)


def unpack_entity(value: bytes) -> PostEntity:
    """The inverse of ``pack_entity``."""
    return _decode(value)


def entity_stamp(value: bytes) -> int:
    """The stamp alone."""
    return _stamp_decoder.decode(value).stamp


def entity_stamps(values: Iterable[bytes]) -> list[int]:
    """``entity_stamp`` of each."""
    return [_stamp_decoder.decode(value).stamp for value in values]


def entity_changed(value: bytes) -> int:
    """The record time of its last change alone, epoch milliseconds."""
    return _head_decoder.decode(value).changed
