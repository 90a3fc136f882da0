"""KPIs and targets on a campaign's page, by hand-computed numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from aiohttp import web

from listener.board.web.kpis import KpisShown, Shown, kpis_shown, so_far, targets_shown
from listener.board.web.language import Language
from models.attribution import Target
from models.campaign import Campaign, CampaignSet
from models.feedback import TargetSet
from models.kpis import KPIS
from processors.kpis.figures import Figures
from processors.kpis.history import target_changes
from processors.kpis.periods import Period, Span, period
from tests.business import SITE, campaign, counted, order, person, spend
from tests.business import web as visit

#: 2 Farvardin 1405, 13:30 in Tehran: a Sunday.
NOW = 1_774_173_600_000
DAY = 86_400_000
AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
FA, EN = Language("fa"), Language("en")


class Source:
    """The KPIs of some records."""

    ready = True

    def __init__(self, records: list[tuple[str, bytes]], one: Campaign) -> None:
        self.campaigns: Mapping[str, Campaign] = {one.id: one}
        self.target_changes: list[TargetSet] = []
        self._batch, _ = counted(records, one)

    def figures(self) -> Figures:
        return self._batch.figures

    def now(self) -> int:
        return NOW

    def measured(self, _campaign: str, _span: Span) -> None:
        """The page does not ask."""


def target(**fields: object) -> Target:
    base = {"kpi": "leads", "part": "mql", "target": 4, "owner": "سارا", "start_ms": NOW - 2 * DAY}
    return Target(**(base | {"deadline_ms": NOW + 2 * DAY} | fields))  # type: ignore[arg-type]


ONE = campaign(targets=(target(), target(kpi="bounce_rate", part=None, target=0.25, baseline=0.75)))
#: This week: two sessions, one of them bounced; 1500 for two leads. Saturday of last week: one lead.
RECORDS = [
    visit("s1", page_url=SITE, engaged_time_ms=11_000),
    visit("s2", page_url=SITE, engaged_time_ms=1_000),
    spend("1500"),
    person("p1", "mql", utm={"campaign": "nowruz"}),
    person("p2", "mql", utm={"campaign": "nowruz"}),
    person("p3", "mql", "2026-03-14T09:00:00Z", utm={"campaign": "nowruz"}),
    person("p4", "mql", "2026-03-20T11:00:00Z", utm={"campaign": "nowruz"}),
]


def named(shown: KpisShown) -> dict[str, Shown]:
    return {one.id: one for _, group in shown.groups for one in group}


def test_all_24_are_there_with_their_answers_in_both_languages() -> None:
    for language in (FA, EN):
        found = named(kpis_shown(Source(RECORDS, ONE), ONE, language, None))
        assert set(found) == set(KPIS)
        assert all(len(one.answers) == 5 and all(one.answers) for one in found.values())


def test_values_parts_and_fractions() -> None:
    found = named(kpis_shown(Source(RECORDS, ONE), ONE, EN, "week"))
    assert [(one.part, one.value, one.target) for one in found["leads"].numbers] == [
        ("MQL", "2", "4 · 75.0%"),
        ("SQL", "0", ""),
    ]
    bounce = found["bounce_rate"].numbers[0]
    assert (bounce.value, bounce.fraction) == ("50.0%", "1 ÷ 2")
    cost = found["cost_per_lead"].numbers[0]
    assert (cost.value, cost.fraction) == ("750 IRR", "1,500 IRR ÷ 2")
    rank = found["site_rank"].numbers
    assert not any(one.known for one in rank)


def test_money_is_toman_and_digits_are_persian() -> None:
    found = named(kpis_shown(Source(RECORDS, ONE), ONE, FA, "week"))
    assert found["cost_per_lead"].numbers[0].value == "۷۵ تومان"


def test_a_sunday_is_compared_with_as_much_of_last_week() -> None:
    # p3 was on last Saturday, p4 on last Friday: by Sunday noon there was one lead, now there are two
    found = named(kpis_shown(Source(RECORDS, ONE), ONE, EN, "week"))
    assert found["leads"].numbers[0].change == "▲ 100%"
    week = period("week", NOW, "Asia/Tehran")
    assert week.before is not None
    assert week.span.start is not None
    assert so_far(week, NOW) == Span(week.before.start, NOW - 7 * DAY)
    assert so_far(Period("campaign", Span(None, None), None), NOW) is None


def test_a_period_that_is_not_offered_is_refused() -> None:
    with pytest.raises(web.HTTPBadRequest) as refused:
        kpis_shown(Source([], ONE), ONE, EN, "year")
    assert "`period` must be one of 24h, day, week, month, campaign" in str(refused.value.text)


def test_targets_stand_where_they_stand() -> None:
    mql, bounce = targets_shown(Source(RECORDS, ONE), ONE, EN)
    # three leads since the start (p4 too), 4 wanted, half the time is over
    assert (mql["name"], mql["actual"], mql["target"]) == ("Leads – MQL", "3", "4")
    assert (mql["attainment"], mql["expected"], mql["pace"]) == ("75.0%", "2", "150%")
    assert (mql["share"], mql["expected_share"]) == (0.75, 0.5)
    # from 0.75 to 0.25, half the time over: 0.5 by now; less is better, so the mark is at 0.25 / 0.5
    assert (bounce["expected"], bounce["expected_share"], bounce["share"]) == ("50.0%", 0.5, 0.5)
    assert bounce["pace"] == "100%"


def test_the_history_is_told_and_what_was_taken_away_stays() -> None:
    source = Source(RECORDS, ONE)
    likes = campaign(targets=(target(kpi="likes", part=None, target=1000), *ONE.targets))
    source.target_changes = target_changes(CampaignSet((likes,)), [], AT)
    source.target_changes += target_changes(CampaignSet((ONE,)), source.target_changes, AT)
    shown = targets_shown(source, ONE, EN)
    assert [(one["name"], one["gone"]) for one in shown] == [
        ("Leads – MQL", False),
        ("Bounce rate", False),
        ("Likes", True),
    ]
    assert shown[0]["history"] == ["20 March 2026: 4 by 24 March 2026, owner: سارا"]
    assert shown[2]["history"] == [
        "20 March 2026: 1,000 by 24 March 2026, owner: سارا",
        "20 March 2026: taken away",
    ]
    assert "۲۹ اسفند ۱۴۰۴" in targets_shown(source, ONE, FA)[0]["history"][0]


def test_a_caution_is_told_in_the_reader_s_language_and_the_course_is_drawn() -> None:
    one = campaign(targets=(target(attainable_max=3.0),))
    (persian,), (english,) = (targets_shown(Source(RECORDS, one), one, language) for language in (FA, EN))
    assert persian["warnings"] == ["بیش از آنچه دست‌یافتنی دانسته شده (۳)؛ حرف A در SMART"]
    assert english["warnings"] == ["more than what is held attainable (3): the A of SMART"]
    assert persian["course"].startswith('<svg class="course"')
    assert "روند هدف سرنخ" in persian["course"]


def test_orders_are_in_it_too() -> None:
    records = [*RECORDS, order("p1", "o1", "3000", utm={"campaign": "nowruz"})]
    found = named(kpis_shown(Source(records, ONE), ONE, EN, "week"))
    # spent 1500, sold for 3000: as much again was earned
    assert found["return_on_investment"].numbers[0].value == "100%"
