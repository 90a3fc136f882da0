"""Where mentions are asked for when an incident is explained."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from listener.board.store import MentionQuery, MentionStore
from models.mention import Mention
from processors.incidents.explain import Evidence

#: Days before, whose same hours are the usual.
_DAYS: Final = 7
#: Mentions that are looked at, of the incident and of each day before: an explanation must not wait for a million.
MOST_MENTIONS: Final = 4000
_PAGE: Final = 200


class MentionSource(Protocol):
    """Mentions of a campaign by event time, ``first`` inclusive, ``end`` exclusive."""

    async def between(self, campaign: str, first: datetime, end: datetime) -> Sequence[Mention]:
        """The newest ``MOST_MENTIONS`` of them, deleted ones left out."""


class StoredMentions:
    """The board's mention store."""

    def __init__(self, store: MentionStore) -> None:
        self._store = store

    async def between(self, campaign: str, first: datetime, end: datetime) -> Sequence[Mention]:
        """See ``MentionSource``."""
        query = MentionQuery(
            campaign, first_ms=int(first.timestamp() * 1000), end_ms=int(end.timestamp() * 1000), limit=_PAGE
        )
        found: list[Mention] = []
        async for page in self._store.pages(query):
            found += [stored.mention for stored in page.mentions]
            if len(found) >= MOST_MENTIONS:
                break
        return found[:MOST_MENTIONS]


async def evidence_of(source: MentionSource, campaign: str, first: datetime, end: datetime) -> Evidence:
    """The mentions of an incident, and of the same hours on the days before that have any."""
    now = await source.between(campaign, first, end)
    usual = []
    for back in range(1, _DAYS + 1):
        day = timedelta(days=back)
        found = await source.between(campaign, first - day, end - day)
        if found:
            usual.append(found)
    return Evidence(now, usual)
