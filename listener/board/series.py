"""Which windows of a series are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from models.cells import WINDOWS
from processors.windows import from_ms, local_seconds, to_ms

MINUTE: Final = "minute"
DAY_S: Final = 86_400
_PARAMETERS: Final = ("window", "from", "to", "platform")


@dataclass(frozen=True)
class SeriesQuery:
    """Windows of one size that start at ``first`` or later and before ``end``, in seconds as in the table's keys.

    ``platform`` None: over all.
    """

    window: str
    first: int | None
    end: int | None
    platform: str | None = None

    @classmethod
    def parse(cls, parameters: Mapping[str, str], zone: str) -> "SeriesQuery":
        """From the query string; ``zone`` is that of the campaign. Raises HTTPBadRequest naming the parameter."""
        _refuse_unknown(parameters, _PARAMETERS)
        window = parameters.get("window", MINUTE)
        if window not in WINDOWS:
            raise web.HTTPBadRequest(text=f"`window` is {window!r}, but must be one of {', '.join(WINDOWS)}")
        clock = None if window == MINUTE else zone
        first, end = _seconds(parameters, "from", clock), _seconds(parameters, "to", clock)
        return cls(window, first, end, parameters.get("platform"))

    def __contains__(self, start: int) -> bool:
        return (self.first is None or start >= self.first) and (self.end is None or start < self.end)

    def text(self, start: int) -> str:
        """A start as the API has it: RFC 3339 in UTC for minutes, the wall clock without an offset for the others."""
        text = from_ms(start * 1000).replace(tzinfo=None).isoformat()
        return f"{text}Z" if self.window == MINUTE else text


@dataclass(frozen=True)
class MinutesQuery:
    """UTC minutes from ``first`` to before ``end``, epoch seconds."""

    first: int | None
    end: int | None

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> "MinutesQuery":
        """From the query string. Raises HTTPBadRequest naming the parameter."""
        _refuse_unknown(parameters, ("from", "to"))
        return cls(_seconds(parameters, "from", None), _seconds(parameters, "to", None))


def _refuse_unknown(parameters: Mapping[str, str], known: tuple[str, ...]) -> None:
    for name in parameters:
        if name not in known:
            raise web.HTTPBadRequest(text=f"`{name}` is no parameter: there are {', '.join(known)}")


def _seconds(parameters: Mapping[str, str], name: str, zone: str | None) -> int | None:
    """A moment as the smallest window start that is not before it; None where the parameter is not given."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise web.HTTPBadRequest(
            text=f"`{name}` is {text!r}, but must be a time with an offset, such as 2026-11-20T10:00:00Z "
            "(in a URL, write + as %2B)"
        )
    seconds = -(-to_ms(moment) // 1000)
    return seconds if zone is None else local_seconds(seconds * 1000, zone)
