"""The history of targets: what is recorded when, and that nothing is recorded twice."""

from datetime import UTC, datetime, timedelta

from models.attribution import Target
from models.campaign import Campaign, CampaignSet
from models.feedback import TargetSet
from processors.kpis.history import histories, kept, target_changes

AT = datetime(2026, 11, 1, tzinfo=UTC)
#: 2026-12-21T00:00:00Z
DEADLINE = 1_797_811_200_000


def campaigns(*targets: Target, name: str = "c") -> CampaignSet:
    return CampaignSet((Campaign(id=name, targets=targets),))


def leads(number: float, owner: str = "sara") -> Target:
    return Target(kpi="leads", part="mql", target=number, owner=owner, deadline_ms=DEADLINE)


def test_a_target_is_recorded_once_with_what_it_says() -> None:
    first = target_changes(campaigns(leads(600)), [], AT)
    assert [(one.campaign, one.kpi, one.at, one.version) for one in first] == [
        ("c", "leads.mql", AT, campaigns(leads(600)).version)
    ]
    assert first[0].target == {"target": 600.0, "deadline": "2026-12-21T00:00:00Z", "owner": "sara"}
    assert target_changes(campaigns(leads(600)), first, AT + timedelta(days=1)) == []


def test_a_change_and_a_removal_are_recorded() -> None:
    log = target_changes(campaigns(leads(600)), [], AT)
    log += target_changes(campaigns(leads(700)), log, AT)
    log += target_changes(campaigns(), log, AT)
    assert [one.target and one.target["target"] for one in log] == [600, 700, None]
    assert target_changes(campaigns(), log, AT) == []


def test_another_change_of_the_set_is_no_change_of_the_target() -> None:
    log = target_changes(campaigns(leads(600)), [], AT)
    wider = CampaignSet((Campaign(id="c", keywords=("x",), targets=(leads(600),)), Campaign(id="d")))
    assert target_changes(wider, log, AT) == []


def test_a_set_that_comes_back_has_keys_of_its_own() -> None:
    log: list[TargetSet] = []
    for number in (600, 700, 600, 700, 600):
        log += target_changes(campaigns(leads(number)), log, AT)
    assert len({one.subject for one in log}) == 5
    assert [one.version.partition("~")[2] for one in log] == ["", "", "2", "2", "3"]


def test_each_campaign_has_its_own_history() -> None:
    log = target_changes(
        CampaignSet((*campaigns(leads(1)).campaigns, *campaigns(leads(2), name="d").campaigns)), [], AT
    )
    assert {
        name: [one.target and one.target["target"] for one in past] for name, past in histories(log, "d").items()
    } == {"leads.mql": [2]}


def test_all_that_a_target_says_is_kept() -> None:
    full = Target(
        kpi="bounce_rate",
        target=0.35,
        owner="n",
        deadline_ms=DEADLINE,
        start_ms=DEADLINE - 86_400_000,
        baseline=0.5,
        curve=(1, 1, 2, 1, 1, 1, 0.5),
        attainable_max=0.3,
        evaluate_every=7,
    )
    assert kept(full) == {
        "target": 0.35,
        "baseline": 0.5,
        "start": "2026-12-20T00:00:00Z",
        "deadline": "2026-12-21T00:00:00Z",
        "owner": "n",
        "curve": "1 1 2 1 1 1 0.5",
        "attainable_max": 0.3,
        "evaluate_every": 7,
    }
