"""The watches of all campaigns: silent sources, snapshots, answers that come before the minutes."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from listener.alerting.watching import ALL, SNAPSHOT_S, Watching
from models.campaign import Campaign
from models.feedback import Answered
from models.incident import Snapshot
from models.series import ClosedMinute
from processors.incidents import Change
from tests.unit.processors.incidents.minutes import CAMPAIGN, MIDNIGHT, minute, quiet, spike

OTHER = Campaign(id="other")


def campaigns(*known: Campaign) -> Callable[[], dict[str, Campaign]]:
    return lambda: {one.id: one for one in known}


def feed(watching: Watching, minutes: list[ClosedMinute]) -> list[Change]:
    return [change for one in minutes for change in watching.take(one)]


def both(index: int, mentions: int, telegram: int) -> list[ClosedMinute]:
    """A minute of two campaigns: one on Twitter, the other on Telegram."""
    other = ClosedMinute("other", MIDNIGHT + index * 60, {"telegram": {"mentions": telegram}} if telegram else {})
    return [minute(index, mentions), other]


def test_minutes_before_the_campaign_is_known_teach_and_tell_nothing() -> None:
    known: dict[str, Campaign] = {}
    watching = Watching(lambda: known)
    assert feed(watching, [*quiet(0, 2040), *spike(2040, 5, 20)]) == []
    assert list(watching.open) == []
    feed(watching, list(quiet(2045, 2400)))
    known["berimo"] = replace(CAMPAIGN, timezone="UTC")
    opened = feed(watching, list(spike(2400, 5, 120)))
    assert (opened[0].what, opened[0].incident.severity) == ("opened", "critical")


def test_a_platform_silent_over_all_campaigns_is_told_with_its_return() -> None:
    watching = Watching(campaigns(CAMPAIGN, OTHER))
    for index in range(600 * 5):
        for one in both(index, 1, 2):
            assert watching.take(one) == []
    silent = [one for index in range(3000, 3100) for one in feed(watching, both(index, 1, 0))]
    (change,) = [one for one in silent if one.incident.kind == "source_silent"]
    assert (change.what, change.incident.campaign, change.incident.platform) == ("opened", ALL, "telegram")
    assert change.incident.started_at == datetime.fromtimestamp(MIDNIGHT + 3000 * 60, UTC)
    back = [one for index in range(3100, 3110) for one in feed(watching, both(index, 1, 2))]
    (resolved,) = [one for one in back if one.incident.kind == "source_silent"]
    assert (resolved.what, resolved.incident.id) == ("resolved", change.incident.id)
    assert resolved.incident.resolved_at is not None


def test_snapshots_are_due_every_quarter_of_an_hour_and_restore_all() -> None:
    watching = Watching(campaigns(CAMPAIGN))
    feed(watching, list(quiet(0, 2040)))
    first = list(watching.snapshots(position=7))
    assert {(one.campaign, one.position) for one in first} == {("berimo", 7), (ALL, 7)}
    assert list(watching.snapshots(position=8)) == []
    feed(watching, list(quiet(2040, 2040 + SNAPSHOT_S // 60 + 5)))
    again = {one.campaign: one for one in watching.snapshots(position=9)}
    assert again["berimo"].through == MIDNIGHT + (2040 + SNAPSHOT_S // 60 + 4) * 60

    restored = Watching(campaigns(CAMPAIGN))
    for one in again.values():
        restored.restore(one)
    event = list(spike(2040 + SNAPSHOT_S // 60 + 5, 10, 20))
    assert feed(restored, event) == feed(watching, event) != []


def test_the_snapshot_of_another_rule_is_left_out() -> None:
    watching = Watching(campaigns(CAMPAIGN))
    watching.restore(Snapshot("berimo", 5, 1, b"whatever", "watch-0"))
    assert feed(watching, list(quiet(0, 10))) == []


def test_an_answer_read_before_the_minutes_holds() -> None:
    watching = Watching(campaigns(CAMPAIGN))
    until = datetime.fromtimestamp(MIDNIGHT + 3000 * 60, UTC)
    watching.answer(Answered("berimo", "berimo-x", "silence", datetime.fromtimestamp(MIDNIGHT, UTC), until=until))
    feed(watching, list(quiet(0, 2040)))
    assert feed(watching, list(spike(2040, 5, 20)))[0].incident.quiet == "silence"


def test_new_settings_hold_from_the_next_minute() -> None:
    known = {"berimo": CAMPAIGN}
    watching = Watching(lambda: known)
    feed(watching, list(quiet(0, 2040)))
    known["berimo"] = replace(CAMPAIGN, alerts=replace(CAMPAIGN.alerts, least_mentions=10_000))
    assert feed(watching, list(spike(2040, 10, 20))) == []
