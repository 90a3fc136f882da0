"""The chart of a target: where its lines are, by numbers worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from listener.kpis.standing import standing_json
from listener.report.course import Course, course_chart
from listener.report.words import Words
from models.attribution import Target
from models.feedback import TargetSet
from processors.kpis.aims import aims
from processors.kpis.periods import day_start, read_day
from processors.windows import to_ms
from tests.business import campaign, counted, person, web

FA, EN = Words("fa", "jalali", "Asia/Tehran"), Words("en", "gregorian", "Asia/Tehran")


def at(day: str) -> int:
    return day_start(read_day(day), "Asia/Tehran")


def goal(moment: str, number: float | None) -> TargetSet:
    kept = None if number is None else {"target": number, "deadline": "2026-03-30T20:30:00Z", "owner": "s"}
    return TargetSet("c", "leads.mql", datetime.fromtimestamp(at(moment) / 1000, UTC), "v", kept)


def described(now: str, **fields: Any) -> dict[str, Any]:
    """A target of 10 leads in ten days, of which 2 came on the first day, none on the second and 1 on the third."""
    base = {"kpi": "leads", "part": "mql", "target": 10.0, "owner": "s"}
    dates = {"start_ms": at("2026-03-21"), "deadline_ms": at("2026-03-31")}
    one = campaign(targets=(Target(**(base | dates | fields)),))
    days = ("2026-03-21", "2026-03-21", "2026-03-23")
    leads = [person(f"p{n}", "mql", f"{day}T09:00:00Z", utm={"campaign": "nowruz"}) for n, day in enumerate(days)]
    visits = [web(f"s{n}", at=f"2026-03-2{n}T09:00:00Z", engaged_time_ms=1, utm={"campaign": "nowruz"}) for n in (1, 3)]
    batch, _ = counted([*leads, *visits], one)
    return standing_json(next(aims(batch.figures, one, at(now))))


def test_a_count_climbs_and_its_way_is_a_line() -> None:
    course = Course.of(described("2026-03-24"), [], at("2026-03-24"))
    assert course.actual == (((at("2026-03-22"), 2.0), (at("2026-03-23"), 2.0), (at("2026-03-24"), 3.0)),)
    assert course.way == ((at("2026-03-21"), 0.0), (at("2026-03-31"), 10.0))
    assert course.goals == ((at("2026-03-21"), at("2026-03-31"), 10.0),)


def test_a_rate_has_a_gap_where_a_day_has_no_sample() -> None:
    told = described("2026-03-24", kpi="bounce_rate", part=None, target=0.4, baseline=0.6)
    course = Course.of(told, [], at("2026-03-24"))
    assert [len(run) for run in course.actual] == [1, 1]
    assert course.way == ((at("2026-03-21"), 0.6), (at("2026-03-31"), 0.4))


def test_a_week_s_curve_has_a_corner_a_day() -> None:
    # Saturday 21 March to the Monday after: only Saturday and Sunday count, 3 to 1.
    told = described("2026-03-22", deadline_ms=at("2026-03-24"), curve=(3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    way = Course.of(told, [], at("2026-03-22")).way
    assert way == (
        *((at("2026-03-21"), 0.0), (at("2026-03-22"), 7.5)),
        *((at("2026-03-23"), 10.0), (at("2026-03-24"), 10.0)),
    )


def test_every_change_of_a_target_is_a_step_with_its_date() -> None:
    history = [goal("2026-03-20", 6.0), goal("2026-03-23", 10.0)]
    course = Course.of(described("2026-03-24"), history, at("2026-03-24"))
    assert course.goals == (
        (at("2026-03-20"), at("2026-03-23"), 6.0),
        (at("2026-03-23"), at("2026-03-31"), 10.0),
    )
    drawn = course_chart("t <b>", course, EN, lambda value: EN.brief(value, "count"))
    assert drawn.count('<circle class="goal"') == 1
    assert drawn.count('<line class="goal"') == 3  # two numbers, and the step between them
    assert "<title>23 March 2026: 6 → 10</title>" in drawn
    assert 'aria-label="t &lt;b&gt;"' in drawn
    assert "۳ فروردین" in course_chart("t", course, FA, lambda value: FA.brief(value, "count"))


def test_a_target_that_was_away_for_a_while_has_a_gap() -> None:
    history = [goal("2026-03-21", 6.0), goal("2026-03-22", None), goal("2026-03-24", 10.0)]
    course = Course.of(described("2026-03-24"), history, at("2026-03-24"))
    assert [(first, last) for first, last, _ in course.goals] == [
        (at("2026-03-21"), at("2026-03-22")),
        (at("2026-03-24"), at("2026-03-31")),
    ]
    drawn = course_chart("t", course, EN, str)
    assert drawn.count('<line class="goal"') == 2  # no step over a gap


@given(
    days=st.lists(st.none() | st.floats(-5, 1e9), max_size=20),
    actual=st.none() | st.floats(0, 1e9),
    goals=st.lists(st.tuples(st.integers(-40, 40), st.none() | st.floats(-1, 1e9)), max_size=4),
    deadline=st.integers(-5, 60),
)
def test_whatever_there_is_is_drawn_inside_the_frame(
    days: list[float | None], actual: float | None, goals: list[tuple[int, float | None]], deadline: int
) -> None:
    now = datetime(2026, 3, 24, tzinfo=UTC)
    told: dict[str, Any] = {
        "target": 5.0,
        "actual": actual,
        "deadline": (now + timedelta(days=deadline)).isoformat(),
        "course": [{"at": (now - timedelta(days=n)).isoformat(), "value": one} for n, one in enumerate(days)][::-1],
        "way": [],
    }
    history = [
        TargetSet("c", "likes", now + timedelta(days=day), "v", None if one is None else {"target": one})
        for day, one in sorted(goals, key=lambda goal: goal[0])
    ]
    course = Course.of(told, history, to_ms(now))
    drawn = course_chart("t", course, EN, lambda value: EN.brief(value, "count"))
    for part in drawn.replace("<", "\n<").splitlines():
        for axis, most in (("x", 720), ("y", 190)):
            for word in part.split():
                name, _, value = word.partition("=")
                if name in {f"{axis}1", f"{axis}2", f"c{axis}"}:
                    assert 0 <= float(value.strip('"/>')) <= most
