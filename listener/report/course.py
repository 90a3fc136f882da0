"""The chart of a target: what was reached, what should have been, and every change of the target itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

from listener.report.charts import round_up
from listener.report.words import Words
from models.feedback import TargetSet
from processors.windows import to_ms

Point = tuple[int, float]

_WIDTH: Final = 720
_HEIGHT: Final = 190
_LEFT: Final = 84
_RIGHT: Final = 12
_TOP: Final = 14
_BOTTOM: Final = 28
_STEPS: Final = 4
#: Dates on the axis stand at least so far apart.
_APART: Final = 90


@dataclass(frozen=True)
class Course:
    """What is drawn; times are epoch milliseconds.

    ``actual``: runs of days with a sample. ``way``: the line from start to deadline. ``goals``: (from, to, number) of
    every number that the target has had, in order; nothing where it was taken away for a while.
    """

    actual: tuple[tuple[Point, ...], ...]
    way: tuple[Point, ...]
    goals: tuple[tuple[int, int, float], ...]
    now: int

    @classmethod
    def of(cls, target: Mapping[str, Any], history: Sequence[TargetSet], now: int) -> "Course":
        """From a target as ``listener.kpis.standing`` describes it, and its history, oldest first."""
        actual = _runs([(_ms(one["at"]), one["value"]) for one in target.get("course", ())], target["actual"], now)
        way = tuple((_ms(one["at"]), float(one["value"])) for one in target.get("way", ()))
        deadline = _ms(target["deadline"])
        start = way[0][0] if way else actual[0][0][0] if actual else min(now, deadline)
        return cls(actual, way, tuple(_goals(history, target["target"], start, deadline)), min(now, deadline))

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment of the chart."""
        times = [at for run in self.actual for at, _ in run] + [at for at, _ in self.way] + [self.now]
        times += [at for first, last, _ in self.goals for at in (first, last)]
        return min(times), max(times)

    @property
    def values(self) -> list[float]:
        """Every number that must fit."""
        return [value for run in self.actual for _, value in run] + [
            value for _, value in (*self.way, *((0, goal) for *_, goal in self.goals))
        ]


def course_chart(title: str, course: Course, words: Words, shown: Callable[[float], str]) -> str:
    """The chart as SVG; ``title`` is what screen readers hear, ``shown`` writes a number of the axis."""
    frame = _Frame(course)
    drawn = [_axis(frame, shown), _dates(frame, course, words)]
    if course.way:
        drawn.append(f'<polyline class="way" points="{frame.points(course.way)}"/>')
    drawn += [_goal(frame, goal) for goal in course.goals]
    drawn += [_changed(frame, before, goal, words, shown) for before, goal in zip(course.goals, course.goals[1:])]  # noqa: B905 - one shorter
    for run in course.actual:
        x, y = frame.x(run[-1][0]), frame.y(run[-1][1])
        drawn.append(f'<polyline class="actual" points="{frame.points(run)}"/>' if len(run) > 1 else "")
        drawn.append(f'<circle class="actual" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' if run is course.actual[-1] else "")
    return (
        f'<svg class="course" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}" direction="ltr">{"".join(drawn)}</svg>'
    )


class _Frame:
    """Where times and numbers are on the chart."""

    def __init__(self, course: Course) -> None:
        self.first, last = course.span
        self.length = max(1, last - self.first)
        values = course.values or [0.0]
        # A scale begins at zero unless there is less than nothing.
        self.low = min(0.0, *values)
        self.high = max(self.low + 1e-9, round_up(max(values)))

    def x(self, moment: int) -> float:
        """From left to right in both languages, like all charts here."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (moment - self.first) / self.length

    def y(self, value: float) -> float:
        """Down is less."""
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - value) / (self.high - self.low)

    def points(self, line: Sequence[Point]) -> str:
        """A line as SVG has it."""
        return " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in line)


def _axis(frame: _Frame, shown: Callable[[float], str]) -> str:
    lines = []
    for step in range(_STEPS + 1):
        value = frame.low + (frame.high - frame.low) * step / _STEPS
        y = frame.y(value)
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" class="value">{escape(shown(value))}</text>')
    return "".join(lines)


def _dates(frame: _Frame, course: Course, words: Words) -> str:
    """Today, the ends, and the days of changes, as long as they do not run into each other."""
    first, last = course.span
    today = frame.x(course.now)
    drawn = [f'<line x1="{today:.1f}" x2="{today:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" class="now"/>']
    wanted = [(first, "start"), (last - 1, "end"), (course.now, "middle")]
    wanted += [(goal[0], "middle") for goal in course.goals[1:]]
    taken: list[float] = []
    for moment, anchor in wanted:
        x = frame.x(moment)
        if any(abs(x - other) < _APART for other in taken):
            continue
        taken.append(x)
        text = escape(words.axis_day(moment))
        drawn.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" class="label {anchor}">{text}</text>')
    return "".join(drawn)


def _goal(frame: _Frame, goal: tuple[int, int, float]) -> str:
    first, last, number = goal
    y = frame.y(number)
    return f'<line class="goal" x1="{frame.x(first):.1f}" x2="{frame.x(last):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _changed(
    frame: _Frame,
    before: tuple[int, int, float],
    goal: tuple[int, int, float],
    words: Words,
    shown: Callable[[float], str],
) -> str:
    """Where a target moved: a step with a dot, which says when and to what."""
    x, y = frame.x(goal[0]), frame.y(goal[2])
    told = escape(f"{words.moment(goal[0])}: {shown(before[2])} → {shown(goal[2])}")
    step = (
        ""
        if before[1] != goal[0]
        else f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(before[2]):.1f}" y2="{y:.1f}"/>'
    )
    return f'{step}<circle class="goal" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{told}</title></circle>'


def _runs(days: Sequence[tuple[int, float | None]], actual: float | None, now: int) -> tuple[tuple[Point, ...], ...]:
    """Days with a sample that follow each other, and where it stands now."""
    runs: list[list[Point]] = [[]]
    for at, value in [*days, (now, actual)]:
        if value is None:
            runs.append([])
        elif not runs[-1] or at > runs[-1][-1][0]:
            runs[-1].append((at, float(value)))
    return tuple(tuple(run) for run in runs if run)


def _goals(history: Sequence[TargetSet], number: float, start: int, deadline: int) -> list[tuple[int, int, float]]:
    """Every number with the time in which it was the target; only today's where nobody recorded any."""
    found: list[tuple[int, int, float]] = []
    for index, one in enumerate(history):
        wanted = None if one.target is None else one.target.get("target")
        # What was recorded first held from the start on, as far as anybody knows.
        first = min(start, to_ms(one.at)) if index == 0 else to_ms(one.at)
        after = to_ms(history[index + 1].at) if index + 1 < len(history) else deadline
        if not isinstance(wanted, int | float) or after <= first:
            continue
        if found and found[-1][1] == first and found[-1][2] == wanted:
            found[-1] = (found[-1][0], after, float(wanted))
        else:
            found.append((first, after, float(wanted)))
    return found or ([(start, deadline, float(number))] if deadline > start else [])


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))
