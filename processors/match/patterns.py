"""What a campaign searches for, each distinct thing once, and which of them a post may hold."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from ahocorasick_rs import AhoCorasick, Implementation

from models.persian import LETTER_RANGES, SUFFIX_LETTERS, ZWNJ
from processors.match.anchors import Anchor, anchor_of, signs_of
from processors.match.canonical import Canonical
from processors.match.results import Hit
from processors.match.urls import UrlPattern
from processors.match.words import PLAIN, Form, WordPattern, words_of


class Pattern(Protocol):
    """Something to be found in a post."""

    def find(self, post: Canonical, places: int | None = None) -> tuple[Hit, ...]:
        """Every occurrence, left to right; ``places``: how many signs there are at which one may begin, if known."""

    def signs(self) -> Iterable[str]:
        """Strings of which one begins every occurrence, in canonical text without half-spaces and underscores."""

    def whole(self) -> str | None:
        """The sign behind which the word may only end, perhaps in a suffix or stretched; None if there is none."""


class KeywordPattern:
    """A keyword in text and, if it looks like a domain or path, in URLs. Raises ValueError for an empty keyword."""

    def __init__(self, keyword: str, form: Form = PLAIN) -> None:
        url = None if form.wildcard else UrlPattern.of(keyword)
        word = None if url and url.only_urls else WordPattern(keyword, form)
        self._words = words_of(url.host + url.path if url else keyword)
        self._url, self._word = url, word
        self.anchor: Anchor = anchor_of(self._words)

    def find(self, post: Canonical, places: int | None = None) -> tuple[Hit, ...]:
        """Every occurrence, left to right; ``places``: how many signs there are at which one may begin, if known."""
        in_words = self._word.find(post, places) if self._word else ()
        if self._url is None or not post.urls:
            return in_words
        return tuple(sorted((*self._url.find(post), *in_words)))

    def signs(self) -> Iterable[str]:
        """The whole keyword, or as far as a stretched letter or an ezafe."""
        return signs_of(self._words)

    def whole(self) -> str | None:
        """A keyword of one Persian word."""
        alone = len(self._words) == 1 and self._url is None and self._word is not None and not self._word.form.wildcard
        return self._words[0] if alone and _PERSIAN.match(self._words[0][-1]) else None


_PERSIAN: Final = re.compile(f"[{LETTER_RANGES}]")
_UNDERSCORE: Final = re.compile(f"_[{LETTER_RANGES}]")


#: What stands before most words.
_BESIDE: Final = frozenset(" \n.#@«(")
#: What may stand behind a word, suffixes included, so far as it is frequent; also its end.
_LAST: Final = SUFFIX_LETTERS | set(" \n.,:!)») ،؟") | {""}


def _may_begin(letters: str, start: int) -> bool:
    """Whether a Persian word may begin here, perhaps with a stretched letter."""
    if start == 0 or letters[start - 1] in _BESIDE or letters[start - 1] == letters[start]:
        return True
    return not (_PERSIAN.match(letters, start) and _PERSIAN.match(letters, start - 1))


def _goes_on(letters: str, end: int) -> bool:
    """Whether a word goes on here with a letter that begins no suffix and stretches no letter."""
    char = letters[end : end + 1]
    return char not in _LAST and char != letters[end - 1] and _PERSIAN.match(char) is not None


class PatternIndex:
    """Numbers patterns and finds in one pass which of them a post may hold."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        owners: dict[str, list[int]] = defaultdict(list)
        for number, pattern in enumerate(self._patterns):
            for sign in pattern.signs():
                owners[sign].append(number)
        self._owners = tuple(map(tuple, owners.values()))
        self._whole = tuple(
            all(self._patterns[number].whole() == sign for number in numbers) for sign, numbers in owners.items()
        )
        self._find = AhoCorasick(list(owners), implementation=Implementation.DFA).find_matches_as_indexes

    def candidates(self, folded: str) -> dict[int, int]:
        """The numbers of the patterns that canonical text may hold, and at how many places each may begin."""
        letters, anywhere, tagged = folded.replace(ZWNJ, ""), False, "_" in folded
        if tagged:
            # An underscore begins a word or joins the segments of a tag: without it, beginnings are no longer seen.
            anywhere = _UNDERSCORE.search(letters) is not None
            letters = letters.replace("_", "")
        begins: dict[int, set[int]] = {}
        for sign, start, end in self._find(letters, overlapping=True):
            if self._whole[sign] and not tagged and _goes_on(letters, end):
                continue
            if anywhere or _may_begin(letters, start):
                for number in self._owners[sign]:
                    begins.setdefault(number, set()).add(start)
        return {number: len(starts) for number, starts in begins.items()}

    def read(self, post: Canonical, candidates: Mapping[int, int]) -> "Reading":
        """The post, to be searched for these patterns."""
        return Reading(post, self._patterns, candidates)


class Reading:
    """One post: occurrences of the patterns in it, each pattern searched for at most once."""

    def __init__(self, post: Canonical, patterns: tuple[Pattern, ...], candidates: Mapping[int, int]) -> None:
        self.candidates = candidates
        self._post = post
        self._patterns = patterns
        self._hits: dict[int, tuple[Hit, ...]] = {}

    @property
    def post(self) -> Canonical:
        """The post as it is read."""
        return self._post

    def hits(self, number: int) -> tuple[Hit, ...]:
        """Every occurrence of one pattern, left to right."""
        places = self.candidates.get(number)
        if places is None:
            return ()
        hits = self._hits.get(number)
        if hits is None:
            hits = self._hits[number] = self._patterns[number].find(self._post, places)
        return hits
