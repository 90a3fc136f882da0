"""The options that choose a period."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from listener.errors import UsageProblem
from models.campaign import Campaign
from processors.kpis.periods import Name, Period, custom, day_start, period, read_day
from processors.windows import MINUTE_MS, to_ms

#: (campaign, now in epoch ms, whether now was asked for) → the period.
Wanted = Callable[[Campaign, int, bool], Period]


def period_option(name: Name, since: str | None, until: str | None) -> Wanted:
    """The period that ``--period``, ``--from`` and ``--to`` ask for."""
    if since is None and until is not None:
        raise UsageProblem("--to needs --from: say where the period begins.")
    if since is None:
        return lambda campaign, now, explicit: period(
            name, now, campaign.timezone, begun=campaign.start_ms, ended=campaign.end_ms, to_date=explicit
        )
    text = since

    def between(campaign: Campaign, now: int, explicit: bool) -> Period:  # noqa: FBT001 - one of the two is given
        del explicit
        start = moment(text, campaign.timezone, "--from")
        end = (
            now // MINUTE_MS * MINUTE_MS + MINUTE_MS
            if until is None
            else moment(until, campaign.timezone, "--to", last=True)
        )
        if end <= start:
            raise UsageProblem(f"--to {until or 'now'} is not after --from {since}.")
        return custom(start, end, campaign.timezone)

    return between


def moment(text: str, zone: str, option: str, *, last: bool = False) -> int:
    """Epoch milliseconds of a time, or of a date's local midnight; of a ``last`` date that of the day after."""
    try:
        if "T" not in text:
            day = read_day(text)
            return day_start(day + timedelta(days=1) if last else day, zone)
        told = datetime.fromisoformat(text)
    except ValueError:
        raise UsageProblem(
            f"{option}: {text!r} is neither a date (2026-03-21, 1405-01-01) nor an RFC 3339 time."
        ) from None
    return to_ms(told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone)))


def read_now(text: str) -> int:
    """``--now``, epoch milliseconds."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"--now: {text!r} is no RFC 3339 time, such as 2026-03-21T08:00:00+03:30.") from None
    if told.tzinfo is None:
        raise UsageProblem(f"--now: {text} has no UTC offset; add one, such as +03:30.")
    return to_ms(told)
