"""Dead letters and what was done about them: which are open, and which a policy would take."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from models.outcome import DeadLetter, Reason

State = Literal["open", "returned", "replayed", "dropped"]
Policy = Literal["all", "by-reason", "drop"]
#: ``all`` and ``by-reason`` produce records again, ``drop`` only notes that nobody needs them.
POLICIES: Final[tuple[Policy, ...]] = ("all", "by-reason", "drop")


class Standing(NamedTuple):
    """A letter, what was done about it, and the partition of the dead letters topic that has it.

    ``open``: nothing; ``returned``: the same record was replayed before, and failed again.
    """

    letter: DeadLetter
    state: State
    partition: int


@dataclass
class Letters:
    """All letters of the topic, in the order of its partitions; feed it with ``take``."""

    _letters: dict[tuple[str, int, int], tuple[DeadLetter, int]] = field(default_factory=dict)
    _handled: dict[tuple[str, int, int], State] = field(default_factory=dict)
    _replayed: set[tuple[str, str | None, str]] = field(default_factory=set)

    def take(self, letter: DeadLetter, partition: int) -> None:
        """A record of the topic; the letter of one record may be there twice, its note too."""
        if letter.handled is None:
            self._letters.setdefault(letter.origin, (letter, partition))
            return
        self._handled[letter.origin] = letter.handled
        if letter.handled == "replayed":
            self._replayed.add(letter.content)

    def standing(self) -> Iterator[Standing]:
        """Every letter with its state, the earliest failure first."""
        for letter, partition in sorted(self._letters.values(), key=lambda one: (one[0].failed_at, one[0].origin)):
            returned: State = "returned" if letter.content in self._replayed else "open"
            yield Standing(letter, self._handled.get(letter.origin, returned), partition)

    def chosen(self, policy: Policy, reasons: frozenset[Reason], *, again: bool = False) -> Iterator[Standing]:
        """What a policy takes: open letters, each content once; with ``again`` also those that returned.

        ``reasons`` empty: of any reason.
        """
        seen: set[tuple[str, str | None, str]] = set()
        for one in self.standing():
            if one.state not in (("open", "returned") if again or policy == "drop" else ("open",)):
                continue
            if reasons and one.letter.reason not in reasons:
                continue
            if policy != "drop" and one.letter.content in seen:
                continue
            seen.add(one.letter.content)
            yield one


def whole_value(letter: DeadLetter) -> bytes | None:
    """The record as it was produced; None where the letter holds only a part of it."""
    raw = base64.b64decode(letter.raw)
    return raw if len(raw) == letter.size and sha256(raw).hexdigest() == letter.sha256 else None


def note(letter: DeadLetter, policy: Policy, now: datetime) -> DeadLetter:
    """The note that a letter was dealt with."""
    return replace(letter, raw="", handled="dropped" if policy == "drop" else "replayed", handled_at=now)
