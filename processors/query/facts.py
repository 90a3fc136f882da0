"""What a query may ask of a post besides its text: author, site, language, platform, links and media."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple, Self

from processors.match.accounts import account_key, is_account
from processors.match.words import words_of

_LANG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_ADDRESS: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@\s]*@)?(?P<host>[^/:?#@\s]+)(?::\d+)?(?P<path>/[^?#\s]*)?(?:[?#]\S*)?"
)
#: Links that are a picture, a sound or a film, by the name of the file or of the host.
_MEDIA: Final = re.compile(
    r"\.(?:jpe?g|png|gif|webp|mp[34]|m4[av]|mov|webm|ogg|avi|mkv)(?:[?#].*)?\Z"
    r"|(?:\A|//|\.)(?:pic\.twitter\.com|pbs\.twimg\.com|video\.twimg\.com|youtu\.be|youtube\.com|aparat\.com)/",
    re.IGNORECASE,
)


class Site(NamedTuple):
    """A host without ``www.`` and a path without closing slash, both in ASCII lower case."""

    host: str
    path: str

    @classmethod
    def of(cls, address: str) -> Self | None:
        """Of a URL, a domain, or a domain with a path; None for what is none of these."""
        parts = _ADDRESS.fullmatch(_ascii_lower(address.strip()))
        if parts is None:
            return None
        return cls(parts["host"].removeprefix("www.").rstrip("."), (parts["path"] or "").rstrip("/"))

    def holds(self, other: "Site") -> bool:
        """Whether ``other`` is this host or below it, with this path or below it."""
        if other.host != self.host and not other.host.endswith("." + self.host):
            return False
        return other.path == self.path or other.path.startswith(self.path + "/")

    def above(self) -> Iterator[str]:
        """The host and every domain above it."""
        labels = self.host.split(".")
        return (".".join(labels[number:]) for number in range(len(labels)))


def _ascii_lower(text: str) -> str:
    """As the raw-bytes filter sees it: other letters keep their case."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def author_key(value: str) -> str:
    """What two spellings of one author share: of a handle or id its key, of a name its letters."""
    if is_account(value):
        return account_key(value)
    return "".join(words_of(value))


def _keys(name: str) -> Iterator[str]:
    yield account_key(name)
    if not is_account(name):
        try:
            yield author_key(name)
        except ValueError:
            return  # a name of emoji or blanks alone


class Facts(NamedTuple):
    """What is known of a post besides its text; what is not known satisfies no field of a query."""

    #: Keys of its author: handle, id and name.
    authors: frozenset[str] = frozenset()
    sites: tuple[Site, ...] = ()
    lang: str = ""
    platform: str = ""
    has_link: bool = False
    has_media: bool = False

    @classmethod
    def of(
        cls,
        *,
        authors: Iterable[str | None] = (),
        addresses: Iterable[str | None] = (),
        lang: str | None = None,
        platform: str | None = None,
        links: Collection[str] = (),
        has_media: bool = False,
    ) -> Self:
        """Facts as records carry them; ``addresses`` are the post's own URL and its publisher's domain."""
        sites = (Site.of(address) for address in addresses if address)
        return cls(
            frozenset(key for name in authors if name for key in _keys(name)),
            tuple(site for site in sites if site),
            (lang or "").lower().replace("_", "-"),
            (platform or "").lower(),
            bool(links),
            has_media or any(map(_MEDIA.search, links)),
        )

    def speaks(self, lang: str) -> bool:
        """Whether the post's language is this one: ``fa`` also where it says ``fa-IR``."""
        return self.lang == lang or self.lang.startswith(lang + "-")


def is_media(link: str) -> bool:
    """Whether a link shows a picture, a sound or a film by its looks."""
    return _MEDIA.search(link) is not None


def check_author(value: str) -> str:
    """The value of ``author:``; raises ValueError, saying why, for what cannot be an author."""
    author_key(value)
    return value


def check_site(value: str) -> str:
    """The value of ``site:``; raises ValueError, saying why, for what is no domain."""
    site = Site.of(value)
    if site is None or "." not in site.host.strip("."):
        raise ValueError("not a domain; give one such as isna.ir, with a path if need be (t.me/isna)")
    return value


def check_lang(value: str) -> str:
    """The value of ``lang:`` in lower case; raises ValueError for what is no language tag."""
    if _LANG.fullmatch(value) is None:
        raise ValueError("not a language tag; give one such as fa, ar or en")
    return value.lower().replace("_", "-")
