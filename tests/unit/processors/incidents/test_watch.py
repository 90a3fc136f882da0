"""The watch over a campaign: what opens an incident, what must not, how it goes on and ends."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from models.campaign import Alerts, Planned
from models.feedback import Answered
from models.series import ClosedMinute
from processors.incidents import CampaignWatch, Change
from tests.unit.processors.incidents.minutes import CAMPAIGN, DAY, LEARNT_MINUTES, MIDNIGHT, minute, quiet, spike

MakeWatch = Callable[..., CampaignWatch]
EVENT = LEARNT_MINUTES
END = EVENT + 60


def feed(watch: CampaignWatch, minutes: Iterable[ClosedMinute]) -> list[Change]:
    return [change for one in minutes for change in watch.take(one)]


def whats(changes: list[Change]) -> list[str]:
    return [change.what for change in changes]


def at(index: int) -> datetime:
    return datetime.fromtimestamp(MIDNIGHT + index * 60, UTC)


def test_a_spike_opens_one_incident_within_its_first_five_minutes(watch: CampaignWatch) -> None:
    changes = feed(watch, spike(EVENT, 60, 20, likes=20))
    assert whats(changes)[0] == "opened"
    assert "opened" not in whats(changes)[1:]
    incident = changes[0].incident
    assert incident.opened_at == at(EVENT + 5)
    assert incident.started_at == at(EVENT)
    assert (incident.kind, incident.platform, incident.observed, incident.authors) == ("spike", "twitter", 100, 100)
    assert incident.direction == "rising"
    assert incident.id == f"berimo-{at(EVENT + 5):%Y%m%dt%H%M}"


def test_it_is_resolved_once_the_counts_are_back_and_reported_once(watch: CampaignWatch) -> None:
    changes = feed(watch, spike(EVENT, 60, 20, likes=20)) + feed(watch, quiet(END, END + 240))
    assert whats(changes).count("resolved") == 1
    assert whats(changes)[-1] == "resolved"
    resolved = changes[-1].incident
    assert resolved.resolved_at is not None
    assert at(END) < resolved.resolved_at < at(END + 240)
    assert watch.incident is None


def test_a_short_dip_does_not_end_it(watch: CampaignWatch) -> None:
    feed(watch, spike(EVENT, 60, 20))
    assert "resolved" not in whats(feed(watch, quiet(END, END + 10)))
    assert "opened" not in whats(feed(watch, spike(END + 10, 30, 20)))


def test_what_comes_back_within_the_hour_is_the_same_incident(watch: CampaignWatch) -> None:
    first = feed(watch, spike(EVENT, 60, 20))[0].incident
    ended = next(index for index, one in enumerate(quiet(END, END + 240)) if "resolved" in whats(watch.take(one)))
    again = feed(watch, spike(END + ended + 1, 30, 120))
    assert "opened" not in whats(again)
    assert whats(again)[0] == "updated"
    assert again[0].incident.id == first.id
    assert again[0].incident.resolved_at is None


def test_a_new_level_is_over_after_two_days(watch: CampaignWatch) -> None:
    changes = feed(watch, spike(EVENT, 3 * DAY, 20))
    opened = changes[0].incident
    ended = next(change.incident for change in changes if change.what == "resolved")
    assert ended.resolved_at is not None
    assert ended.resolved_at - opened.opened_at <= timedelta(days=2)


def test_replayed_minutes_never_open_anything(watch: CampaignWatch) -> None:
    replayed = (replace(one, replayed=True) for one in spike(EVENT, 60, 200, likes=5000))
    assert feed(watch, replayed) == []


def test_incomplete_minutes_are_neither_judged_nor_learnt(watch: CampaignWatch) -> None:
    partly = (replace(one, completeness=0.5) for one in spike(EVENT, 60, 200))
    assert feed(watch, partly) == []
    state = watch.snapshot()
    assert state.recent[-1].start == MIDNIGHT + (EVENT - 5) * 60


def test_likes_that_pile_up_in_an_outage_are_no_spike(watch: CampaignWatch) -> None:
    back = EVENT + 120
    heap = (minute(index, 2, likes=400 if index < back + 10 else 2) for index in range(back, back + 60))
    assert feed(watch, heap) == []


def test_the_same_likes_without_an_outage_are(watch: CampaignWatch) -> None:
    changes = feed(watch, (minute(index, 2, likes=400) for index in range(EVENT, EVENT + 10)))
    assert changes[0].incident.kind == "engagement"


def test_a_dead_source_raises_nothing_when_it_dies_or_comes_back(watch: CampaignWatch) -> None:
    dead = (minute(index, 0) for index in range(EVENT, EVENT + 360))
    assert feed(watch, dead) == []
    assert feed(watch, quiet(EVENT + 360, EVENT + 1200)) == []


def test_too_few_authors_are_no_incident(make_watch: MakeWatch) -> None:
    watch = make_watch(replace(CAMPAIGN, alerts=Alerts(least_authors=30)))
    lonely = (replace(one, authors=1 if one.minute % 300 == 0 else 0) for one in spike(EVENT, 60, 20))
    assert feed(watch, lonely) == []


def test_a_smaller_budget_asks_for_more(make_watch: MakeWatch) -> None:
    opened = []
    for budget in (5.0, 0.01):
        watch = make_watch(replace(CAMPAIGN, alerts=Alerts(false_per_week=budget)))
        changes = feed(watch, spike(EVENT, 15, 9))
        opened.append("opened" in whats(changes))
    assert opened == [True, False]


def test_what_is_planned_is_kept_and_quiet(make_watch: MakeWatch) -> None:
    start = (MIDNIGHT + EVENT * 60) * 1000
    planned = Planned("فروش نوروزی", start - 3_600_000, start + 7_200_000)
    watch = make_watch(replace(CAMPAIGN, planned=(planned,)))
    incident = feed(watch, spike(EVENT, 10, 30))[0].incident
    assert (incident.planned, incident.quiet, incident.severity) == ("فروش نوروزی", "planned", "info")


def answered(incident: str, answer: str, minutes: int = 0) -> Answered:
    return Answered("berimo", incident, answer, at(EVENT + 10 + minutes))


def test_answers_are_kept_once_and_ours_is_quiet(watch: CampaignWatch) -> None:
    opened = feed(watch, spike(EVENT, 10, 20))[0].incident
    said = answered(opened.id, "ours")
    (change,) = watch.answer(said)
    assert (change.what, change.incident.answers, change.incident.quiet) == ("updated", ("ours",), "ours")
    assert watch.answer(said) == []
    assert watch.answer(answered("berimo-another", "ours")) == []


def test_silence_covers_what_opens_in_it(watch: CampaignWatch) -> None:
    watch.answer(Answered("berimo", "berimo-older", "silence", at(EVENT), until=at(EVENT + 30)))
    assert feed(watch, spike(EVENT, 10, 20))[0].incident.quiet == "silence"


def test_negative_mentions_alone_are_an_incident_of_their_own_kind(watch: CampaignWatch) -> None:
    changes = feed(watch, (minute(index, 4, mentions_negative=4) for index in range(EVENT, EVENT + 30)))
    assert changes[0].incident.kind == "negative"


def test_minutes_of_the_past_and_repeated_ones_change_nothing(watch: CampaignWatch) -> None:
    feed(watch, spike(EVENT, 10, 20))
    before = watch.snapshot()
    assert feed(watch, spike(EVENT, 10, 2000)) == []
    assert watch.snapshot() == before


def test_a_much_larger_spike_is_critical(watch: CampaignWatch) -> None:
    assert feed(watch, spike(EVENT, 10, 100))[0].incident.severity == "critical"


def test_it_carries_completeness_delay_and_rule(watch: CampaignWatch) -> None:
    late = (replace(one, delay_s=41.0, completeness=0.9995) for one in spike(EVENT, 5, 20))
    incident = feed(watch, late)[0].incident
    assert (incident.delay_s, incident.completeness, incident.rule) == (41.0, 0.9995, "watch-1 (spikes-2)")
    assert incident.false_per_week == 1.0
