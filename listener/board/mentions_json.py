"""A mention as the API has it: JSON, and a row of a table for those who work in spreadsheets."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from listener.board.store import Stored
from models.mention import Label, Mention
from models.post import COUNTERS, Counts


class Reason(Struct, frozen=True):
    """Why it matches: the campaign's keyword or account, the rule that it took, and where it stands in ``text``.

    ``start:end`` are code points, ``found`` is what stands there; 0:0 when the account is the author's.
    """

    keyword: str
    rule: str
    start: int
    end: int
    found: str


class MentionOut(Struct, frozen=True):
    """One mention. Counters are the newest known; null is unknown. ``author`` is a keyed hash, never a name."""

    entity: str
    kind: str
    platform: str
    event_time: datetime
    observed_at: datetime
    text: str
    title: str | None
    url: str | None
    lang: str | None
    reasons: list[Reason]
    counts: Counts
    engagement: int
    sentiment: Label | None
    scores: dict[str, float]
    relevant: bool | None
    relevance: float | None
    marked: bool | None
    story: str | None
    author: str | None
    followers: int | None
    publisher: str | None
    repost: bool


class MentionPage(Struct, frozen=True):
    """A page of mentions. ``next``: cursor of the next page, null at the end; ``complete``: the store has read all."""

    campaign: str
    mentions: list[MentionOut]
    next: str | None
    complete: bool


def outward(stored: Stored) -> MentionOut:
    """As the API has it."""
    mention = stored.mention
    return MentionOut(
        entity=mention.entity,
        kind=mention.kind,
        platform=mention.platform,
        event_time=mention.event_time,
        observed_at=mention.observed_at,
        text=mention.text,
        title=mention.title,
        url=mention.url,
        lang=mention.lang,
        reasons=reasons(mention),
        counts=mention.counts,
        engagement=stored.engagement,
        sentiment=mention.sentiment,
        scores=mention.scores,
        relevant=stored.relevant,
        relevance=mention.relevance,
        marked=stored.marked,
        story=mention.story,
        author=mention.author,
        followers=mention.followers,
        publisher=mention.publisher,
        repost=mention.repost,
    )


def reasons(mention: Mention) -> list[Reason]:
    """Why it matches."""
    return [
        Reason(one.keyword, one.rule, one.start, one.end, mention.text[one.start : one.end]) for one in mention.matches
    ]


#: Spreadsheets take a cell that begins so for a formula, also where it is written in full width.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP: CSV injection): an apostrophe goes before it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _joined(parts: list[str]) -> str:
    return ", ".join(dict.fromkeys(parts))


#: Columns of a table; the times are those of the campaign's clock and of UTC.
_TEXTS: Final[dict[str, Callable[[MentionOut], str | None]]] = {
    "platform": lambda one: one.platform,
    "kind": lambda one: one.kind,
    "title": lambda one: one.title,
    "text": lambda one: one.text,
    "url": lambda one: one.url,
    "keywords": lambda one: _joined([reason.keyword for reason in one.reasons]),
    "rules": lambda one: _joined([reason.rule for reason in one.reasons]),
    "sentiment": lambda one: one.sentiment,
    "relevant": lambda one: {True: "yes", False: "no", None: None}[one.relevant],
    "publisher": lambda one: one.publisher,
    "author": lambda one: one.author,
    "story": lambda one: one.story,
    "entity": lambda one: one.entity,
}
COLUMNS: Final = ("time", "time_utc", *_TEXTS, *COUNTERS, "engagement", "followers")


def table_row(one: MentionOut, zone: ZoneInfo) -> list[str | int]:
    """A row in the order of ``COLUMNS``; what is unknown is empty."""
    local = one.event_time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    utc = one.event_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    texts = [safe_cell(read(one) or "") for read in _TEXTS.values()]
    numbers = [*one.counts.values(), one.engagement, one.followers]
    return [local, utc, *texts, *("" if number is None else number for number in numbers)]
