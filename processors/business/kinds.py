"""The business topics by name: how a record is read, whose state it changes, and how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from models.audience import AudienceRow
from models.backlinks import Backlink
from models.people import PersonEvent
from models.search import SearchRow
from models.site_rank import RankRow
from models.spend import SpendRow
from models.streams import AUDIENCE, BACKLINKS, PEOPLE, SEARCH, SITE_RANK, SPEND, WEB, Stream
from models.web import WebEvent
from processors.business.contributions import Change
from processors.business.levels import fold_audience, fold_backlink, pack_level, unpack_account, unpack_domain
from processors.business.people import fold_person, pack_person, unpack_person
from processors.business.rows import fold_rank, fold_search, fold_spend, pack_row, unpack_row
from processors.business.rules import Rules
from processors.business.web import fold_session, pack_session, unpack_session


@dataclass(frozen=True)
class BusinessKind:
    """One business stream. ``fold``: (entity or None, record, rules) → what the record did."""

    stream: Stream
    record: Any
    fold: Callable[[Any, Any, Rules], Change]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]

    def decoder(self) -> "msgspec.json.Decoder[Any]":
        """Reads a record in full."""
        return msgspec.json.Decoder(self.record)


BUSINESS_KINDS: Final[dict[str, BusinessKind]] = {
    kind.stream.topic: kind
    for kind in (
        BusinessKind(WEB, WebEvent, fold_session, pack_session, unpack_session),
        BusinessKind(PEOPLE, PersonEvent, fold_person, pack_person, unpack_person),
        BusinessKind(SPEND, SpendRow, fold_spend, pack_row, unpack_row),
        BusinessKind(SEARCH, SearchRow, fold_search, pack_row, unpack_row),
        BusinessKind(SITE_RANK, RankRow, fold_rank, pack_row, unpack_row),
        BusinessKind(BACKLINKS, Backlink, fold_backlink, pack_level, unpack_domain),
        BusinessKind(AUDIENCE, AudienceRow, fold_audience, pack_level, unpack_account),
    )
}
