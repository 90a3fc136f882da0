"""KPIs as Prometheus gauges: numerators and denominators, never a quotient; and where targets stand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from prometheus_client.core import Metric

from listener.kpis.rules import DENOMINATOR, NUMERATOR
from listener.metrics import Sample, family
from models.campaign import Campaign
from models.kpis import BESIDE, KPIS
from processors.kpis.aims import Aim, aims
from processors.kpis.evaluate import Evaluator, group_of
from processors.kpis.figures import Figures
from processors.kpis.periods import Name, period

#: The windows that are exported; other periods are in the API and reports.
WINDOWS: Final[tuple[Name, ...]] = ("1m", "1h", "24h", "campaign")
#: Where a target stands → metric.
_TARGETS: Final = ("actual", "expected", "attainment", "pace", "forecast")


@dataclass
class KpiSamples:
    """What one page of metrics shows of KPIs; nothing in it changes any more."""

    numerators: list[Sample] = field(default_factory=list)
    denominators: list[Sample] = field(default_factory=list)
    aims: list[tuple[str, Aim]] = field(default_factory=list)
    #: Campaign → its team, whom Alertmanager tells.
    teams: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, figures: Figures, campaigns: Iterable[Campaign], now: int) -> "KpiSamples":
        """Evaluate every KPI of these campaigns; a number that there is not is left out."""
        samples, configured = cls(), list(campaigns)
        for campaign in configured:
            evaluator = Evaluator(figures, campaign, group_of(campaign, configured))
            for window in WINDOWS:
                samples._add(evaluator, campaign, window, now)
            samples.teams[campaign.id] = campaign.team
            samples.aims += [(campaign.id, aim) for aim in aims(figures, campaign, now)]
        return samples

    def _add(self, evaluator: Evaluator, campaign: Campaign, window: Name, now: int) -> None:
        span = period(window, now, campaign.timezone, begun=campaign.start_ms, ended=campaign.end_ms)
        for name, kpi in (KPIS | BESIDE).items():
            for one in evaluator.readings(kpi, span):
                part = one.key or one.part.name
                labels = (campaign.id, name, part, window, one.label or "", one.currency or "")
                _put(self.numerators, labels, one.numerator)
                _put(self.denominators, labels, one.denominator)

    def families(self) -> Iterator[Metric]:
        """The gauges."""
        yield family(NUMERATOR, self.numerators)
        yield family(DENOMINATOR, self.denominators)
        yield family("listener_target", [(_labels(name, aim), aim.target.target) for name, aim in self.aims])
        for what in _TARGETS:
            known = [(name, aim, getattr(aim.standing, what)) for name, aim in self.aims]
            samples: list[Sample] = [(_labels(name, aim), value) for name, aim, value in known if value is not None]
            yield family(f"listener_target_{what}", samples)
        yield family(
            "listener_target_will_miss",
            [(self._told(name, aim), int(aim.standing.verdict in ("will_miss", "missed"))) for name, aim in self.aims],
        )

    def _told(self, campaign: str, aim: Aim) -> tuple[str, ...]:
        name, *subject = _labels(campaign, aim)
        return name, self.teams.get(campaign, ""), *subject


def _put(samples: list[Sample], labels: tuple[str, ...], value: Fraction | None) -> None:
    if value is not None:
        samples.append((labels, float(value)))


def _labels(campaign: str, aim: Aim) -> tuple[str, str, str]:
    return campaign, aim.target.kpi, aim.target.part or ""
