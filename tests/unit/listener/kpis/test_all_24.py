"""Each of the 24 KPIs has all that a KPI must have; a new one that lacks something fails here.

A live value (from the cells of workers, as a board has them), an exported numerator, a recording rule in the deployed
file, a panel that asks for it, an entry in the reference, and a value worked out by hand.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from listener.kpis.evaluation import evaluated
from listener.kpis.metrics import KpiSamples
from listener.kpis.rules import NUMERATOR, panel_query, record_name
from listener.kpis.spans import period_option, read_now
from models.campaign import Campaign
from models.kpis import KPIS
from processors.kpis.cells import CellFigures
from tests.business import a_bit_of_everything, campaign, counted
from tests.unit.processors.kpis.test_live import figures, planes

ROOT: Final = Path(__file__).parents[4]
DEPLOY: Final = ROOT / "deploy"
NOW: Final = read_now("2026-03-22T12:00:00Z")
KEYWORDS: Final = ("خرید کفش", "کفش ورزشی")

#: Of ``a_bit_of_everything`` on 1 and 2 Farvardin 1405, by hand. Five sessions: s1 from search, s2 from Telegram, s3
#: and s4 by an ad, s5 by a link; s1 to s3 were engaged (11.5 s in s1, conversions in s2 and s3). The row of ads is 1200
#: as restated, salaries 300. p1 became everything and bought for 2500.50; what p2 bought was paid back, and was not the
#: first that p2 bought.
BY_HAND: Final[dict[str, Any]] = {
    # (2.5 · 10 + 12 · 30) / 40; 10 of 100 impressions in the top, 60 not ranked
    "search_ranking": {"position": 9.625, "top3": 0.1, "top10": 0.1},
    "site_rank": 4000,
    "organic_traffic": 1,
    "referral_traffic": 1,
    "inbound_links": {"links": 2, "domains": 1, "new": 1, "lost": 1},
    "time_on_site": 2.3,
    "conversion_rate_per_keyword": {KEYWORDS[0]: 0.5, KEYWORDS[1]: None},
    # first seen with 3 a minute after it was written, then 4
    "social_shares": 4,
    "press_mentions": {"articles": 3, "stories": 2},
    "social_traffic": 1,
    # likes, comments and shares of the only post, over the reach of one day
    "engagement_rate": pytest.approx(31 / 60),
    "likes": 25,
    "comments": 2,
    "conversions": {"generate_lead": 1, "form_submit": 0, "sign_up": 0, "purchase": 1, "contact": 0},
    "conversion_rate": 0.002,
    "cost_per_conversion": 750,
    "leads": {"mql": 1, "sql": 1},
    "cost_per_lead": 1500,
    "demos": {"booked": 1, "held": 1},
    "new_customers": 1,
    "customer_acquisition_cost": {"media": 1200, "loaded": 1500},
    # nothing was sold on the two days before
    "sales_growth": {"count": None, "revenue": None},
    # (2500.50 − 1500) / 1500
    "return_on_investment": 0.667,
    "bounce_rate": 0.4,
}


@pytest.fixture(scope="module")
def ours() -> Campaign:
    return campaign(start_ms=None)


@pytest.fixture(scope="module")
def live(ours: Campaign) -> CellFigures:
    """The figures of a board behind workers with two partitions."""
    records = a_bit_of_everything()
    batch, _ = counted(records, ours)
    return figures(planes(records, 2, retention=False, flush_every=7), batch.figures)


def test_the_numbers_by_hand_are_of_all_24() -> None:
    assert list(BY_HAND) == list(KPIS)
    assert len(KPIS) == 24


@pytest.mark.parametrize("name", KPIS)
def test_its_live_value_is_what_was_worked_out_by_hand(name: str, live: CellFigures, ours: Campaign) -> None:
    wanted = period_option("custom", "1405-01-01", "1405-01-02")
    assert evaluated(live, ours, wanted, NOW, explicit_now=True)[name]["value"] == BY_HAND[name]


def test_growth_over_jalali_months_by_hand(live: CellFigures, ours: Campaign) -> None:
    wanted = period_option("month", None, None)
    growth = evaluated(live, ours, wanted, NOW, explicit_now=True)["sales_growth"]
    # Esfand: one order of 700. Farvardin: two, 2500.50 and 300, of which 300 was paid back.
    assert growth["value"] == {"count": 1, "revenue": pytest.approx((2500.5 - 700) / 700)}


@pytest.mark.parametrize("name", KPIS)
def test_it_is_exported(name: str, live: CellFigures, ours: Campaign) -> None:
    samples = KpiSamples.of(live, [ours], NOW)
    windows = {labels[3] for labels, _ in samples.numerators if labels[1] == name}
    assert "24h" in windows
    assert any(family.name == NUMERATOR for family in samples.families())


@pytest.mark.parametrize("name", KPIS)
def test_it_has_a_rule_a_panel_and_an_entry(name: str) -> None:
    kpi = KPIS[name]
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules" / "kpis.yaml").read_text(encoding="utf-8"))["groups"]
    assert record_name(kpi) in {rule.get("record") for group in groups for rule in group["rules"]}
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "listener-kpis.json").read_text(encoding="utf-8"))
    assert panel_query(kpi) in set(queries(dashboard))
    reference = (ROOT / "docs" / "reference" / "kpis.md").read_text(encoding="utf-8")
    section = reference.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert kpi.title.fa in section
    assert all(answer.en in section and answer.fa in section for answer in (*kpi.questions, kpi.pitfall))


def queries(part: Any) -> list[str]:
    """Every query of a dashboard, rows included."""
    if isinstance(part, dict):
        own = [part["expr"]] if isinstance(part.get("expr"), str) else []
        return own + [one for value in part.values() for one in queries(value)]
    return [one for value in part for one in queries(value)] if isinstance(part, list) else []
