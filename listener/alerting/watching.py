"""Every campaign's watch, fed from the records of Kafka; knows nothing of delivery."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from models.campaign import DEFAULT_TIMEZONE, Campaign
from models.feedback import Answered
from models.incident import Incident, Snapshot
from models.series import ClosedMinute
from processors.incidents import RULE, CampaignWatch, Change, pack_state, unpack_state
from processors.incidents.explain import History
from processors.incidents.silence import Silence, SilenceState, take_row

_log = logging.getLogger("listener.alerting.watching")

#: The "campaign" of what concerns all of them; no campaign can be called so.
ALL: Final = "*"
SNAPSHOT_S: Final = 900
#: Six weeks of minutes teach: the longest record halves in four.
LEARN_S: Final = 42 * 86_400.0
_ROW: Final = 300


@dataclass
class _Totals:
    """Mentions by platform of the row being filled, over all campaigns."""

    start: int
    platforms: dict[str, int] = field(default_factory=dict)
    live: bool = True


class Watching:
    """Watches by campaign. ``campaigns``: those configured now; others are learnt, and tell nothing.

    A board may read old minutes before it hears of the campaign, or a campaign may come back to the files: what is
    learnt from its minutes must not depend on that.
    """

    def __init__(self, campaigns: Callable[[], Mapping[str, Campaign]]) -> None:
        self._campaigns = campaigns
        self._histories: dict[str, History] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._kept: dict[str, int] = {}
        self._answers: list[Answered] = []
        self._silence = SilenceState()
        self._totals: _Totals | None = None

    def restore(self, snapshot: Snapshot) -> None:
        """Begin from what was remembered; a snapshot of another rule is left out, and the watch learns anew."""
        if snapshot.rule != RULE:
            _log.warning(
                "the snapshot of %s is of rule %s, this is %s: learning anew", snapshot.campaign, snapshot.rule, RULE
            )
            return
        self._kept[snapshot.campaign] = snapshot.through
        if snapshot.campaign == ALL:
            self._silence = msgspec.msgpack.decode(snapshot.state, type=SilenceState)
        else:
            self._snapshots[snapshot.campaign] = snapshot

    @property
    def open(self) -> Iterator[Incident]:
        """All incidents that are open."""
        known = self._campaigns()
        for name, history in self._histories.items():
            if name in known and (found := history.watch.incident) is not None:
                yield found

    def history(self, campaign: str) -> History | None:
        """The watch of a campaign with its last hours."""
        return self._histories.get(campaign)

    def take(self, minute: ClosedMinute) -> list[Change]:
        """The changes that a closed minute makes."""
        campaign = self._campaigns().get(minute.campaign)
        changes = list(self._count(minute))
        history = self._history(minute.campaign, campaign)
        history.before(minute)
        found = history.watch.take(minute)
        return changes + found if campaign is not None else changes

    def answer(self, answered: Answered) -> list[Change]:
        """The changes that an answer makes."""
        self._answers.append(answered)
        history = self._histories.get(answered.campaign)
        return [] if history is None else history.watch.answer(answered)

    def snapshots(self, position: int) -> Iterator[Snapshot]:
        """Those that are due; ``position``: the offset behind the last minute taken."""
        for name, history in self._histories.items():
            through = history.watch.through
            if through is not None and through - self._kept.get(name, 0) >= SNAPSHOT_S:
                self._kept[name] = through
                yield Snapshot(name, through, position, pack_state(history.watch.snapshot()), RULE)
        through = self._silence.through
        if through is not None and through - self._kept.get(ALL, 0) >= SNAPSHOT_S:
            self._kept[ALL] = through
            yield Snapshot(ALL, through, position, msgspec.msgpack.encode(self._silence), RULE)

    def _history(self, name: str, campaign: Campaign | None) -> History:
        """The watch of a campaign, with the settings that hold now."""
        history = self._histories.get(name)
        if history is None:
            return self._start(campaign or Campaign(id=name))
        if campaign is not None and campaign.timezone != history.watch.campaign.timezone:
            self._histories[name] = history = History(CampaignWatch(campaign, history.watch.snapshot()))
        elif campaign is not None:
            history.watch.campaign = campaign
        return history

    def _start(self, campaign: Campaign) -> History:
        kept = self._snapshots.pop(campaign.id, None)
        watch = CampaignWatch(campaign, None if kept is None else unpack_state(kept.state))
        for answered in self._answers:
            if answered.campaign == campaign.id:
                watch.answer(answered)
        self._histories[campaign.id] = history = History(watch)
        return history

    def _count(self, minute: ClosedMinute) -> Iterator[Change]:
        """Sum mentions by platform over all campaigns; at the end of a row, sources that fell silent or are back."""
        start = minute.minute - minute.minute % _ROW
        totals = self._totals
        if totals is not None and start > totals.start:
            for silence in take_row(self._silence, totals.start, totals.platforms, DEFAULT_TIMEZONE, live=totals.live):
                yield Change("opened" if silence.back is None else "resolved", _silent(silence))
        if totals is None or start > totals.start:
            totals = self._totals = _Totals(start)
        if start < totals.start:
            return
        totals.live &= not minute.replayed
        for platform, counts in minute.counts.items():
            amount = counts.get("mentions", 0) + counts.get("press_mentions", 0)
            totals.platforms[platform] = totals.platforms.get(platform, 0) + amount


def _silent(found: Silence) -> Incident:
    since, noticed = (datetime.fromtimestamp(one, UTC) for one in (found.since, found.noticed))
    back = None if found.back is None else datetime.fromtimestamp(found.back, UTC)
    return Incident(
        campaign=ALL,
        id=f"{found.platform}-{noticed:%Y%m%dt%H%M}",
        kind="source_silent",
        severity="warning",
        started_at=since,
        opened_at=noticed,
        updated_at=back or noticed,
        observed=0,
        # What is owed counts half of the usual.
        expected=2 * found.owed,
        direction="falling" if back is None else "rising",
        platform=found.platform,
        resolved_at=back,
        rule=RULE,
    )
