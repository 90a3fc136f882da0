"""The judge of alerts notices what is told twice, in vain, or not at all; and the receiver hears what boards post."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from listener.alerting.alerts import alert_of
from models.campaign import Campaign, CampaignSet
from models.incident import Incident
from models.series import ClosedMinute
from tests.chaos.alerts import Receiver, Told, judge_alerts, messages, replayed, row_end, unheard
from tests.chaos.oracle import Figures

OPENED = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
INCIDENT = Incident(
    campaign="brand",
    id="brand-20260301t1205",
    kind="spike",
    severity="warning",
    started_at=OPENED - timedelta(minutes=5),
    opened_at=OPENED,
    updated_at=OPENED,
    observed=50,
    expected=10.0,
    direction="rising",
    platform="twitter",
)
WORSE = replace(INCIDENT, severity="critical")


def told(at: float, incident: Incident = INCIDENT, ends: float | None = None) -> Told:
    """Posted ``at`` seconds after the opening, firing for a quarter of an hour unless it ends at ``ends``."""
    labels = tuple(sorted(alert_of(incident, Campaign(id="brand"), "", None).labels.items()))
    begin = OPENED.timestamp()
    return Told(begin + at, labels, incident.opened_at, begin + (at + 900 if ends is None else ends))


def judged(*posts: Told, written: tuple[Incident, ...] = (INCIDENT,)) -> Figures:
    figures = Figures("x")
    judge_alerts(figures, [INCIDENT, WORSE], posts, written)
    return figures


def test_what_is_refreshed_is_told_once() -> None:
    figures = judged(told(0), told(60), told(61), told(900), written=(INCIDENT, INCIDENT, WORSE))
    assert (figures.alerts, figures.duplicates, figures.passed) == (1, 0, True)


def test_another_severity_is_another_alert() -> None:
    figures = judged(told(0), told(300, ends=300), told(300, WORSE))
    assert (figures.alerts, figures.duplicates, figures.passed) == (2, 0, True)


@pytest.mark.parametrize("ends", [100, 200])
def test_a_duplicated_alert_is_noticed(ends: float) -> None:
    """It was over, by its end or by a word of the leader, and fires once more."""
    figures = judged(told(0, ends=ends), told(200))
    assert (figures.alerts, figures.duplicates, figures.passed) == (1, 1, False)
    assert figures.problems[0].startswith("told 2 times: ('brand', 'warning', 'spike', 'twitter'")


def test_a_second_incident_for_the_same_event_is_noticed() -> None:
    """A leader that knew nothing of the first one opened another; to an Alertmanager it is still the same alert."""
    other = replace(INCIDENT, id="brand-20260301t1210", opened_at=OPENED + timedelta(minutes=5))
    figures = judged(told(0), told(300, other), written=(INCIDENT, other))
    assert (figures.alerts, figures.duplicates, figures.passed) == (1, 1, False)


def test_an_incident_that_nobody_heard_of_is_noticed() -> None:
    assert judged().problems == ["nobody was told of brand-20260301t1205"]
    assert judged(told(0), written=()).problems == ["nobody was told of brand-20260301t1205"]
    assert unheard([INCIDENT], [told(0)], [INCIDENT]) == set()


def test_the_receiver_hears_what_a_board_posts() -> None:
    alert = alert_of(INCIDENT, Campaign(id="brand"), "", None)
    with Receiver() as receiver:
        body = json.dumps([alert.payload(OPENED)]).encode()
        with urllib.request.urlopen(f"{receiver.url}/api/v2/alerts", body) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
    (one,) = receiver.told
    assert one._replace(at=OPENED.timestamp()) == told(0)
    assert messages([one]) == {}, "it was over long ago"


def test_fresh_watches_find_what_the_minutes_have() -> None:
    """A day of little, then a row with two hundred mentions in its last minute; a minute said twice changes nothing."""
    rng, end = Random(1), int(OPENED.timestamp())
    minutes = [
        ClosedMinute("brand", minute, {"twitter": {"mentions": rng.randint(0, 4)}})
        for minute in range(end - 34 * 3600, end - 60, 60)
    ]
    minutes += [ClosedMinute("brand", end - 60, {"twitter": {"mentions": 200}})] * 2
    quiet = [replace(minutes[-1], minute=end + 60 * number, counts={}) for number in range(5)]
    states = replayed([*minutes, *quiet], CampaignSet((Campaign(id="brand"),)))
    assert {one.id for one in states} == {"brand-20260301t1205"}
    assert states[0].platform == "twitter"
    assert replayed(minutes[:-2] + quiet, CampaignSet((Campaign(id="brand"),))) == []


@pytest.mark.parametrize(("now", "end"), [(300, 300), (539, 300), (540, 600), (599, 600)])
def test_the_row_to_cross_ended_four_minutes_ago_at_most(now: float, end: int) -> None:
    assert row_end(now) == end
