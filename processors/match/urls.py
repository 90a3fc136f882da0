"""Keywords that are domains or paths, found inside URLs; every other keyword stays out of them."""

import re
from typing import Final

from processors.match.canonical import Canonical
from processors.match.folding import Folded, fold
from processors.match.results import Hit

_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)?(?:www\.)?(?P<host>[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,})?(?P<path>/\S*)?",
)
_PARTS: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?(?P<host>[^/:?#]*)(?::\d+)?(?P<path>/?[^\n]*)",
)


class UrlPattern:
    """A domain (``digikala.com``), a domain with a path (``t.me/digikala``) or a path (``/mag``).

    It matches the host itself and its subdomains, and whole path segments from the start of the path.
    """

    def __init__(self, host: str, path: str, *, only_urls: bool) -> None:
        self.host = host
        self.path = path
        #: A keyword with a scheme is asked for in URLs only; ``digikala.com`` may also stand in plain text.
        self.only_urls = only_urls

    @classmethod
    def of(cls, keyword: str) -> "UrlPattern | None":
        """The pattern of a keyword that looks like a domain or path, None for any other keyword."""
        address = _ADDRESS.fullmatch(fold(keyword).text.strip())
        if address is None:
            return None
        host, path = address["host"] or "", (address["path"] or "").rstrip("/")
        if not host and not (path and path[1:2].isalnum()):
            return None
        return cls(host, path, only_urls=bool(address["scheme"]))

    def find(self, post: Canonical) -> tuple[Hit, ...]:
        """One hit for each URL that is asked for; the hit covers the domain and path of the keyword."""
        return tuple(hit for url in post.urls if (hit := self._hit(url)))

    def _hit(self, url: Folded) -> Hit | None:
        parts = _PARTS.match(url.text)
        if parts is None or not self._asks_for(parts["host"], parts["path"]):
            return None
        start = parts.end("host") - len(self.host) if self.host else parts.start("path")
        end = parts.start("path") + len(self.path) if self.path else parts.end("host")
        return Hit(*url.span(start, end), "url")

    def _asks_for(self, host: str, path: str) -> bool:
        if self.host and host != self.host and not host.endswith("." + self.host):
            return False
        return path.startswith(self.path) and (not self.path or path[len(self.path) :][:1] in ("", "/", "?", "#", "&"))
