"""The back-test on the page: what a sensitivity would have said of the past, before it is written into the file."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from listener.alerting.backtest import Report, Span
from listener.campaigns.dates import end_ms, start_ms
from models.campaign import Campaign

#: What the form proposes, and the most that may be asked for: a replay keeps a processor busy.
DAYS: Final = 28
MOST_DAYS: Final = 92
DAY_MS: Final = 86_400_000
LEAST_BUDGET: Final = 0.05
MOST_BUDGET: Final = 20.0


class Backtests(Protocol):
    """Runs a back-test: ``listener.alerting.replay``, or a test's own."""

    async def run(self, campaign: Campaign, false_per_week: float, span: Span) -> Report:
        """What the rule would have said in the span."""


@dataclass(frozen=True)
class Asked:
    """What the form says. ``problem``: what is wrong with it, a key of words.py; then the rest is what was written."""

    first: str
    last: str
    sensitivity: float
    span: Span
    problem: str = ""


def default_span(until: int) -> tuple[str, str]:
    """(first day, last day) of the four weeks before ``until``, epoch seconds."""
    last = datetime.fromtimestamp(until, UTC).date()
    return str(last - timedelta(days=DAYS)), str(last)


def asked_of(campaign: Campaign, first: str, last: str, sensitivity: str, until: int) -> Asked:
    """The form, read; empty fields are the proposal's and the campaign's."""
    proposed = default_span(until)
    first, last = first.strip() or proposed[0], last.strip() or proposed[1]
    usual = campaign.alerts.false_per_week
    budget = _budget(sensitivity, usual)
    if budget is None:
        return Asked(first, last, usual, Span(None, None), "backtest_bad_budget")
    span = _span(first, last, ZoneInfo(campaign.timezone))
    if span is None:
        return Asked(first, last, budget, Span(None, None), "backtest_bad_dates")
    return Asked(first, last, budget, span)


def _budget(text: str, usual: float) -> float | None:
    try:
        budget = float(text.strip() or usual)
    except ValueError:
        return None
    return budget if LEAST_BUDGET <= budget <= MOST_BUDGET else None


def _span(first: str, last: str, zone: ZoneInfo) -> Span | None:
    try:
        begin, end = start_ms(first, zone), end_ms(last, zone)
    except ValueError:
        return None
    # A day more than the most: the clock may have been put on or back.
    return Span(begin, end) if 0 < (end - begin) / DAY_MS <= MOST_DAYS + 1 else None
