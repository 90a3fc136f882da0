"""The text of an article's own page, where its feed has only a teaser."""

import logging
from typing import Final

import trafilatura
from publicsuffixlist import PublicSuffixList

from listener.sources.urls import domain

_log = logging.getLogger("listener.sources.feeds")

_suffixes: Final = PublicSuffixList()


def article_text(page: bytes, url: str) -> str | None:
    """The article's text without menus, advertisements and comments; None when there is none to be found."""
    try:
        found = trafilatura.extract(page, url=url, include_comments=False, include_tables=False, favor_precision=True)
    except Exception:  # noqa: BLE001 - whatever is wrong with a page, the article stands without it
        _log.warning("no text could be taken from %s", url, exc_info=True)
        return None
    return found.strip() or None if found else None


def same_site(one: str, other: str) -> bool:
    """Whether two addresses are of one registered domain: a feed must not send us to somebody else's machines."""
    return _site(one) == _site(other)


def _site(url: str) -> str:
    host = domain(url)
    return _suffixes.privatesuffix(host) or host
