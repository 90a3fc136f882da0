"""What is asked of the mentions: filters, search, order and page. Shapes only; the SQL is beside it."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

Sort = Literal["time", "likes", "engagement"]
#: Sort → the column that is sorted by, largest first; equal ones by entity.
COLUMNS: Final[dict[str, str]] = {"time": "event_ms", "likes": "liked", "engagement": "engagement"}
SORTS: Final = tuple(COLUMNS)

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
#: SQLite's integers.
_MAX_INTEGER: Final = 2**63 - 1


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the sort, and the last mention's value and entity. The same on every board."""

    sort: Sort
    value: int
    entity: str

    def text(self) -> str:
        """For a URL."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The inverse of ``text``; ValueError for anything else."""
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            cursor = msgspec.json.decode(raw, type=cls)
        except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError("is none that a page gave") from error
        if abs(cursor.value) > _MAX_INTEGER:
            raise ValueError("is none that a page gave")
        return cursor


@dataclass(frozen=True)
class MentionQuery:
    """Mentions of one campaign.

    Times are epoch milliseconds of the event, ``first_ms`` inclusive, ``end_ms`` exclusive. ``words``: as somebody
    types them (``processors.search``). ``relevant``: by people's mark, else by the model.
    """

    campaign: str
    platforms: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    relevant: bool | None = None
    kind: str | None = None
    author: str | None = None
    story: str | None = None
    publisher: str | None = None
    first_ms: int | None = None
    end_ms: int | None = None
    words: str = ""
    sort: Sort = "time"
    limit: int = DEFAULT_LIMIT
    cursor: Cursor | None = field(default=None)
