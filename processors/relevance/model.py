"""A trained relevance model at work."""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
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


@lru_cache(maxsize=1 << 16)
def hashed(feature: str) -> int:
    """What stands for a feature in a model: 32 bits, from which no text can be read back."""
    return crc32(feature.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1 << 16)
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


def vector(text: str, spans: Spans, of: Profile, known: Mapping[int, float] | None = None) -> dict[int, float]:
    """Hash of each feature → its value: plain ones, and those about the name crossed with each (known) domain."""
    found = features(text, spans, of)
    made = {hashed(one): value_of(one) for one in found}
    for domain in domains(text, spans, of):
        prior = hashed(domain + _BAR)
        if known is None or prior in known:
            made[prior] = 1.0
            made.update((hashed(domain + _BAR + one), value_of(one)) for one in found if one[0] == "*")
    return made


class RelevanceModel:
    """Logistic regression over hashed features, its logit divided by a temperature. Each text is scored alone."""

    def __init__(self, weights: Mapping[int, float], intercept: float, temperature: float) -> None:
        self._weights: Final = weights
        self._intercept: Final = intercept
        self._temperature: Final = temperature

    def score(self, text: str, spans: Spans, of: Profile) -> float:
        """The probability that the names at ``spans`` mean what the campaign means."""
        weights = self._weights
        found = vector(text, spans, of, weights)
        logit = math.fsum(weights[one] * value for one, value in found.items() if one in weights)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, (self._intercept + logit) / self._temperature))))
