"""Targets: how far a KPI is on the way to its target, where it should be by now, and where it will end.

A campaign's number runs from its baseline at the start to the target at the deadline along a curve (linear, or the
weights of the days of a week). The actual value is that of the time since the start: the sum of a count, whose baseline
is 0, the ratio of the sums of a ratio, the growth against as long before; of a level it is what stands now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from models.attribution import Target
from models.kpis.shape import Kpi, Part
from processors.kpis.periods import Period, Span, custom, day_start, local_day, week_start
from processors.windows import DAY_MS

Verdict = Literal["reached", "on_course", "will_miss", "missed", "not_started", "unknown"]

#: Two-sided 80 %: 1.2816 standard deviations of the forecast's error.
_Z: Final = 1.2815515594457831
#: Fewest days from which a forecast is made.
_FEWEST_DAYS: Final = 3
#: A target beyond so many times the best past value is worth a warning.
AMBITIOUS: Final = 3


@dataclass(frozen=True)
class Standing:
    """Where a target stands.

    ``attainment`` actual / target; ``pace`` actual / expected by now; ``forecast`` at the deadline, with its 80 %
    interval; None where there is not enough to tell. For a KPI of which less is better, both ratios are turned round,
    so that 1 or more is always good.
    """

    actual: float | None
    expected: float | None
    attainment: float | None
    pace: float | None
    forecast: float | None
    interval: tuple[float, float] | None
    verdict: Verdict


class Caution(NamedTuple):
    """Why a target may be no attainable one: it is beyond ``attainable_max`` or far beyond the ``best_past`` value."""

    why: Literal["attainable_max", "best_past"]
    limit: float


def standing(
    target: Target, kpi: Kpi, part: Part, actual: float | None, daily: Sequence[float | None], now: int, zone: str
) -> Standing:
    """Judge a target at ``now`` (epoch ms).

    ``actual``: the KPI since the target's start. ``daily``: its values of the whole
    local days since the start, oldest first; None where a day has no sample.
    """
    start, end = target.start_ms, target.deadline_ms
    if start is not None and now < start:
        return Standing(actual, None, None, None, None, None, "not_started")
    additive = part.kind in ("A", "S")
    share = _share(target, start, now, zone)
    base = target.baseline if target.baseline is not None else (0.0 if additive else None)
    expected = target.target if base is None or share is None else base + (target.target - base) * share
    if actual is None:
        return Standing(None, expected, None, None, None, None, "unknown" if now < end else "missed")
    forecast, interval = _forecast(actual, daily, now, end, additive=additive)
    lower = kpi.lower_of(part.name)
    attainment, pace = _progress(actual, target.target, lower=lower), _progress(actual, expected, lower=lower)
    reached = actual <= target.target if lower else actual >= target.target
    verdict = _verdict(
        target, reached=reached, interval=interval, pace=pace, over=now >= end, lower=lower, additive=additive
    )
    return Standing(actual, expected, attainment, pace, forecast, interval, verdict)


def since_start(target: Target, now: int, zone: str) -> Period:
    """What the actual value is of: all since the start; a growth is against as long a span before it.

    A level does not ask when its period began. Without a start: all there ever was.
    """
    start, end = target.start_ms, min(now, target.deadline_ms)
    return Period("custom", Span(start, end), None) if start is None or start >= end else custom(start, end, zone)


def whole_days(target: Target, now: int, zone: str, *, most: int = 60) -> list[Span]:
    """The last whole local days between start and now, oldest first."""
    today = local_day(min(now, target.deadline_ms - 1), zone)
    days: list[Span] = []
    for back in range(most, 0, -1):
        day = today - timedelta(days=back)
        span = Span(day_start(day, zone), day_start(day + timedelta(days=1), zone))
        if target.start_ms is None or (span.start or 0) >= target.start_ms:
            days.append(span)
    return days


def cautions(target: Target, best: float | None = None) -> list[Caution]:
    """What speaks against a target without forbidding it: the A of SMART."""
    found = []
    if target.attainable_max is not None and target.target > target.attainable_max:
        found.append(Caution("attainable_max", target.attainable_max))
    if best and target.target > AMBITIOUS * best:
        found.append(Caution("best_past", best))
    return found


def warnings(target: Target, best: float | None = None) -> list[str]:
    """The cautions as sentences for logs and machines; pages and reports have their own, in their language."""
    told = {
        "attainable_max": "exceeds what is held attainable ({:g})",
        "best_past": f"is more than {AMBITIOUS} times the best past value ({{:g}})",
    }
    return [
        f"{target.subject}: target {target.target:g} {told[one.why].format(one.limit)}; the A of SMART"
        for one in cautions(target, best)
    ]


def way(target: Target, zone: str, *, additive: bool) -> list[tuple[int, float]]:
    """Where the number should be, as (epoch ms, value): the corners of its line from the start to the deadline.

    A curve has a corner at each local midnight. Empty where there is no line: without a start, or without a baseline of
    what is no count.
    """
    start, end = target.start_ms, target.deadline_ms
    base = target.baseline if target.baseline is not None else (0.0 if additive else None)
    if start is None or base is None:
        return []
    if not target.curve:
        return [(start, base), (end, target.target)]
    whole = _weight(target.curve, start, end, zone)
    corners, done = [(start, base)], 0.0
    while corners[-1][0] < end:
        moment = corners[-1][0]
        after = min(end, day_start(local_day(moment, zone) + timedelta(days=1), zone))
        done += _weight(target.curve, moment, after, zone)
        corners.append((after, base + (target.target - base) * done / whole))
    return corners


def expected_share(target: Target, start: int, now: int, zone: str) -> float:
    """The share of the way that should be behind by ``now``, 0 to 1, along the target's curve."""
    if now >= target.deadline_ms:
        return 1.0
    if now <= start:
        return 0.0
    if not target.curve:
        return (now - start) / (target.deadline_ms - start)
    return _weight(target.curve, start, now, zone) / _weight(target.curve, start, target.deadline_ms, zone)


def _share(target: Target, start: int | None, now: int, zone: str) -> float | None:
    return None if start is None else expected_share(target, start, now, zone)


def _weight(curve: Sequence[float], start: int, end: int, zone: str) -> float:
    """The weights of the days between two moments, parts of days by their length."""
    total, day = 0.0, local_day(start, zone)
    while (begin := day_start(day, zone)) < end:
        after = day_start(day + timedelta(days=1), zone)
        part = (min(end, after) - max(start, begin)) / (after - begin)
        total += curve[(day - week_start(day)).days] * part
        day += timedelta(days=1)
    return total


def _forecast(
    actual: float, daily: Sequence[float | None], now: int, end: int, *, additive: bool
) -> tuple[float | None, tuple[float, float] | None]:
    """The value at the deadline: a count goes on at its mean daily rate, anything else stays about where it was.

    The interval takes days as independent: so many days ahead vary by the standard deviation times the square root of
    their number; the uncertainty of the mean itself is in it.
    """
    known = [value for value in daily if value is not None]
    left = max(0, end - now) / DAY_MS
    if not left:
        return actual, (actual, actual)
    if len(known) < _FEWEST_DAYS:
        return None, None
    mean = sum(known) / len(known)
    deviation = (sum((value - mean) ** 2 for value in known) / (len(known) - 1)) ** 0.5
    if additive:
        half = _Z * deviation * (left + left * left / len(known)) ** 0.5
        middle = actual + mean * left
        return middle, (max(actual, middle - half), middle + half)
    half = _Z * deviation * (1 + 1 / len(known)) ** 0.5
    return actual, (actual - half, actual + half)


def _progress(actual: float, wanted: float | None, *, lower: bool) -> float | None:
    if wanted is None:
        return None
    top, bottom = (wanted, actual) if lower else (actual, wanted)
    return top / bottom if bottom else None


def _verdict(
    target: Target,
    *,
    reached: bool,
    interval: tuple[float, float] | None,
    pace: float | None,
    over: bool,
    lower: bool,
    additive: bool,
) -> Verdict:
    """A count that is reached stays so; where less is better, or of a rate, only the deadline tells.

    It will miss when even the better end of the interval does, or, too early for an interval, never: that is unknown.
    """
    if over:
        return "reached" if reached else "missed"
    if reached and additive and not lower:
        return "reached"
    if interval is None:
        return "unknown" if pace is None or pace < 1 else "on_course"
    low, high = interval
    misses = low > target.target if lower else high < target.target
    return "will_miss" if misses else "on_course"
