"""The counterfactual, honestly: the rule is run again, from before it began, on counts without somebody's mentions."""

from collections import Counter, deque
from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from models.mention import Mention
from models.series import ClosedMinute
from processors.incidents.state import pack_state, unpack_state
from processors.incidents.watch import CampaignWatch

#: Seconds between two states that are kept, and how many: a run can begin up to six hours back.
_APART: Final = 2 * 3600
_KEPT: Final = 4
_MINUTE: Final = 60


class History:
    """A watch with its last hours. ``watch`` is fed through ``take`` of this."""

    def __init__(self, watch: CampaignWatch) -> None:
        self.watch = watch
        self._states: deque[tuple[int, bytes]] = deque(maxlen=_KEPT)
        self._minutes: deque[ClosedMinute] = deque(maxlen=_KEPT * _APART // _MINUTE)

    def before(self, minute: ClosedMinute) -> None:
        """Note a minute that the watch is about to take."""
        through = self.watch.through
        if through is not None and minute.minute <= through:
            return
        if through is not None and (not self._states or through - self._states[-1][0] >= _APART):
            self._states.append((through, pack_state(self.watch.snapshot())))
        self._minutes.append(minute)

    def fires_without(self, started: int, opened: int, removed: Iterable[Mention], platform: str = "") -> bool | None:
        """Whether an incident opens by ``opened`` when ``removed`` mentions, or a whole platform, had not been.

        None where no state from before ``started`` is kept (after a restart, or for a start too long ago).
        """
        state = next((one for one in reversed(self._states) if one[0] < started), None)
        if state is None:
            return None
        watch = CampaignWatch(self.watch.campaign, unpack_state(state[1]))
        if watch.incident is not None:
            return None
        by_minute = _by_minute(removed)
        for minute in list(self._minutes):
            if minute.minute + _MINUTE > opened:
                break
            if any(change.what == "opened" for change in watch.take(_without(minute, by_minute, platform))):
                return True
        return False


def _by_minute(mentions: Iterable[Mention]) -> dict[int, list[Mention]]:
    found: dict[int, list[Mention]] = {}
    for mention in mentions:
        at = int(mention.event_time.timestamp())
        found.setdefault(at - at % _MINUTE, []).append(mention)
    return found


def _without(minute: ClosedMinute, removed: dict[int, list[Mention]], platform: str) -> ClosedMinute:
    """The minute with less in it; nothing falls below zero."""
    gone = removed.get(minute.minute, ())
    if not gone and not platform:
        return minute
    counts = {name: dict(amounts) for name, amounts in minute.counts.items() if name != platform}
    for (name, metric), amount in Counter(_metrics(gone)).items():
        if name in counts:
            counts[name][metric] = max(0, counts[name].get(metric, 0) - amount)
    share = _left(minute, counts)
    authors = {mention.author for mention in gone if mention.author}
    stories = {mention.story for mention in gone if mention.story}
    # Of a whole platform the distinct authors are not known: they shrink as the mentions do.
    kept_authors = round(minute.authors * share) if platform else max(0, minute.authors - len(authors))
    kept_stories = round(minute.stories * share) if platform else max(0, minute.stories - len(stories))
    return replace(minute, counts=counts, authors=kept_authors, stories=kept_stories)


def _metrics(gone: Collection[Mention]) -> Iterable[tuple[str, str]]:
    for mention in gone:
        press = mention.kind == "article"
        yield mention.platform, "press_mentions" if press else "mentions"
        if mention.sentiment is not None:
            yield mention.platform, f"{'press' if press else 'mentions'}_{mention.sentiment}"


def _left(minute: ClosedMinute, counts: dict[str, dict[str, int]]) -> float:
    before = minute.total("mentions") + minute.total("press_mentions")
    after = sum(amounts.get("mentions", 0) + amounts.get("press_mentions", 0) for amounts in counts.values())
    return after / before if before else 0.0
