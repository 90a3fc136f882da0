"""Records of ``listener.feedback.v1``: what people say back. Kept for ever, one partition, keyed by ``subject``."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

FEEDBACK_TOPIC: Final = "listener.feedback.v1"


class Marked(Struct, frozen=True, tag="relevance"):
    """A mention was marked as about the brand, or not. ``text`` goes with it: the mention itself expires."""

    campaign: str
    entity: str
    relevant: bool
    text: str
    at: datetime
    by: str = ""

    @property
    def subject(self) -> str:
        """What the record is about."""
        return f"relevance|{self.campaign}|{self.entity}"


class Answered(Struct, frozen=True, tag="incident"):
    """An alert was answered: ``acknowledge``, ``false_alarm``, ``ours`` (it is our campaign) or ``silence``."""

    campaign: str
    incident: str
    answer: str
    at: datetime
    by: str = ""
    until: datetime | None = None

    @property
    def subject(self) -> str:
        """What the record is about."""
        return f"incident|{self.incident}|{self.answer}"


class TargetSet(Struct, frozen=True, tag="target"):
    """A target was set, changed or taken away (``target`` None): the history that charts show."""

    campaign: str
    kpi: str
    at: datetime
    version: str
    target: dict[str, str | float | None] | None = None

    @property
    def subject(self) -> str:
        """What the record is about."""
        return f"target|{self.campaign}|{self.kpi}|{self.version}"


class Forgotten(Struct, frozen=True, tag="forgotten"):
    """An author asked to be forgotten: stores drop what they have of this keyed hash and take nothing more of it."""

    author: str
    at: datetime

    @property
    def subject(self) -> str:
        """What the record is about."""
        return f"forgotten|{self.author}"


Feedback = Marked | Answered | TargetSet | Forgotten

_decode: Callable[[bytes], Feedback] = msgspec.json.Decoder(Feedback).decode


def pack_feedback(feedback: Feedback) -> bytes:
    """The value on the wire: JSON with a ``type``."""
    return msgspec.json.encode(feedback)


def unpack_feedback(value: bytes) -> Feedback:
    """The inverse of ``pack_feedback``; ``msgspec.ValidationError`` for anything else."""
    return _decode(value)
