"""The running figures of a partition: outcomes, record time, and the cap on dead letters."""

from datetime import datetime

import msgspec

from models.outcome import Outcome, Reason
from models.progress import Progress
from processors.cap import DeadLetterCap
from processors.windows import from_ms, to_ms


class Tally:
    """Counts outcomes up to the record just judged.

    ``newest`` is the record time (largest ``observed_at`` of all valid records), None before the first.
    """

    def __init__(self, progress: Progress, record_time: int | None, *, capped: bool) -> None:
        self.outcomes = list(progress.outcomes)
        self.reasons = dict(progress.reasons)
        self.newest: datetime | None = None if record_time is None else from_ms(record_time)
        self._cap = DeadLetterCap(progress.read, progress.invalid_run, progress.invalid_blocks)
        self._capped = capped
        #: Valid records in a row that the cap has not heard of yet: it is told before it matters.
        self._passed = 0

    @property
    def record_time(self) -> int | None:
        """The record time in epoch milliseconds."""
        return None if self.newest is None else to_ms(self.newest)

    def valid(self, outcome: Outcome, records: int = 1) -> None:
        """``records`` records in a row had ``outcome``."""
        self.outcomes[outcome] += records
        self._passed += records

    def invalid(self, reason: Reason) -> None:
        """One record is invalid; CapReached past the cap, where the cap is on."""
        self.outcomes[Outcome.INVALID] += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self._told_cap().invalid(enforce=self._capped)

    def onto(self, progress: Progress) -> Progress:
        """``progress`` with the fields that this tally fills."""
        cap = self._told_cap()
        return msgspec.structs.replace(
            progress,
            outcomes=tuple(self.outcomes),
            reasons=dict(self.reasons),
            invalid_run=cap.run,
            invalid_blocks=tuple(cap.blocks),
            record_time=self.record_time,
        )

    def _told_cap(self) -> DeadLetterCap:
        self._cap.valid(self._passed)
        self._passed = 0
        return self._cap
