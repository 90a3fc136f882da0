"""Addresses of articles: made absolute, and written in one way whoever passed them on."""

import re
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

#: Parameters that say how a reader came, never what is read: those of campaigns, click ids, mailings and shares.
_TRACKERS: Final = re.compile(
    r"utm_\w+|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|gad_source|gad_campaignid|msclkid|yclid|ysclid|twclid|ttclid|igshid"
    r"|igsh|li_fat_id|epik|rdt_cid|s_kwcid|_ga|_gl|_hsenc|_hsmi|hsctatracking|mc_cid|mc_eid|mkt_tok|vero_id|vero_conv"
    r"|oly_enc_id|oly_anon_id|__s|ncid|cmpid|wickedid|at_(?:medium|campaign|custom\d|format|link_\w+|ptr_name|bbc_team)"
    r"|(?:pk|piwik|mtm|matomo)_(?:campaign|kwd|keyword|source|medium|content|cid|group|placement)|fb_(?:action_ids"
    r"|action_types|source|ref)",
    re.IGNORECASE,
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")
_KEPT: Final = "!$&'()*+,;=:@/?%~-._"


def absolute(link: str, base: str | None) -> str | None:
    """The address on the web that ``link`` names on the page ``base``; None when it names none."""
    try:
        found = urljoin(base or "", link.strip())
        return found if _split(found) else None
    except ValueError:
        return None


def canonical(url: str) -> str:
    """One spelling of an address: no trackers, no fragment, no default port, host in lower case, Persian in percents.

    Scheme, ``www.`` and the order of the other parameters stay: sites may give them a meaning. Raises ValueError for
    what is no web address.
    """
    parts = _split(url)
    if parts is None:
        raise ValueError(f"{url!r} is no web address")
    host = domain(url, strip_www=False)
    port = f":{parts.port}" if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme] else ""
    query = _without_trackers(parts.query)
    return urlunsplit((parts.scheme, host + port, _escaped(parts.path) or "/", _escaped(query), ""))


def tidy(url: str) -> str:
    """The address as it was written, but without the parameters of trackers; unchanged when it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    query = _without_trackers(parts.query)
    return url if query == parts.query else urlunsplit(parts._replace(query=query))


def domain(url: str, *, strip_www: bool = True) -> str:
    """The host of a web address in lower case and in ASCII; raises ValueError when there is none."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if not host:
        raise ValueError(f"{url!r} has no host")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"{host!r} is no host name") from None
    if ":" in host:
        host = f"[{host}]"
    return host.removeprefix("www.") if strip_www else host


def with_fragment(address: str, name: str) -> str:
    """An address for something on the page ``address`` that has none of its own."""
    return f"{canonical(address)}#{quote(name, safe='')}"


def _without_trackers(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if not _TRACKERS.fullmatch(pair.partition("=")[0]))


def _split(url: str) -> SplitResult | None:
    parts = urlsplit(url)
    usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and (parts.port is None or parts.port)
    return parts if usable else None


def _escaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: escape[0].upper(), quote(text, safe=_KEPT))
