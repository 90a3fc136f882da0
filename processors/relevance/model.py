"""A trained relevance model at work."""

import math
from collections.abc import Iterator, Mapping
from typing import Final
from zlib import crc32

from processors.relevance.features import Profile, Spans, features, keyword_of

#: Knowledge (sectors, other readings, shapes) weighs more than words seen in training, and words more than runs of
#: characters; chosen by cross-validation.
_KNOWLEDGE: Final = (
    *("own", "beside", "lead", "other", "longer", "only", "names"),
    *("*person", "*head", "*own", "*glue", "*tail", "*sector"),
)
_RUN: Final = ("*<", "*>")
_BAR: Final = "|"
#: Features whose weight is remembered, each domain for itself.
_REMEMBERED: Final = 1 << 16
_FARTHEST: Final = 30.0


def hashed(feature: str) -> int:
    """What stands for a feature in a model: 32 bits, from which no text can be read back."""
    return crc32(feature.encode("utf-8", "surrogatepass"))


def value_of(feature: str) -> float:
    """How much a feature counts, crossed or not."""
    if feature.startswith(_KNOWLEDGE):
        return 2.0
    return 0.5 if feature.startswith(_RUN) else 1.0


def domains(text: str, spans: Spans, of: Profile) -> Iterator[str]:
    """What is judged by its own record too: the keyword and the campaign."""
    if keyword := keyword_of(text, spans):
        yield keyword
    if of.campaign:
        yield f"@{of.campaign}"


def vector(text: str, spans: Spans, of: Profile) -> dict[int, float]:
    """Hash of each feature → its value: plain ones, and those about the name crossed with each domain."""
    found = features(text, spans, of)
    made = {hashed(one): value_of(one) for one in found}
    for domain in domains(text, spans, of):
        made[hashed(domain + _BAR)] = 1.0
        made.update((hashed(domain + _BAR + one), value_of(one)) for one in found if one[0] == "*")
    return made


class _Known(dict[str, float]):
    """Feature → weight times value, worked out when first asked for: the frequent ones come again and again."""

    def __init__(self, weights: Mapping[int, float], prefix: str) -> None:
        super().__init__()
        self._weights = weights
        self._prefix = prefix

    def __missing__(self, feature: str) -> float:
        if len(self) >= _REMEMBERED:
            self.clear()
        known = self[feature] = self._weights.get(hashed(self._prefix + feature), 0.0) * value_of(feature)
        return known


class RelevanceModel:
    """Logistic regression over hashed features, its logit divided by a temperature. Each text is scored alone."""

    def __init__(self, weights: Mapping[int, float], intercept: float, temperature: float) -> None:
        self._weights: Final = weights
        self._intercept: Final = intercept
        self._temperature: Final = temperature
        self._plain: Final = _Known(weights, "")
        self._by_domain: Final[dict[str, _Known]] = {}

    def score(self, text: str, spans: Spans, of: Profile) -> float:
        """The probability that the names at ``spans`` mean what the campaign means."""
        found = features(text, spans, of)
        logit = self._intercept + math.fsum(map(self._plain.__getitem__, found))
        for domain in domains(text, spans, of):
            if (prior := self._weights.get(hashed(domain + _BAR))) is not None:
                crossed = self._by_domain.setdefault(domain, _Known(self._weights, domain + _BAR))
                logit += prior + math.fsum(crossed[one] for one in found if one[0] == "*")
        return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, logit / self._temperature))))
