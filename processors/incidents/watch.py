"""The watch over one campaign: closed minutes in, changes of incidents out. Pure, bounded, the same after a restart.

All series of a campaign join into one incident at a time. It opens when a score reaches the threshold that the budget
allows and the counts are worth it; it goes on while the counts stay up (hysteresis), is reopened rather than opened
anew in the hour after (cool-down), and ends when they are back to the usual, or after two days: then it is the new
usual.
"""

import math
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from models.campaign import Campaign
from models.feedback import Answered
from models.incident import SEVERITIES, Direction, Incident, Severity, Signal
from models.series import ClosedMinute
from processors.incidents.budget import MARGINS, thresholds
from processors.incidents.calendar import local_day
from processors.incidents.drift import DECISION
from processors.incidents.series import measure_of, platform_of
from processors.incidents.state import Open, Row, WatchState
from processors.incidents.views import HOUR, ROW, ROWS_AN_HOUR, Score, Scored, Views

RULE: Final = "watch-1 (spikes-2)"
#: Seconds after resolution in which a signal reopens the incident.
COOL_DOWN: Final = HOUR
#: Rows in a row that must be calm before an incident is resolved.
_CALM_ROWS: Final = 6
#: Calm: the last hour's excess is below this share of the highest, or within so many standard deviations of the usual.
_CALM_SHARE: Final = 0.25
_CALM_DEVIATIONS: Final = 2.0
LONGEST: Final = 48 * HOUR
#: Engagement comes in larger numbers than mentions.
_ENGAGEMENT_TIMES: Final = 5
_CRITICAL_FACTOR: Final = 5.0
_CRITICAL_TIMES: Final = 10
_NEGATIVE_SHARE: Final = 0.5
_SILENCE: Final = 24 * HOUR
#: Answers after which nobody is told about an incident any more.
_QUIETING: Final = {"ours": "ours", "false_alarm": "false_alarm", "silence": "silence"}
_TREND_ROWS: Final = 3
_RISE: Final = 1.25
_FALL: Final = 0.8

What = Literal["opened", "updated", "resolved"]


class Change(NamedTuple):
    """Something to tell."""

    what: What
    incident: Incident


class CampaignWatch:
    """Feed it the campaign's closed minutes in order; a minute that was fed before changes nothing."""

    def __init__(self, campaign: Campaign, state: WatchState | None = None) -> None:
        self.campaign = campaign
        self._state = state or WatchState()
        self._views = Views(self._state, campaign.timezone)

    @property
    def through(self) -> int | None:
        """The last minute taken, epoch seconds."""
        return self._state.through

    @property
    def incident(self) -> Incident | None:
        """The open incident."""
        found = self._state.incident
        return None if found is None or found.resolved is not None else self._told(found)

    @property
    def counts(self) -> tuple[dict[str, int], dict[str, float]]:
        """(observed, usual) amounts by series since the last incident started; empty when there was none."""
        found = self._state.incident
        return ({}, {}) if found is None else (dict(found.observed), dict(found.expected))

    def snapshot(self) -> WatchState:
        """A copy of all that is remembered; a watch made from it goes on with the same changes."""
        return self._views.snapshot()

    def take(self, minute: ClosedMinute) -> list[Change]:
        """The changes that a closed minute makes: none, or one."""
        scored = self._views.take(minute)
        if scored is None:
            return []
        changes = self._row(scored)
        if self.incident is None:
            self._views.learn_usual(scored.row)
        return changes

    def answer(self, answered: Answered) -> list[Change]:
        """What somebody said about an incident; the same answer again changes nothing."""
        state, at = self._state, int(answered.at.timestamp())
        if answered.answer == "silence":
            until = int(answered.until.timestamp()) if answered.until else at + _SILENCE
            state.muted_until = max(state.muted_until, until)
        found = state.incident
        if found is None or found.id != answered.incident or answered.answer in found.answers:
            return []
        found.answers.append(answered.answer)
        found.quiet = _QUIETING.get(answered.answer, found.quiet)
        return [] if found.resolved is not None else [Change("updated", self._told(found))]

    def _row(self, scored: Scored) -> list[Change]:
        end = scored.row.start + ROW
        signals = self._signals(scored) if scored.live else []
        found = self._state.incident
        if found is not None and found.resolved is None:
            return self._go_on(found, scored, signals, end)
        if not signals:
            return []
        if found is not None and found.resolved is not None and end - found.resolved <= COOL_DOWN:
            found.resolved, found.calm = None, 0
            self._join(found, scored, signals)
            return [self._tell("updated", found, end)]
        return [self._open(scored, signals, end)]

    def _signals(self, scored: Scored) -> list[Signal]:
        """What fires at this row, and is worth it."""
        day = local_day(scored.row.start, self.campaign.timezone)
        limit = thresholds(self.campaign.alerts.false_per_week, unusual=day.unusual).score
        found = [self._signal(score) for score in scored.scores if score.value - margin(score.series) >= limit]
        if scored.drift is not None and scored.drift[0] >= DECISION:
            self._state.drift.sum = 0.0
            total, usual = scored.drift[1:]
            found.append(Signal("mentions", "drift", round(scored.drift[0], 3), total, round(usual, 1)))
        return [signal for signal in found if self._worth(signal, scored.row.start)]

    def _signal(self, score: Score) -> Signal:
        rows = score.seconds // ROW
        observed, expected = self._sum(score.series, rows)
        return Signal(score.series, score.span, round(score.value, 4), observed, round(expected, 1))

    def _worth(self, signal: Signal, at: int) -> bool:
        """Enough of it, by enough people, and not what an outage left behind."""
        alerts, measure = self.campaign.alerts, measure_of(signal.series)
        if signal.span == "drift":
            return signal.observed - signal.expected >= alerts.least_mentions
        rows = ROWS_AN_HOUR if signal.span == "fast" else 6 * ROWS_AN_HOUR
        least = alerts.least_mentions
        if measure == "engagement":
            if at < self._state.unsettled_until:
                return False
            least *= _ENGAGEMENT_TIMES
        elif self._sum("mentions", rows)[0] < alerts.least_mentions:
            return False
        if measure != "engagement" and self._state.authors_known:
            # Those of the rise: the authors of the quiet hour before do not vouch for it.
            since = self._started(signal.series, at)
            authors = sum(row.amounts.get("authors", 0) for row in self._state.recent if row.start >= since)
            if authors < alerts.least_authors:
                return False
        return signal.observed - signal.expected >= least

    def _open(self, scored: Scored, signals: list[Signal], end: int) -> Change:
        primary = max(signals, key=lambda signal: (signal.series == "mentions", signal.score)).series
        started = self._started(primary, scored.row.start)
        day = local_day(scored.row.start, self.campaign.timezone)
        alerts = self.campaign.alerts
        name = datetime.fromtimestamp(end, UTC).strftime("%Y%m%dt%H%M")
        found = Open(
            id=f"{self.campaign.id}-{name}",
            started=started,
            opened=end,
            primary=primary,
            signals={},
            severity="info",
            kind=_kind(signals),
            planned=self._planned(end),
            occasions=list(day.occasions),
            rate=thresholds(alerts.false_per_week, unusual=day.unusual).rate,
        )
        found.quiet = "silence" if end < self._state.muted_until else "planned" if found.planned else ""
        for row in self._state.recent:
            if row.start >= started:
                _count(found, row)
        found.platform = _platform(found)
        self._state.incident = found
        self._join(found, scored, signals)
        return self._tell("opened", found, end)

    def _go_on(self, found: Open, scored: Scored, signals: list[Signal], end: int) -> list[Change]:
        _count(found, scored.row)
        before = found.severity, set(map(measure_of, found.signals))
        self._join(found, scored, signals)
        observed, expected = self._sum(found.primary, ROWS_AN_HOUR)
        excess = observed - expected
        noise = _CALM_DEVIATIONS * math.sqrt(expected + 1)
        calm = excess < max(_CALM_SHARE * found.peak, noise) and not signals
        found.calm = found.calm + 1 if calm else 0
        found.peak = max(found.peak, excess)
        if found.calm >= _CALM_ROWS or end - found.opened >= LONGEST:
            found.resolved = end
            return [self._tell("resolved", found, end)]
        news = (found.severity, set(map(measure_of, found.signals))) != before
        return [self._tell("updated", found, end)] if news or _excess(found) >= 2 * max(found.told, 1.0) else []

    def _join(self, found: Open, scored: Scored, signals: list[Signal]) -> None:
        for signal in signals:
            known = found.signals.get(signal.series)
            if known is None or known.score < signal.score:
                found.signals[signal.series] = signal
        found.kind = _kind(list(found.signals.values()))
        found.completeness = min(found.completeness, scored.completeness)
        found.delay_s = scored.delay_s
        observed, expected = self._sum(found.primary, ROWS_AN_HOUR)
        found.peak = max(found.peak, observed - expected)
        found.severity = max(found.severity, self._severity(found), key=SEVERITIES.index)

    def _severity(self, found: Open) -> Severity:
        if found.quiet == "planned":
            return "info"
        observed, expected = found.observed.get("mentions", 0), found.expected.get("mentions", 0.0)
        least = _CRITICAL_TIMES * self.campaign.alerts.least_mentions
        negative = found.observed.get("negative", 0)
        if observed >= least and observed >= _CRITICAL_FACTOR * expected:
            return "critical"
        if negative >= least and negative >= _NEGATIVE_SHARE * observed:
            return "critical"
        return "warning"

    def _tell(self, what: What, found: Open, end: int) -> Change:
        found.updated = end
        found.told = max(found.told, _excess(found))
        return Change(what, self._told(found))

    def _told(self, found: Open) -> Incident:
        observed = found.observed
        return Incident(
            campaign=self.campaign.id,
            id=found.id,
            kind=found.kind,  # type: ignore[arg-type]
            severity=found.severity,  # type: ignore[arg-type]
            started_at=_moment(found.started),
            opened_at=_moment(found.opened),
            updated_at=_moment(found.updated),
            observed=observed.get("mentions", 0),
            expected=round(found.expected.get("mentions", 0.0), 1),
            direction=self._direction(found.primary),
            platform=found.platform,
            authors=observed.get("authors", 0),
            stories=observed.get("stories", 0),
            negative=observed.get("negative", 0),
            engagement=observed.get("engagement", 0),
            signals=tuple(sorted(found.signals.values(), key=lambda signal: (-signal.score, signal.series))),
            occasions=tuple(found.occasions),
            planned=found.planned,
            quiet=found.quiet,
            answers=tuple(found.answers),
            resolved_at=None if found.resolved is None else _moment(found.resolved),
            completeness=found.completeness,
            delay_s=found.delay_s,
            rule=RULE,
            false_per_week=round(found.rate, 3),
        )

    def _sum(self, series: str, rows: int) -> tuple[int, float]:
        """(observed, expected) of the last rows."""
        recent = self._state.recent[-rows:]
        return sum(row.amounts.get(series, 0) for row in recent), sum(row.expected.get(series, 0.0) for row in recent)

    def _started(self, series: str, last: int) -> int:
        """The first row of the run above the usual that ends now; a single row at the usual does not end it."""
        started, misses = last, 0
        for row in reversed(self._state.recent):
            expected = row.expected.get(series, 0.0)
            if row.amounts.get(series, 0) > expected + math.sqrt(expected + 1):
                started, misses = row.start, 0
            else:
                misses += 1
            if misses > 1:
                break
        return started

    def _planned(self, at: int) -> str:
        names = [one.name for one in self.campaign.planned if one.start_ms <= at * 1000 < one.end_ms]
        return ", ".join(names)

    def _direction(self, series: str) -> Direction:
        last, before = (
            sum(row.amounts.get(series, 0) for row in rows)
            for rows in (self._state.recent[-_TREND_ROWS:], self._state.recent[-2 * _TREND_ROWS : -_TREND_ROWS])
        )
        return "rising" if last > _RISE * before else "falling" if last < _FALL * before else "steady"


def margin(series: str) -> float:
    """What a series' score must reach above the threshold."""
    return MARGINS.get(measure_of(series), 0.0)


def _count(found: Open, row: Row) -> None:
    for series, amount in row.amounts.items():
        found.observed[series] = found.observed.get(series, 0) + amount
    for series, usual in row.expected.items():
        found.expected[series] = found.expected.get(series, 0.0) + usual


def _excess(found: Open) -> float:
    return found.observed.get(found.primary, 0) - found.expected.get(found.primary, 0.0)


def _platform(found: Open) -> str:
    """The platform with more than half of the excess of mentions, or ``all``."""
    excess = {
        platform_of(series): amount - found.expected.get(series, 0.0)
        for series, amount in found.observed.items()
        if measure_of(series) == "mentions" and platform_of(series)
    }
    total = sum(value for value in excess.values() if value > 0)
    most = max(excess, key=lambda name: (excess[name], name), default="all")
    return most if excess and excess[most] > total / 2 else "all"


def _kind(signals: list[Signal]) -> str:
    measures = {measure_of(signal.series) for signal in signals}
    if {signal.span for signal in signals} == {"drift"}:
        return "drift"
    if measures == {"engagement"}:
        return "engagement"
    return "negative" if measures <= {"negative", "engagement"} else "spike"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
