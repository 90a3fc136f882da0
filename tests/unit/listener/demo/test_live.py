"""The live view, drawn from given states."""

import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from listener.demo.board import TREND_MINUTES, BoardProgress, CampaignNow, PartitionProgress
from listener.demo.kpis import known, kpi_line, kpi_rows, kpi_table, most_known
from listener.demo.live import Watched, line, short, sparkline, view

URL = "http://127.0.0.1:8080"
MOMENT = datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)
BERIMO = CampaignNow(
    "berimo",
    {"mentions": 12_345, "likes": 9},
    name="بریمو",
    minute={"mentions": 12, "likes": 1_500, "press_mentions": 3},
    hour={"mentions": 456, "likes": 23_456, "shares": 7, "press_mentions": 31},
    trend=(0,) * (TREND_MINUTES - 2) + (4, 8),
)
QUIET = CampaignNow("quiet", {}, name="ساکت")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def progress(counted: int, late: int = 0) -> BoardProgress:
    outcomes = {"counted": counted, "late": late}
    return BoardProgress([PartitionProgress("t", 0, 1, 1, outcomes, record_time=MOMENT)], {})


def watched() -> Watched:
    clock = Clock()
    found = Watched("a title", URL, clock)
    found.look(progress(100), [BERIMO, QUIET], 100)
    clock.now += 65
    found.look(progress(1_390, late=10), [BERIMO, QUIET], 1_500)
    return found


def drawn(state: Watched, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(view(state, width))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_it_fits_and_has_a_line_for_each_campaign(width: int) -> None:
    lines = drawn(watched(), width)
    rows = [text for text in lines if text.startswith(("berimo", "quiet"))]
    assert len(rows) == 2
    assert "بریمو" in rows[0]
    assert "ساکت" in rows[1]
    assert len(lines) == 11
    assert any(f"metrics {URL}/metrics" in text and f"page {URL}/ " in text for text in lines)


def test_minute_and_hour_stand_beside_each_other() -> None:
    (row,) = (text.split() for text in drawn(watched(), 80) if text.startswith("berimo"))
    assert row[1:11] == ["12", "456", "1,500", "23.5k", "0", "7", "0", "0", "3", "31"]


def test_a_wide_terminal_shows_totals_and_the_trend() -> None:
    (row,) = (text for text in drawn(watched(), 120) if text.startswith("berimo"))
    assert " 12,345 " in row
    assert "▄█" in row


def test_the_pipeline_is_shown_with_lag_rate_and_outcomes() -> None:
    text = "\n".join(drawn(watched(), 100))
    assert "sent 1,500  counted 1,400  lag 100  records/s 20.0  record time 09:30:05 UTC" in text
    assert "counted 1,390  unmatched 0  stale 0  duplicate 0  late 10  invalid 0" in text
    assert "up 0:01:05" in text


def test_nothing_follows_a_persian_name_without_a_mark_of_direction() -> None:
    (row,) = (text for text in drawn(watched(), 120) if text.startswith("berimo"))
    assert row.rstrip().endswith("بریمو\u200e")


def test_a_board_that_is_away_leaves_what_is_known() -> None:
    state = watched()
    state.look(None, [], 1_600)
    assert (state.read, state.lag, len(state.campaigns)) == (1_400, 200, 2)


def test_news_are_shown_but_not_how_far_the_counting_is() -> None:
    state = watched()
    state.note("counting: 5 records sent, 4 counted")
    assert len(drawn(state, 80)) == 11
    state.note("the worker-0 process ended (exit code -9); starting it again")
    assert "worker-0" in drawn(state, 80)[-2]


def test_a_line_says_the_same_for_logs() -> None:
    assert line(watched()) == (
        "listener: 1,500 sent, 1,400 counted, lag 100, 20.0 records/s; mentions: berimo 12,345, quiet 0"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9_999, "9,999"), (10_000, "10.0k"), (99_949, "99.9k"), (123_456, "123k"), (1_234_567, "1.2M")],
)
def test_numbers_take_five_characters_at_most(number: int, text: str) -> None:
    assert short(number) == text


def test_bars_are_in_proportion_and_nothing_is_blank() -> None:
    assert sparkline([0, 1, 4, 8]) == " ▁▄█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "  "


KPI_BODIES = {
    "organic_traffic": {"value": 69, "unit": "sessions"},
    "leads": {"value": {"mql": 10, "sql": 5}, "unit": "count"},
    "conversions": {"value": {"purchase": 3, "contact": 1}, "unit": "count"},
    "cost_per_conversion": {"value": 2280125, "unit": "IRR"},
    "bounce_rate": {"value": 0.274, "unit": "ratio"},
    "search_ranking": {"value": {"position": 4.06, "top3": 0.485, "top10": 1}, "unit": "position"},
    "sales_growth": {"value": {"count": None, "revenue": None}, "unit": "ratio"},
}


def test_kpis_are_shown_where_there_is_room_and_named_where_there_is_none() -> None:
    state = watched()
    state.look_at_kpis(known("berimo", KPI_BODIES))
    lines = drawn(state, 120)
    shown = "\n".join(lines)
    assert "KPIs of berimo, campaign to date (growth: of 24 hours)" in shown
    for title, value in (
        ("Organic traffic", "69 sessions"),
        ("Leads", "10 / 5"),
        ("Conversions", "4"),
        ("Cost per conversion", "2,280,125 IRR"),
        ("Bounce rate", "27.4%"),
        ("Search ranking", "4.06 / 48.5% / 100%"),
        ("Sales growth", "no sample"),
    ):
        assert re.search(rf"{title} +{re.escape(value)}(?: |$)", shown, re.MULTILINE), title
    assert len(lines) == 11 + kpi_rows(120)
    console = Console(file=StringIO(), width=80, color_system=None)
    console.print(view(state, 80, 24))
    assert "6 KPIs of berimo http://127.0.0.1:8080/campaigns/berimo#kpis" in console.file.getvalue()  # type: ignore[attr-defined]
    state.look_at_kpis(None)
    assert state.kpis == known("berimo", KPI_BODIES)


def test_what_moved_stands_out() -> None:
    first = known("berimo", KPI_BODIES)
    second = known("berimo", KPI_BODIES | {"organic_traffic": {"value": 70, "unit": "sessions"}})
    console = Console(file=StringIO(), width=120, color_system="standard", force_terminal=True)
    console.print(kpi_table(second, first, 120))
    bold = re.findall(r"\x1b\[1;32m *([^\x1b]+)", console.file.getvalue())  # type: ignore[attr-defined]
    assert [text.strip() for text in bold] == ["70 sessions"]


def test_the_campaign_of_which_most_is_known_is_taken() -> None:
    empty = known("a", {"organic_traffic": {"value": 0, "unit": "sessions"}})
    assert most_known([empty, known("b", KPI_BODIES)]) == known("b", KPI_BODIES)
    assert most_known([]) is None
    assert "6 of 24 with a value: search_ranking 4.06 / 48.5% / 100%, organic_traffic" in kpi_line(
        known("b", KPI_BODIES)
    )
