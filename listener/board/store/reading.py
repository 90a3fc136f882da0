"""Questions to the tables: pages, top posts and sources, distinct authors and stories."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from listener.board.store.query import COLUMNS, Cursor, MentionQuery
from models.mention import Mention, unpack_mention
from models.post import COUNTERS, Counts
from processors.search import search_query

_RELEVANT: Final = "COALESCE(marked, relevant)"
_ROW: Final = f"record, {', '.join(COUNTERS)}, liked, engagement, event_ms, marked, entity"
_MINUTE_MS: Final = 60_000


class Stored(NamedTuple):
    """A mention with its newest counters; ``marked``: what people said about its relevance, None for nothing."""

    mention: Mention
    engagement: int
    marked: bool | None

    @property
    def relevant(self) -> bool | None:
        """By people's mark, else by the model."""
        return self.mention.relevant if self.marked is None else self.marked


class Page(NamedTuple):
    """Mentions in order, and where the next page begins; None at the end."""

    mentions: list[Stored]
    following: Cursor | None


class Source(NamedTuple):
    """Who says most: a publisher's domain or an author's hash, and what came of it."""

    name: str
    mentions: int
    engagement: int


class Distinct(NamedTuple):
    """How many authors and stories; mentions without an author or story are left out."""

    authors: int
    stories: int


def page(db: sqlite3.Connection, query: MentionQuery) -> Page:
    """One page. Raises sqlite3.OperationalError when it is interrupted."""
    where, values = _conditions(query)
    column = COLUMNS[query.sort]
    if query.cursor is not None:
        where.append(f"({column}, entity) < (?, ?)")
        values += query.cursor.value, query.cursor.entity
    rows = db.execute(
        f"SELECT {_ROW} FROM mention WHERE {' AND '.join(where)} ORDER BY {column} DESC, entity DESC LIMIT ?",  # noqa: S608
        [*values, query.limit + 1],
    ).fetchall()
    following = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        *_, liked, engagement, event_ms, _marked, entity = rows[-1]
        value = {"liked": liked, "engagement": engagement, "event_ms": event_ms}[column]
        following = Cursor(query.sort, value, entity)
    return Page(list(map(_stored, rows)), following)


def count(db: sqlite3.Connection, query: MentionQuery) -> int:
    """How many mentions match, whatever the page."""
    where, values = _conditions(query)
    return int(db.execute(f"SELECT COUNT(*) FROM mention WHERE {' AND '.join(where)}", values).fetchone()[0])  # noqa: S608


def one(db: sqlite3.Connection, campaign: str, entity: str) -> Stored | None:
    """One mention."""
    row = db.execute(
        f"SELECT {_ROW} FROM mention WHERE campaign = ? AND entity = ? AND stamp IS NOT NULL",  # noqa: S608
        (campaign, entity),
    ).fetchone()
    return None if row is None else _stored(row)


def top_sources(db: sqlite3.Connection, query: MentionQuery, by: str) -> list[Source]:
    """The publishers, authors or platforms (``by``, in the singular) with most mentions, then most engagement."""
    if by not in ("publisher", "author", "platform"):
        raise ValueError(f"{by!r} is neither publisher nor author nor platform")
    where, values = _conditions(query)
    rows = db.execute(
        f"SELECT {by}, COUNT(*) AS n, SUM(engagement) AS e FROM mention WHERE {' AND '.join(where)} "  # noqa: S608
        f"AND {by} IS NOT NULL GROUP BY {by} ORDER BY n DESC, e DESC, {by} LIMIT ?",
        [*values, query.limit],
    )
    return [Source(*row) for row in rows]


def distinct(db: sqlite3.Connection, query: MentionQuery) -> Distinct:
    """Distinct authors and stories over a range."""
    where, values = _conditions(query)
    row = db.execute(
        f"SELECT COUNT(DISTINCT author), COUNT(DISTINCT story) FROM mention WHERE {' AND '.join(where)}",  # noqa: S608
        values,
    ).fetchone()
    return Distinct(*row)


def distinct_minutes(db: sqlite3.Connection, campaign: str, first_ms: int, end_ms: int) -> dict[int, Distinct]:
    """Distinct authors and stories per UTC minute, by its start in epoch seconds; minutes without mentions left out."""
    rows = db.execute(
        f"SELECT event_ms / {_MINUTE_MS} * 60, COUNT(DISTINCT author), COUNT(DISTINCT story) FROM mention "  # noqa: S608
        "WHERE campaign = ? AND stamp IS NOT NULL AND event_ms >= ? AND event_ms < ? GROUP BY 1",
        (campaign, first_ms, end_ms),
    )
    return {minute: Distinct(authors, stories) for minute, authors, stories in rows}


def press_stories(db: sqlite3.Connection, campaign: str, start_ms: int | None, end_ms: int | None) -> int:
    """Distinct stories of the articles that mention a campaign, by time of publication."""
    return _counted(db, "story", "article", campaign, start_ms, end_ms)


def post_authors(db: sqlite3.Connection, campaign: str, start_ms: int | None, end_ms: int | None) -> int:
    """Distinct authors of the posts that mention a campaign, by time of creation."""
    return _counted(db, "author", "post", campaign, start_ms, end_ms)


def potential_reach(db: sqlite3.Connection, campaign: str, start_ms: int | None, end_ms: int | None) -> int | None:
    """The followers of the distinct authors of a span's posts, of each the most that was told; None without any."""
    ((found,),) = db.execute(
        "SELECT SUM(most) FROM (SELECT MAX(followers) AS most FROM mention WHERE stamp IS NOT NULL AND kind = 'post' "
        "AND author IS NOT NULL AND followers IS NOT NULL AND campaign = ? AND event_ms >= ? AND event_ms < ? "
        "GROUP BY author)",
        (campaign, *_between(start_ms, end_ms)),
    )
    return None if found is None else int(found)


def _between(start_ms: int | None, end_ms: int | None) -> tuple[int, int]:
    return -(1 << 62) if start_ms is None else start_ms, 1 << 62 if end_ms is None else end_ms


def _counted(
    db: sqlite3.Connection, what: str, kind: str, campaign: str, start_ms: int | None, end_ms: int | None
) -> int:
    ((found,),) = db.execute(
        f"SELECT COUNT(DISTINCT {what}) FROM mention WHERE stamp IS NOT NULL AND kind = ? AND campaign = ? "  # noqa: S608
        "AND event_ms >= ? AND event_ms < ?",
        (kind, campaign, *_between(start_ms, end_ms)),
    )
    return int(found)


def _conditions(query: MentionQuery) -> tuple[list[str], list[Any]]:
    where, values = ["campaign = ?", "stamp IS NOT NULL"], [query.campaign]
    parts: list[tuple[str, Sequence[Any]]] = [
        (f"platform IN ({', '.join('?' * len(query.platforms))})", query.platforms),
        (f"sentiment IN ({', '.join('?' * len(query.sentiments))})", query.sentiments),
        ("event_ms >= ?", () if query.first_ms is None else (query.first_ms,)),
        ("event_ms < ?", () if query.end_ms is None else (query.end_ms,)),
        (f"{_RELEVANT} = ?", () if query.relevant is None else (int(query.relevant),)),
    ]
    for column in ("kind", "author", "story", "publisher"):
        wanted = getattr(query, column)
        parts.append((f"{column} = ?", () if wanted is None else (wanted,)))
    for condition, given in parts:
        if given:
            where.append(condition)
            values += given
    if query.words.strip():
        words = search_query(query.words)
        # Punctuation alone is found nowhere.
        where.append("0" if words is None else "id IN (SELECT rowid FROM texts WHERE texts MATCH ?)")
        values += [] if words is None else [words]
    return where, values


def _stored(row: Sequence[Any]) -> Stored:
    record, *counters = row[: 1 + len(COUNTERS)]
    engagement, marked = row[-4], row[-2]
    mention = replace(unpack_mention(record), counts=Counts(*counters))
    return Stored(mention, engagement, None if marked is None else bool(marked))
