"""Levels counted again: the audience of accounts, and the links from one domain to another."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime

from listener.recount.live.shape import Place, Told, epoch_ms, midnight, summed, upserted
from models.outcome import Outcome

#: So many days of an account can be restated.
_DAYS = 400


class Account:
    """An own account: followers as changes from day to day, the rest as told."""

    def __init__(self) -> None:
        self.days: dict[date, Told] = {}
        self.whose: list[tuple[str, str]] = []
        self.forgotten: int | None = None

    def take(self, told: Told, *, known: bool) -> Outcome:
        """The outcome of one more row."""
        row = told.record
        whose = [(name, told.rules[name].zone) for name in told.rules.of_account(row.account_id)]
        if not known and not whose:
            return Outcome.UNMATCHED
        outcome = upserted(self.days.get(row.date), told)
        if outcome is not Outcome.COUNTED:
            return outcome
        if self.forgotten is not None and row.date < min(self.days):
            return Outcome.LATE
        self.days[row.date] = told
        self.whose = whose or self.whose
        return Outcome.COUNTED

    def figures(self) -> Counter[Place]:
        """All that the days that are kept come to."""
        return summed(self._amounts())

    def forget(self) -> bool:
        """Days beyond the last 400 cannot be restated any more; how many followers there were is kept."""
        gone = sorted(self.days)[:-_DAYS]
        for day in gone:
            followers = self.days.pop(day).record.followers
            self.forgotten = followers if followers is not None else self.forgotten or 0
        return bool(gone)

    def _amounts(self) -> Iterator[tuple[Place, int]]:
        for campaign, zone in self.whose:
            level = self.forgotten or 0
            for day in sorted(self.days):
                row, at = self.days[day].record, midnight(day, zone)
                if row.followers is not None:
                    yield Place(campaign, at, row.platform, "followers"), row.followers - level
                    level = row.followers
                yield Place(campaign, at, row.platform, "reach"), row.reach or 0
                yield Place(campaign, at, row.platform, "impressions"), row.impressions or 0


class Domain:
    """All links from one domain to another: each while it stands, the domain while any does."""

    def __init__(self) -> None:
        self.links: dict[str, list[Told]] = {}
        self.whose: list[tuple[str, str]] = []

    def take(self, told: Told, *, known: bool) -> Outcome:
        """The outcome of one more row."""
        whose = [(name, told.rules[name].zone) for name in told.rules.of_site(told.record.target_domain)]
        if not known and not whose:
            return Outcome.UNMATCHED
        before = self.links.get(told.record.source_url, [])
        outcome = upserted(before[-1] if before else None, told)
        if outcome is Outcome.COUNTED:
            self.links[told.record.source_url] = [*before, told]
            self.whose = whose or self.whose
        return outcome

    def figures(self) -> Counter[Place]:
        """All that the links come to."""
        return summed(self._amounts())

    def forget(self) -> bool:
        """Nothing, while the domain is kept."""
        return False

    def _amounts(self) -> Iterator[tuple[Place, int]]:
        for campaign, zone in self.whose:
            moves: list[tuple[int, int]] = []
            for history in self.links.values():
                first, lost = _first(history, zone), _lost(history, zone)
                yield Place(campaign, first, "all", "links"), 1
                yield Place(campaign, first, "all", "new"), 1
                moves.append((first, 0))
                if lost is not None:
                    gone = max(first, lost)
                    yield Place(campaign, gone, "all", "links"), -1
                    yield Place(campaign, gone, "all", "lost"), 1
                    moves.append((gone, 1))
            for ms, change in _standing(moves):
                yield Place(campaign, ms, "all", "domains"), change


def _standing(moves: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(moment, change) whenever the first link comes (0) or the last one goes (1); at one moment links come first."""
    links = 0
    for ms, goes in sorted(moves):
        if goes:
            links -= 1
            if links == 0:
                yield ms, -1
        else:
            links += 1
            if links == 1:
                yield ms, 1


def _first(history: list[Told], zone: str) -> int:
    """When the link came: as told last, else as told (or first seen) before."""
    said = [one.record.first_seen for one in history if one.record.first_seen]
    return _moment(said[-1] if said else history[0].record.observed_at.isoformat(), zone)


def _lost(history: list[Told], zone: str) -> int | None:
    """Since when the link is gone; None: it stands. ``true`` begins when it was first told, unless a time is known."""
    since: str | None = None
    for one in history:
        lost = one.record.lost
        if isinstance(lost, str):
            since = lost
        elif lost is True:
            since = since or one.record.observed_at.isoformat()
        else:
            since = None
    return None if since is None else _moment(since, zone)


def _moment(text: str, zone: str) -> int:
    if "T" in text:
        return epoch_ms(datetime.fromisoformat(text))
    return midnight(date.fromisoformat(text), zone)
