"""Whether a post is what a query asks for, and where it says so."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from models.persian import ZWNJ
from processors.match.canonical import Canonical
from processors.match.folding import URL_FILLER
from processors.match.results import Hit, Match
from processors.query.facts import Facts, Site, author_key, is_media
from processors.query.tree import SELECTIVE_FIELDS, And, Field, Near, Node, Not, Or, Term

#: A word as distances count them: a half-space compound is one, the segments of a tag are several, a URL is one.
_WORD: Final = re.compile(rf"{URL_FILLER}+|[^\W_]+(?:{ZWNJ}+[^\W_]+)*")
#: How the text of a post itself names its picture.
_PICTURE: Final = "pic.twitter.com/"

HitsOf = Callable[[int], Sequence[Hit]]


class Query:
    """A query whose terms are numbered as patterns. Immutable."""

    def __init__(self, root: Node, numbers: Mapping[Term, int]) -> None:
        self.root = root
        self.numbers = numbers

    def matches(self, post: Canonical, hits: HitsOf, facts: Facts) -> list[Match] | None:
        """Every find that made the query true, None when it is false.

        Terms are reported where they stand; author and site, which stand nowhere in the text, as 0:0 and only when
        no term was found.
        """
        found = _Run(self.numbers, post, hits, facts).true(self.root)
        if found is None:
            return None
        placed = [match for match in found if match.rule != "field"]
        return placed or found


class _Run:
    """One query on one post."""

    def __init__(self, numbers: Mapping[Term, int], post: Canonical, hits: HitsOf, facts: Facts) -> None:
        self._numbers = numbers
        self._post = post
        self._hits = hits
        self._facts = facts

    def true(self, node: Node) -> list[Match] | None:
        """What was found, None when the node is false."""
        match node:
            case Term():
                return list(self._places(node)) or None
            case Near():
                return self._near(node)
            case Field():
                return self._field(node)
            case Not():
                return [] if self.true(node.child) is None else None
            case And():
                return self._all(node.children)
            case Or():
                found = [some for child in node.children if (some := self.true(child)) is not None]
                return [match for some in found for match in some] if found else None

    def _all(self, nodes: Iterable[Node]) -> list[Match] | None:
        every: list[Match] = []
        for node in nodes:
            if (found := self.true(node)) is None:
                return None
            every += found
        return every

    def _near(self, near: Near) -> list[Match] | None:
        """A pair; of pairs inside it every word is reported, also the one that is farther away."""
        places = self._places(near)
        if not places:
            return None
        inner = [self._near(side) or [] for side in (near.left, near.right) if isinstance(side, Near)]
        return [*places, *(match for found in inner for match in found)]

    def _places(self, node: Node) -> Sequence[Match]:
        """Where a term, an alternative of terms or a pair stands."""
        match node:
            case Term():
                hits = self._hits(self._numbers[node])
                return [Match(node.written, hit.start, hit.end, hit.rule) for hit in hits]
            case Or():
                return [match for child in node.children for match in self._places(child)]
            case Near():
                return self._pairs(self._places(node.left), self._places(node.right), node)
            case _:
                return ()

    def _pairs(self, left: Sequence[Match], right: Sequence[Match], near: Near) -> Sequence[Match]:
        """The finds on both sides that have one of the other side near enough: the next one decides."""
        if not left or not right:
            return ()
        before, after = self._followed(left, right, near.distance), self._preceded(right, left, near.distance)
        if not near.ordered:
            before += self._preceded(left, right, near.distance)
            after += self._followed(right, left, near.distance)
        return list(dict.fromkeys((*before, *after)))

    def _followed(self, ones: Sequence[Match], others: Sequence[Match], distance: int) -> list[Match]:
        starts = sorted(other.start for other in others)
        return [
            one
            for one in ones
            if (at := bisect_left(starts, one.end)) < len(starts) and self._between(one.end, starts[at]) <= distance
        ]

    def _preceded(self, ones: Sequence[Match], others: Sequence[Match], distance: int) -> list[Match]:
        ends = sorted(other.end for other in others)
        return [
            one
            for one in ones
            if (at := bisect_right(ends, one.start)) > 0 and self._between(ends[at - 1], one.start) <= distance
        ]

    def _between(self, start: int, end: int) -> int:
        """How many words lie between two places of the original text; a suffix belongs to its word."""
        starts, ends = self._words
        return bisect_right(ends, end) - bisect_left(starts, start)

    @cached_property
    def _words(self) -> tuple[list[int], list[int]]:
        words = self._post.words
        spans = [words.span(*match.span()) for match in _WORD.finditer(words.text)]
        return [start for start, _ in spans], [end for _, end in spans]

    def _field(self, field: Field) -> list[Match] | None:
        if not self._is_so(field):
            return None
        return [Match(f"{field.name}:{field.value}", 0, 0, "field")] if field.name in SELECTIVE_FIELDS else []

    def _is_so(self, field: Field) -> bool:
        facts = self._facts
        match field.name:
            case "author":
                return author_key(field.value) in facts.authors
            case "site":
                asked = Site.of(field.value)
                return asked is not None and any(map(asked.holds, facts.sites))
            case "lang":
                return facts.speaks(field.value)
            case "platform":
                return facts.platform == field.value
            case "has" if field.value == "link":
                return facts.has_link or bool(self._post.urls)
            case _:
                return facts.has_media or self._shows_media()

    def _shows_media(self) -> bool:
        return _PICTURE in self._post.words.text or any(is_media(url.text) for url in self._post.urls)
