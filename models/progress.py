"""Progress cell: how far the counting of one source topic partition is. One ``progress`` changelog record per flush.

All that decides about a record and is not in the record or its entity is here, so that a replay decides the same.
"""

import msgspec
from msgspec import Struct

from models.outcome import Outcome


class SetInForce(Struct, frozen=True, array_like=True):
    """A campaign-set version and the stamp from which it holds."""

    version: str
    since: int


#: How many keys of a table are surely durable, and the sum of their stamps.
Holding = tuple[int, int]


class Progress(Struct, frozen=True, omit_defaults=True):
    """State of a partition at ``stamp``; JSON on the wire.

    ``stamp``        last source offset (plus ``base``) whose effects are in the cells
    ``record_time``  largest ``observed_at`` up to ``stamp`` of all records that could be skimmed and are not in the
                     future, epoch milliseconds; None before the first
    ``durable``      end of the flush before this one: everything up to here is durable, entities and dead letters
                     included, so counting may resume behind it
    ``durable_record_time`` the record time at ``durable``
    ``outcomes``     records per outcome up to ``stamp``, in the order of ``Outcome``
    ``reasons``      invalid records per reason up to ``stamp``
    ``invalid_run``, ``invalid_blocks`` state of the cap on dead letters (processors/cap.py)
    ``sets``         campaign sets in force for stamps behind ``durable``, oldest first
    ``topic_id``     Kafka's id of the source topic: another id means that the offsets mean something else
    ``base``         added to source offsets to get stamps; only ``listener rebase`` changes it
    ``moved``        stamp up to which records came here while the topic had fewer partitions, -1 where it never grew:
                     counting them again here alone would miss what went elsewhere since
    ``caught_up``    whether the owner had nothing left to read when it wrote this
    ``written_at``   wall clock of the writer, epoch milliseconds
    ``held``         table → least number of keys and sum of stamps that the changelogs hold (processors/holding.py);
                     a recovery that finds less has lost records. Empty: nothing is stated
    """

    stamp: int
    durable: int
    outcomes: tuple[int, ...]
    sets: tuple[SetInForce, ...]
    topic_id: str
    record_time: int | None = None
    durable_record_time: int | None = None
    reasons: dict[str, int] = {}
    invalid_run: int = 0
    invalid_blocks: tuple[int, ...] = ()
    base: int = 0
    moved: int = -1
    caught_up: bool = False
    written_at: int = 0
    held: dict[str, Holding] = {}
    schema_version: int = 1

    @property
    def read(self) -> int:
        """Records read so far: the sum of all outcomes, always."""
        return sum(self.outcomes)

    @property
    def rank(self) -> tuple[int, int]:
        """Recovery takes the record of highest rank, of equal ones the later.

        At equal stamps the one with the newer set counts: a zombie must not take back an adoption.
        """
        return self.stamp, self.sets[-1].since if self.sets else -1


_decode = msgspec.json.Decoder(Progress).decode


def pack_progress(progress: Progress) -> bytes:
    """The value on the wire."""
    return msgspec.json.encode(progress)


def unpack_progress(value: bytes) -> Progress:
    """The inverse of ``pack_progress``."""
    return _decode(value)


def progress_key(topic: str, partition: int) -> bytes:
    """Changelog key of the progress of one source topic partition."""
    return msgspec.json.encode(f"{topic}|{partition}")


NO_OUTCOMES = (0,) * len(Outcome)
