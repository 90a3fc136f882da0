"""What a URL asks of the mentions. Every mistake is answered with the name of the parameter and what it may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, get_args

from aiohttp import web

from listener.board.store import DEFAULT_LIMIT, MAX_LIMIT, SORTS, Cursor, MentionQuery
from models.mention import LABELS, Kind
from models.post import PLATFORMS
from processors.search import MAX_QUERY
from processors.windows import to_ms

KINDS: Final[tuple[str, ...]] = get_args(Kind)
_MAX_NAME: Final = 512
_BOOLEANS: Final = {"true": True, "false": False}

T = TypeVar("T")


class Parameters(Protocol):
    """A query string."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """All values of a parameter."""

    def __iter__(self) -> Any: ...


@dataclass(frozen=True)
class Parameter:
    """A parameter as the API's description has it; ``schema`` is JSON Schema."""

    name: str
    schema: Mapping[str, Any]
    description: str


_TIME: Final = {"type": "string", "format": "date-time"}
_NAME: Final = {"type": "string", "maxLength": _MAX_NAME}

FILTERS: Final = (
    Parameter("q", {"type": "string", "maxLength": MAX_QUERY}, "Words that must all be there, however they are spelt."),
    Parameter(
        "platform", {"type": "array", "items": {"enum": list(PLATFORMS)}}, "Platforms, repeated or with commas between."
    ),
    Parameter("sentiment", {"type": "array", "items": {"enum": list(LABELS)}}, "Sentiments toward the campaign."),
    Parameter("relevant", {"type": "boolean"}, "By people's mark, else by the model."),
    Parameter("kind", {"enum": list(KINDS)}, "Posts or press articles."),
    Parameter("author", _NAME, "The author's keyed hash."),
    Parameter("story", _NAME, "Story id: near-duplicates of one text."),
    Parameter("publisher", _NAME, "The publisher's domain."),
    Parameter("from", _TIME, "First moment of the event, with an offset."),
    Parameter("to", _TIME, "The event is before this moment."),
)
SORT: Final = Parameter("sort", {"enum": list(SORTS), "default": "time"}, "Largest first: newest, most likes, …")
LIMIT: Final = Parameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}, "How many."
)
CURSOR: Final = Parameter("cursor", {"type": "string"}, "`next` of the page before; with the same sort.")
BOM: Final = Parameter("bom", {"type": "boolean", "default": False}, "Begin with a byte order mark, as Excel wants.")

PAGE: Final = (*FILTERS, SORT, LIMIT, CURSOR)
EXPORT: Final = (*FILTERS, SORT)
CSV: Final = (*EXPORT, BOM)
TOP: Final = (*FILTERS, LIMIT)


class Asked:
    """The parameters of one request, checked one by one. Every method raises HTTPBadRequest naming the parameter."""

    def __init__(self, given: Parameters, known: Sequence[Parameter]) -> None:
        self._given = given
        names = [parameter.name for parameter in known]
        for name in given:
            if name not in names:
                raise web.HTTPBadRequest(text=f"`{_clean(name)}` is no parameter: there are {', '.join(names)}")

    def query(self, campaign: str) -> MentionQuery:
        """The mentions of a campaign that are asked for."""
        sort = self.one("sort", _choice(SORTS)) or "time"
        cursor = self.one("cursor", Cursor.parse)
        if cursor is not None and cursor.sort != sort:
            raise web.HTTPBadRequest(text=f"`cursor` is of a page sorted by {cursor.sort}, but `sort` is {sort}")
        return MentionQuery(
            campaign,
            platforms=self._many("platform", PLATFORMS),
            sentiments=self._many("sentiment", LABELS),
            relevant=self.one("relevant", boolean),
            kind=self.one("kind", _choice(KINDS)),
            author=self.one("author", _name),
            story=self.one("story", _name),
            publisher=self.one("publisher", _name),
            first_ms=self.one("from", moment_ms),
            end_ms=self.one("to", moment_ms),
            words=self.one("q", _words) or "",
            sort=sort,  # type: ignore[arg-type]
            limit=self.one("limit", _limit) or DEFAULT_LIMIT,
            cursor=cursor,
        )

    def one(self, name: str, read: Callable[[str], T]) -> T | None:
        """A parameter that may be there once, as ``read`` (ValueError says what it must be); None without it."""
        values = [_clean(value) for value in self._given.getall(name, []) if value != ""]
        if not values:
            return None
        if len(values) > 1:
            raise web.HTTPBadRequest(text=f"`{name}` is there {len(values)} times, but may be there once")
        try:
            return read(values[0])
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"`{name}` is {values[0][:80]!r}, but {error}") from error

    def _many(self, name: str, choices: Sequence[str]) -> tuple[str, ...]:
        values = [one for value in self._given.getall(name, []) for one in _clean(value).split(",") if one]
        for value in values:
            if value not in choices:
                raise web.HTTPBadRequest(text=f"`{name}` is {value[:80]!r}, but must be of {', '.join(choices)}")
        return tuple(dict.fromkeys(values))


def boolean(text: str) -> bool:
    """``true`` or ``false``."""
    if text not in _BOOLEANS:
        raise ValueError("must be true or false")
    return _BOOLEANS[text]


def moment_ms(text: str) -> int:
    """Epoch milliseconds of a moment with an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            "must be a time with an offset, such as 2026-11-20T10:00:00Z (in a URL, write + as %2B)"
        ) from None
    return to_ms(moment)


def _choice(choices: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ValueError(f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text[:9])


def _name(text: str) -> str:
    if len(text) > _MAX_NAME:
        raise ValueError(f"must have at most {_MAX_NAME} characters")
    return text


def _words(text: str) -> str:
    if len(text) > MAX_QUERY:
        raise ValueError(f"must have at most {MAX_QUERY} characters")
    return text


def _clean(text: str) -> str:
    """Lone surrogates are in no text that we keep."""
    return text.encode(errors="replace").decode()
