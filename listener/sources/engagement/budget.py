"""A platform's calls spread evenly: a bucket of tokens that fills at the allowed rate and holds few."""

from typing import Final

#: Calls that may follow each other at once after a rest.
_BURST: Final = 5.0


class Budget:
    """``calls`` in every ``per`` seconds. Moments are monotonic seconds."""

    def __init__(self, calls: float, per: float, now: float) -> None:
        self._rate = calls / per
        self._tokens = min(_BURST, calls)
        self._most = min(_BURST, calls)
        self._at = now
        self._closed_until = float("-inf")

    def wait_s(self, now: float) -> float:
        """Seconds until a call may be made."""
        self._fill(now)
        needed = max(0.0, 1.0 - self._tokens) / self._rate
        return max(needed, self._closed_until - now, 0.0)

    def spend(self, now: float) -> None:
        """A call is made."""
        self._fill(now)
        self._tokens -= 1.0

    def close(self, now: float, seconds: float) -> None:
        """The platform asked for a pause."""
        self._closed_until = max(self._closed_until, now + seconds)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
