"""What a source sees of one post until the day ends: creation, engagement, edits, the end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Final

from listener.sample.drafts import Draft
from listener.sample.engagement import Popularity
from listener.sample.grammar import grammar
from listener.sample.habits import NEWSROOM
from listener.sample.people import BRAND_ACCOUNTS
from listener.sample.records import Record, bare_record, content_record
from models.post import Op

#: Posts that people may edit, and their share of edited ones.
_EDITABLE: Final = frozenset({"telegram", "instagram", "eitaa", "bale", "ninisite", "forum", "mastodon", "facebook"})
_EDITED: Final = {True: 0.14, False: 0.02}
#: Of the edited posts about a brand: those that no longer name it.
_WITHDRAWN: Final = 0.4
_DELETED: Final = {True: 0.03, False: 0.01}
#: Of the deleted: a snapshot that the source had taken before, and a post that comes back.
_SEEN_AFTER_DELETE: Final = 0.3
_RESTORED: Final = 0.1
#: Unwatched posts are rarely looked at again by a source.
_REVISITED: Final = 0.09
_POPULAR: Final = 5_000

#: Seconds until a source finds a new post: streaming ones soon, crawled ones at their next visit.
_FOUND_SOON: Final = (8, 240)
_FOUND_BY_CRAWL: Final = (600, 3600)
_CRAWLED: Final = frozenset({"ninisite", "forum", "aparat", "youtube", "reddit"})

_BRANDS: Final = frozenset(handle for handle, _ in BRAND_ACCOUNTS.values())

#: An observed record and when it was observed.
Observed = tuple[datetime, Record]


def life(rng: Random, draft: Draft, end: datetime) -> Iterator[Observed]:
    """All records of a post that are observed before ``end``, in the order of observation."""
    return ((observed, record) for observed, record in _Life(rng, draft).records(end) if observed < end)


class _Life:
    def __init__(self, rng: Random, draft: Draft) -> None:
        self._rng = rng
        self._draft = draft
        self._text = draft.text
        self._popularity = Popularity(rng, draft)

    def records(self, end: datetime) -> Iterator[Observed]:
        found = self._draft.created + self._draft.found_after + self._seconds(*self._delay())
        yield self._content("create", found)
        edited, deleted = self._edit_time(found), self._delete_time(found)
        events = [(visit, self._snapshot) for visit in self._visits(found, end)]
        if edited:
            events.append((edited, self._edit))
        for moment, see in sorted(events, key=itemgetter(0)):
            if not deleted or moment < deleted:
                yield see(moment)
        if deleted:
            yield deleted, bare_record(self._rng, self._draft, "delete", deleted)
            yield from self._afterlife(deleted)

    def _delay(self) -> tuple[int, int]:
        return _FOUND_BY_CRAWL if self._draft.platform in _CRAWLED else _FOUND_SOON

    def _visits(self, found: datetime, end: datetime) -> Iterator[datetime]:
        """When the source looks again: at growing intervals, often for what everybody talks about."""
        rng, draft = self._rng, self._draft
        if not draft.watched and rng.random() > _REVISITED:
            return
        popular = draft.likes > _POPULAR
        interval, growth = (8, 1.06) if popular else (rng.uniform(25, 70), 3.1)
        moment = found
        while moment < end:
            moment += self._seconds(round(interval * 50), round(interval * 70))
            interval *= growth
            yield moment

    def _edit_time(self, found: datetime) -> datetime | None:
        draft = self._draft
        if (
            draft.platform not in _EDITABLE
            or draft.author.handle in _BRANDS
            or self._rng.random() > _EDITED[draft.watched]
        ):
            return None
        return found + self._seconds(900, 7200)

    def _delete_time(self, found: datetime) -> datetime | None:
        if self._rng.random() > _DELETED[self._draft.watched]:
            return None
        return found + self._seconds(600, 5 * 3600)

    def _edit(self, observed: datetime) -> Observed:
        """A correction; or a watched post drops the brand's name, and another one adds it."""
        edits, rng = grammar("edits"), self._rng
        writer = "news_" if self._draft.author.habits is NEWSROOM else ""
        if not self._draft.watched:
            brand = grammar(rng.choice(tuple(BRAND_ACCOUNTS))).write("brand", rng)
            self._text += "\n" + edits.write(f"{writer}postscript", rng, brand=brand)
        elif rng.random() < _WITHDRAWN:
            self._text = edits.write(f"{writer}withdrawn", rng)
        else:
            self._text += "\n" + edits.write(f"{writer}correction", rng)
        return self._content("update", observed)

    def _afterlife(self, deleted: datetime) -> Iterator[Observed]:
        fate = self._rng.random()
        if fate < _SEEN_AFTER_DELETE:
            yield self._snapshot(deleted + self._seconds(30, 900))
        elif fate < _SEEN_AFTER_DELETE + _RESTORED:
            yield self._content("create", deleted + self._seconds(1800, 7200))

    def _content(self, op: Op, observed: datetime) -> Observed:
        counts = self._popularity.after(observed - self._draft.created)
        return observed, content_record(self._rng, self._draft, op, observed, self._text, counts)

    def _snapshot(self, observed: datetime) -> Observed:
        counts = self._popularity.after(observed - self._draft.created)
        return observed, bare_record(self._rng, self._draft, "engagement", observed, counts)

    def _seconds(self, low: int, high: int) -> timedelta:
        return timedelta(seconds=self._rng.randint(low, high))
