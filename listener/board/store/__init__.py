"""The embedded store of mentions: built from ``listener.mentions.v1``, asked by API, page and closed minutes."""

from listener.board.store.following import Follower
from listener.board.store.query import COLUMNS, DEFAULT_LIMIT, MAX_LIMIT, SORTS, Cursor, MentionQuery, Sort
from listener.board.store.reading import Distinct, Page, Source, Stored
from listener.board.store.store import MentionStore, NotNowError

__all__ = [
    "COLUMNS",
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "SORTS",
    "Cursor",
    "Distinct",
    "Follower",
    "MentionQuery",
    "MentionStore",
    "NotNowError",
    "Page",
    "Sort",
    "Source",
    "Stored",
]
