"""Targets, with numbers worked out by hand."""

from typing import Any

import msgspec
import pytest

from models.attribution import Target
from models.kpis import KPIS
from processors.kpis.aims import aims
from processors.kpis.periods import day_start, read_day
from processors.kpis.targets import Caution, cautions, expected_share, standing, warnings
from tests.business import campaign, counted, order, person, web

ZONE = "Asia/Tehran"


def at(day: str) -> int:
    return day_start(read_day(day), ZONE)


def target(**fields: Any) -> Target:
    base = {"kpi": "leads", "part": "mql", "target": 100.0, "owner": "sara", "start_ms": at("2026-03-21")}
    return Target(**({"deadline_ms": at("2026-03-31")} | base | fields))


def judged(
    now: str, actual: float | None, daily: tuple[float | None, ...] = (), kpi: str = "leads", **fields: Any
) -> Any:
    one = KPIS[kpi]
    return standing(target(kpi=kpi, **fields), one, one.parts[0], actual, daily, at(now), ZONE)


def test_a_count_is_judged_against_its_line() -> None:
    # 4 of 10 days: 40 of 100 expected.
    found = judged("2026-03-25", 50.0, (10.0, 15.0, 10.0, 15.0))
    assert (found.expected, found.attainment, found.pace) == (40, 0.5, 1.25)
    # 12.5 a day for 6 more days; deviation 2.8868; half = 1.2816·2.8868·√(6 + 36/4)
    assert found.forecast == 125
    assert found.interval == pytest.approx((125 - 14.3284, 125 + 14.3284), abs=1e-3)
    assert found.verdict == "on_course"


def test_it_will_miss_when_even_the_better_end_does() -> None:
    assert judged("2026-03-25", 8.0, (2.0, 2.0, 2.0, 2.0)).verdict == "will_miss"
    assert judged("2026-03-25", 8.0, (2.0, 2.0)).verdict == "unknown"
    assert judged("2026-03-25", 8.0).forecast is None


def test_the_deadline_decides() -> None:
    assert judged("2026-03-31", 100.0).verdict == "reached"
    assert judged("2026-03-31", 99.0).verdict == "missed"
    assert judged("2026-03-22", 100.0).verdict == "reached"
    assert judged("2026-03-20", 0.0).verdict == "not_started"
    assert judged("2026-03-31", None).verdict == "missed"


def test_less_is_better_for_a_cost() -> None:
    cheap = judged("2026-03-25", 80.0, (80.0, 81.0, 79.0), kpi="bounce_rate", part=None)
    assert (cheap.attainment, cheap.verdict) == (1.25, "on_course")
    dear = judged("2026-03-25", 200.0, (200.0, 201.0, 199.0), kpi="bounce_rate", part=None)
    assert (dear.attainment, dear.verdict) == (0.5, "will_miss")


def test_a_baseline_is_where_the_line_begins() -> None:
    found = judged("2026-03-26", 0.05, (), kpi="engagement_rate", part=None, target=0.06, baseline=0.02)
    assert found.expected == pytest.approx(0.04)


def test_a_week_has_its_own_curve() -> None:
    # 21 March 2026 is a Saturday; Thursday and Friday bring nothing.
    weekly = target(curve=(2, 2, 2, 2, 2, 0, 0), deadline_ms=at("2026-03-28"))
    shares = [expected_share(weekly, at("2026-03-21"), at(f"2026-03-{day}"), ZONE) for day in (21, 22, 26, 28)]
    assert shares == [0, 0.2, 1, 1]


def test_what_is_hardly_attainable_gets_a_warning() -> None:
    assert warnings(target(attainable_max=90)) == [
        "leads.mql: target 100 exceeds what is held attainable (90); the A of SMART"
    ]
    assert "more than 3 times the best past value (30)" in warnings(target(), 30)[0]
    assert warnings(target(attainable_max=100), 34) == []


def test_the_campaign_s_figures_are_taken() -> None:
    tagged = {"utm": {"campaign": "nowruz"}}
    records = [
        person(f"p{day}{number}", "mql", at=f"2026-03-{day}T08:00:00Z", **tagged)
        for day in (20, 21, 22, 23)
        for number in range(3)
    ]
    batch, _ = counted(records)
    (found,) = aims(batch.figures, replace_targets(target()), at("2026-03-24"))
    assert (found.standing.actual, found.daily) == (9, (3, 3, 3))
    assert found.standing.forecast == 30
    assert found.standing.verdict == "will_miss"


def test_a_rate_is_that_of_the_time_since_the_start_and_a_growth_against_as_long_before() -> None:
    tagged = {"utm": {"campaign": "nowruz"}}
    # Before the start both visits bounced, since then one of two; of orders one before, three since.
    visits = [
        web(f"s{number}", at=f"2026-03-{day}T08:00:00Z", engaged_time_ms=engaged, **tagged)
        for number, (day, engaged) in enumerate(((19, 1), (20, 1), (21, 1), (22, 20_000)))
    ]
    orders = [
        order(f"p{number}", f"o{number}", "1000", at=f"2026-03-{day}T08:00:00Z", **tagged)
        for number, day in enumerate((19, 21, 22, 22))
    ]
    batch, _ = counted([*visits, *orders])
    rate, growth = target(kpi="bounce_rate", part=None, target=0.4), target(kpi="sales_growth", part="count", target=1)
    one = msgspec.structs.replace(campaign(), targets=(rate, growth))
    found = [aim.standing.actual for aim in aims(batch.figures, one, at("2026-03-24"))]
    assert found == [0.5, 2]


def test_a_count_beyond_three_times_its_best_days_gets_a_caution() -> None:
    records = [person("p1", "mql", at="2026-03-21T08:00:00Z", utm={"campaign": "nowruz"})]
    batch, _ = counted(records)
    # The best day had one; ten such days make ten, and three times that thirty.
    for number, said in ((30.0, ()), (31.0, (Caution("best_past", 10.0),))):
        (found,) = aims(batch.figures, replace_targets(target(target=number)), at("2026-03-24"))
        assert found.cautions == said
    assert cautions(target(attainable_max=90)) == [Caution("attainable_max", 90)]


def replace_targets(one: Target) -> Any:

    return msgspec.structs.replace(campaign(), targets=(one,))


def test_a_share_in_the_top_ten_is_better_when_it_is_larger() -> None:
    one = KPIS["search_ranking"]
    share = target(kpi="search_ranking", part="top10", target=0.5)
    found = standing(share, one, one.parts[2], 0.6, (0.6, 0.6, 0.61), at("2026-03-25"), ZONE)
    assert (found.attainment, found.verdict) == (1.2, "on_course")
    assert [one.lower_of(name) for name in ("position", "top3", "top10")] == [True, False, False]
    assert KPIS["inbound_links"].lower_of("lost")
