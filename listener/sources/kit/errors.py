"""What can go wrong between us and a source, by what the runner does about it."""

from listener.errors import UsageProblem


class SourceFault(Exception):  # noqa: N818 - it passes
    """It will pass: a lost connection, a server in trouble. The runner waits with full jitter and starts again.

    ``retry_after``: the least number of seconds to wait, when the source says so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(SourceFault):
    """The source asks for fewer calls. The runner waits at least as long as it says."""


class Refused(UsageProblem):
    """401 or 403: asking again would be refused again, and may get the account blocked. The process ends, exit 2."""
