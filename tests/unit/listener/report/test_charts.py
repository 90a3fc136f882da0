"""Axes of charts: round numbers, whole ones for counts, labels inside the picture."""

import re

import pytest

from listener.report.charts import bars, round_up
from listener.report.words import Words


@pytest.mark.parametrize(
    ("value", "top"),
    [
        (0, 4),
        (1, 4),
        (4, 4),
        (5, 8),
        (8, 8),
        (10, 12),
        (11, 20),
        (37, 40),
        (41, 60),
        (0.3, 0.4),
        (2.5, 4),
        (61_000, 80_000),
    ],
)
def test_a_quarter_of_the_axis_of_a_count_is_whole(value: float, top: float) -> None:
    assert round_up(value) == pytest.approx(top)


def test_the_last_label_is_not_cut_off() -> None:
    days = [f"{day}" for day in range(29)]
    drawn = bars("posts", days, [1.0] * len(days), Words("en", "gregorian", "UTC"))
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="192" class="label">', drawn)]
    assert len(places) == 8
    assert max(places) == 696
