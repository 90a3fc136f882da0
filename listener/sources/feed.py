"""What every kind of feed comes down to: a publication and its entries, before they are judged as articles."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from listener.sources.dates import TEHRAN


@dataclass(frozen=True)
class Entry:
    """One entry as the feed has it: HTML and relative links are still as they were written."""

    title: str | None = None
    link: str | None = None
    guid: str | None = None
    published: datetime | None = None
    summary: str | None = None
    body: str | None = None
    author: str | None = None
    section: str | None = None
    lang: str | None = None
    publication: str | None = None


@dataclass(frozen=True)
class Feed:
    """One document. ``problems`` names the entries that could not be read at all."""

    title: str | None = None
    link: str | None = None
    self_link: str | None = None
    lang: str | None = None
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    xml_base: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where a document was read: its address and the zone of its dates, as far as the caller knows them."""

    base_url: str | None = None
    zone: tzinfo | None = None

    def zone_of(self, lang: str | None, link: str | None) -> tzinfo | None:
        """The zone of dates without offset: the given one, or Tehran for Persian and for ``.ir``; None: not known."""
        if self.zone is not None:
            return self.zone
        is_persian = (lang or "").strip().lower().replace("_", "-").partition("-")[0] in {"fa", "fas", "per"}
        return TEHRAN if is_persian or any(map(_is_iranian, (self.base_url, link))) else None


def _is_iranian(address: str | None) -> bool:
    try:
        return (urlsplit((address or "").strip()).hostname or "").rstrip(".").endswith((".ir", ".xn--mgba3a4f16a"))
    except ValueError:
        return False
