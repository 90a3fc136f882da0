"""What became of targets: the changes between what was recorded and what a campaign set asks for now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from models.attribution import Target
from models.campaign import CampaignSet
from models.feedback import TargetSet
from processors.windows import rfc3339

#: What is kept of a target, as on the topic.
Kept = dict[str, str | float | None]


def kept(target: Target) -> Kept:
    """The parts of a target whose change is a change of the target; what it does not say is left out."""
    told: Kept = {
        "target": float(target.target),
        "baseline": target.baseline,
        "start": None if target.start_ms is None else rfc3339(target.start_ms),
        "deadline": rfc3339(target.deadline_ms),
        "owner": target.owner,
        "curve": " ".join(f"{weight:g}" for weight in target.curve) or None,
        "attainable_max": target.attainable_max,
        "evaluate_every": target.evaluate_every,
    }
    return {name: value for name, value in told.items() if value is not None}


def target_changes(campaigns: CampaignSet, recorded: Sequence[TargetSet], at: datetime) -> list[TargetSet]:
    """What has to be recorded so that the history ends with this set; nothing where it does already.

    ``recorded``: the history so far, oldest first. A set that comes back (a change that was taken back) has the version
    that it had before: its records then get ``~2``, ``~3``, … behind it, so that no key is ever written twice.
    """
    wanted = {(one.id, target.subject): kept(target) for one in campaigns.campaigns for target in one.targets}
    last: dict[tuple[str, str], Kept | None] = {(one.campaign, one.kpi): one.target for one in recorded}
    taken = {one.subject for one in recorded}
    return [
        _unused(TargetSet(*subject, at, campaigns.version, wanted.get(subject)), taken)
        for subject in sorted(wanted.keys() | last.keys())
        if wanted.get(subject) != last.get(subject)
    ]


def histories(recorded: Iterable[TargetSet], campaign: str) -> Mapping[str, list[TargetSet]]:
    """The history of every target that a campaign has or had, by its subject, oldest first."""
    found: dict[str, list[TargetSet]] = {}
    for one in recorded:
        if one.campaign == campaign:
            found.setdefault(one.kpi, []).append(one)
    return found


def _unused(change: TargetSet, taken: set[str]) -> TargetSet:
    found, number = change, 1
    while found.subject in taken:
        number += 1
        found = TargetSet(change.campaign, change.kpi, change.at, f"{change.version}~{number}", change.target)
    return found
