"""``alerts`` and ``planned`` of a campaign file."""

from pathlib import Path

import pytest

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from models.campaign import Alerts, Campaign, Planned


def load(directory: Path, more: str) -> Campaign:
    (directory / "c.yaml").write_text(f"id: berimo\nkeywords: [بریمو]\n{more}", encoding="utf-8")
    (campaign,) = load_campaigns(directory).campaigns
    return campaign


def test_defaults_leave_older_versions_as_they_were(tmp_path: Path) -> None:
    campaign = load(tmp_path, "")
    assert (campaign.alerts, campaign.planned) == (Alerts(1.0, 5, 3), ())


def test_settings_and_plans_are_read(tmp_path: Path) -> None:
    campaign = load(
        tmp_path,
        "alerts: {false_per_week: 0.5, least_mentions: 20}\n"
        "planned:\n- {name: فروش نوروزی, start: 2026-03-15, end: 2026-03-25}\n",
    )
    assert campaign.alerts == Alerts(0.5, 20, 3)
    # From Tehran's midnight to the end of the last day.
    assert campaign.planned == (Planned("فروش نوروزی", 1_773_520_200_000, 1_774_470_600_000),)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("alerts: 3", "3: alerts: must be a mapping"),
        ("alerts: {false_per_week: 0}", "false_per_week: 0 must be a number above 0"),
        ("alerts: {false_per_week: often}", "false_per_week: often must be a number above 0"),
        ("alerts: {least_mentions: 2.5}", "least_mentions: 2.5 must be a whole number above 0"),
        ("alerts: {sensitivity: high}", "unknown field"),
        ("planned: {name: a}", "planned: must be a list"),
        ("planned: [a]", "planned: must be a list of mappings"),
        ("planned: [{name: a, start: 2026-03-15}]", "planned.end: is missing"),
        ("planned: [{name: a, start: 2026-03-15, end: 2026-03-01}]", "end: is not after start"),
        ("planned: [{name: a, start: 1405-01-01, end: 2026-03-01}]", "looks like a Persian"),
    ],
)
def test_mistakes_are_named(more: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"c\.yaml:3") as raised:
        load(tmp_path, more + "\n")
    assert message in str(raised.value)
