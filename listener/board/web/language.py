"""Which language a page is in, and everything that it writes in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from listener.board.web.dates import Written, write_moment, write_number, write_share
from listener.board.web.words import LANGUAGES, TEXTS

COOKIE: Final = "listener-language"
_YEAR_S: Final = 365 * 86_400
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Language:
    """One of ``LANGUAGES``."""

    code: str

    @property
    def direction(self) -> str:
        """For the ``dir`` attribute."""
        return "rtl" if self.code == "fa" else "ltr"

    @property
    def other(self) -> "Language":
        """The one to change to."""
        return Language("en" if self.code == "fa" else "fa")

    def say(self, key: str, **values: object) -> str:
        """A text; KeyError for one that is not declared. Numbers are written in the language's digits."""
        text = TEXTS[key][LANGUAGES.index(self.code)]
        return text.format(**{name: self._written(value) for name, value in values.items()})

    def named(self, kind: str, value: str) -> str:
        """A value that may be unknown, such as a platform: as it is where it has no name."""
        key = f"{kind}_{value}"
        return self.say(key) if key in TEXTS else value

    def number(self, number: float, decimals: int = 0) -> str:
        """With thousands separators."""
        return write_number(number, self.code, decimals)

    def share(self, share: float) -> str:
        """Whole percent."""
        return write_share(share, self.code)

    def moment(self, moment: datetime, zone: str) -> Written:
        """On the clock of ``zone``."""
        return write_moment(moment, zone, self.code)

    def span(self, seconds: float) -> str:
        """About how long, in the largest unit that fits."""
        for key, size in (("days", 2 * _DAY_S), ("hours", 2 * _HOUR_S), ("minutes", 2 * _MINUTE_S)):
            if seconds >= size:
                return self.say(key, n=round(seconds / (size / 2)))
        return self.say("seconds", n=round(max(0.0, seconds)))

    def factor(self, factor: float) -> str:
        """How many times: with a decimal below ten."""
        return self.number(factor, 0 if factor >= 10 else 1)  # noqa: PLR2004 - 9.6 is worth a decimal, 12 is not

    def _written(self, value: object) -> str:
        return self.number(value) if isinstance(value, int | float) else str(value)


def language_of(request: web.Request) -> Language:
    """What the URL asks for, else what was chosen before, else what the browser prefers, else Persian."""
    for wanted in (request.query.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return Language(wanted)
    return Language(_preferred(request.headers.get("Accept-Language", "")))


def remember(request: web.Request, response: web.StreamResponse, language: Language) -> None:
    """Keep a choice made by URL."""
    if request.query.get("lang") == language.code:
        response.set_cookie(COOKIE, language.code, max_age=_YEAR_S, path="/", samesite="Lax", httponly=True)


def _preferred(header: str) -> str:
    """The first of our languages by quality (RFC 9110, 12.5.4)."""
    ranked: dict[str, float] = {}
    for part in header.split(","):
        name, _, parameter = part.strip().partition(";")
        code = name.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if code in LANGUAGES and quality > 0:
            ranked[code] = max(quality, ranked.get(code, 0.0))
    return max(ranked, key=lambda code: ranked[code]) if ranked else ("en" if header.strip() else "fa")


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def without(query: Mapping[str, str], *names: str) -> dict[str, str]:
    """A query without some parameters."""
    return {name: value for name, value in query.items() if name not in names}
