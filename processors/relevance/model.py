"""A trained relevance model at work."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from zlib import crc32

from processors.match.folding import Folded
from processors.relevance.features import PREFIXES, Found, Profile, Spans, features, find_named, keyword_of
from processors.remembered import Remembered

#: Knowledge (sectors, other readings, shapes) weighs more than words seen in training, and words more than runs of
#: characters; chosen by cross-validation.
_KNOWLEDGE: Final = (
    *("own", "beside", "lead", "other", "longer", "only", "names"),
    *("*person", "*head", "*own", "*glue", "*tail", "*sector"),
)
_RUN: Final = ("*<", "*>")
_ABOUT_NAME: Final = "*"
_BAR: Final = "|"
#: Features whose weight is remembered, each kind and domain for itself, and how long (code points) they may be.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 60
_FARTHEST: Final = 30.0
#: What is added to the logit of a name that no training text had and that is no common word: it can hardly mean
#: anything else. A choice, not a measurement: alone it gives 0.98, and strong signs against it still decide.
_NO_OTHER_READING: Final = 4.0


def hashed(feature: str, before: int = 0) -> int:
    """What stands for a feature in a model: 32 bits, from which no text can be read back.

    ``before`` is what stands for its beginning, where ``feature`` is the rest.
    """
    return crc32(feature.encode("utf-8", "surrogatepass"), before)


def value_of(feature: str) -> float:
    """How much a feature counts, crossed or not."""
    if feature.startswith(_KNOWLEDGE):
        return 2.0
    return 0.5 if feature.startswith(_RUN) else 1.0


def domains(keyword: str, of: Profile) -> Iterator[str]:
    """What is judged by its own record too: the keyword and the campaign."""
    if keyword:
        yield keyword
    if of.campaign:
        yield f"@{of.campaign}"


def vector(text: str, spans: Spans, of: Profile) -> dict[int, float]:
    """Hash of each feature → its value: plain ones, and those about the name crossed with each domain."""
    found = features(text, spans, of)
    made = {hashed(one): value_of(one) for one in found}
    for domain in domains(keyword_of(text, spans), of):
        made[hashed(domain + _BAR)] = 1.0
        made.update((hashed(domain + _BAR + one), value_of(one)) for one in found if one[0] == _ABOUT_NAME)
    return made


class _Judged:
    """What features add to the logit: plain ones, or those about the name in one domain."""

    def __init__(self, weights: Mapping[int, float], domain: str = "") -> None:
        self._crossed: Final = bool(domain)
        self._words, self._near, self._left, self._right, self._others = (
            Remembered(_weigher(weights, domain, kind), _REMEMBERED, _LONGEST_REMEMBERED).__getitem__
            for kind in PREFIXES
        )

    def logit(self, found: Found) -> float:
        """Exact sums, so that the order of a set does not show."""
        words: Iterable[str] = found.words
        others: Iterable[str] = found.others
        if self._crossed:
            words, others = (), [one for one in others if one[0] == _ABOUT_NAME]
        return math.fsum(
            (
                math.fsum(map(self._words, words)),
                math.fsum(map(self._near, found.near)),
                math.fsum(map(self._left, found.left)),
                math.fsum(map(self._right, found.right)),
                math.fsum(map(self._others, others)),
            )
        )


def _weigher(weights: Mapping[int, float], domain: str, kind: str) -> Callable[[str], float]:
    """Feature of a kind, without the prefix → weight times value; what stands for the prefix is worked out once."""
    before = hashed(domain + kind)

    def weight(rest: str) -> float:
        known = weights.get(hashed(rest, before))
        # One and the same 0.0 for all that training never saw: less memory to go through.
        return 0.0 if known is None else known * value_of(kind or rest)

    return weight


class RelevanceModel:
    """Logistic regression over hashed features, its logit divided by a temperature. Each text is scored alone.

    ``common``: whether a word (canonical letters, without separators) is one that everybody uses. Names that are not,
    and that training never saw, are taken at their word unless much speaks against it.
    """

    def __init__(
        self,
        weights: Mapping[int, float],
        intercept: float,
        temperature: float,
        common: Callable[[str], bool] = lambda _word: True,
    ) -> None:
        self._common: Final = common
        self._weights: Final = weights
        self._intercept: Final = intercept
        self._temperature: Final = temperature
        self._plain: Final = _Judged(weights)
        self._by_domain: Final = Remembered(self._domain, _REMEMBERED, _LONGEST_REMEMBERED)
        self._own_names: Final = Remembered(self._own_name, _REMEMBERED, _LONGEST_REMEMBERED)

    def score(self, text: str, spans: Spans, of: Profile, folded: Folded | None = None) -> float:
        """The probability that the names at ``spans`` mean what the campaign means; ``folded``: the text folded."""
        keyword = keyword_of(text, spans)
        found = find_named(text, spans, of, keyword, folded)
        logit = self._intercept + self._plain.logit(found) + self._own_names[keyword]
        for domain in domains(keyword, of):
            if (known := self._by_domain[domain]) is not None:
                prior, judged = known
                logit += prior + judged.logit(found)
        return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, logit / self._temperature))))

    def _domain(self, domain: str) -> tuple[float, _Judged] | None:
        prior = self._weights.get(hashed(domain + _BAR))
        return None if prior is None else (prior, _Judged(self._weights, domain + _BAR))

    def _own_name(self, keyword: str) -> float:
        known = not keyword or hashed(keyword + _BAR) in self._weights or self._common(keyword)
        return 0.0 if known else _NO_OTHER_READING * self._temperature

    def with_words(self, common: Callable[[str], bool]) -> "RelevanceModel":
        """The same, knowing which words are common."""
        return RelevanceModel(self._weights, self._intercept, self._temperature, common)
