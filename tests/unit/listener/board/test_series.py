import pytest
from aiohttp import web

from listener.board.series import SeriesQuery

TEHRAN = "Asia/Tehran"
#: 2018-05-05T00:00:00Z; Tehran was at +04:30.
MIDNIGHT = 1_525_478_400


def test_minutes_without_bounds() -> None:
    query = SeriesQuery.parse({}, TEHRAN)
    assert query.window == "minute"
    assert 0 in query
    assert query.text(MIDNIGHT) == "2018-05-05T00:00:00Z"


def test_from_is_inclusive_and_to_is_not() -> None:
    query = SeriesQuery.parse({"from": "2018-05-05T00:00:00Z", "to": "2018-05-05T03:32:00+03:30"}, TEHRAN)
    assert [start in query for start in (MIDNIGHT - 60, MIDNIGHT, MIDNIGHT + 60, MIDNIGHT + 120)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_window_that_began_a_moment_before_from_is_left_out() -> None:
    assert MIDNIGHT not in SeriesQuery.parse({"from": "2018-05-05T00:00:00.001Z"}, TEHRAN)


def test_hours_and_days_are_on_the_wall_clock_of_the_campaign() -> None:
    query = SeriesQuery.parse({"window": "hour", "from": "2018-05-05T00:00:00Z"}, TEHRAN)
    assert query.first == MIDNIGHT + 4 * 3600 + 1800
    assert query.text(MIDNIGHT + 5 * 3600) == "2018-05-05T05:00:00"
    day = SeriesQuery.parse({"window": "day", "from": "2018-05-05T00:00:00+04:30"}, TEHRAN)
    assert MIDNIGHT in day
    assert MIDNIGHT - 86_400 not in day


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("window", ["minute", "day"])
def test_the_ends_of_time_are_times(moment: str, window: str) -> None:
    assert SeriesQuery.parse({"window": window, "to": moment}, TEHRAN).end is not None


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"window": "week"}, "`window` is 'week'"),
        ({"from": "yesterday"}, "`from` is 'yesterday'"),
        ({"to": "2018-05-05T00:00:00"}, "`to` is '2018-05-05T00:00:00', but must be a time with an offset"),
        ({"from": "2018-05-05T00:00:00 03:30"}, "%2B"),
        ({"form": "2018-05-05T00:00:00Z"}, "`form` is no parameter"),
    ],
)
def test_a_bad_parameter_is_named(parameters: dict[str, str], named: str) -> None:
    with pytest.raises(web.HTTPBadRequest) as error:
        SeriesQuery.parse(parameters, TEHRAN)
    assert named in (error.value.text or "")
