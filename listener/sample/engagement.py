"""What the platforms show of a post as the hours go by: cumulative counters, with their quirks."""

from datetime import timedelta
from math import exp
from random import Random
from typing import Any, Final

from listener.sample.drafts import Draft

#: Platform → counters that it shows, as a multiple of the likes.
_SHOWN: Final = {
    "twitter": {"likes": 1.0, "shares": 0.12, "comments": 0.15, "views": 38.0, "quotes": 0.02, "saves": 0.06},
    "telegram": {"likes": 1.0, "shares": 0.35, "comments": 0.1, "views": 55.0},
    "eitaa": {"likes": 1.0, "shares": 0.2, "comments": 0.05, "views": 40.0},
    "instagram": {"likes": 1.0, "shares": 0.03, "comments": 0.06},
    "ninisite": {"likes": 1.0, "comments": 2.2},
    "aparat": {"likes": 1.0, "comments": 0.08, "views": 45.0},
}
_USUALLY: Final = {"likes": 1.0, "shares": 0.1, "comments": 0.2}
#: These show large numbers as "12.5K", and the source can only pass on what is shown.
_ROUNDING: Final = frozenset({"instagram", "telegram", "aparat"})
_ROUNDED_FROM: Final = 1_000
_COARSE_FROM: Final = 1_000_000
#: After this long a post has two thirds of its likes.
_SPREAD: Final = timedelta(hours=2.2)

_UNLIKES: Final = 0.07
_UNKNOWN: Final = 0.04
#: A page that shows zeros for a moment: sources see it now and then.
_GLITCHES: Final = 0.006


class Popularity:
    """The counters of one post; ask with growing ages."""

    def __init__(self, rng: Random, draft: Draft) -> None:
        self._rng = rng
        self._platform = draft.platform
        shown = _SHOWN.get(draft.platform, _USUALLY)
        # The first name is the likes themselves; the others scatter around their usual proportion.
        self._final = {
            name: draft.likes * ratio * (1 if name == "likes" else rng.uniform(0.6, 1.5))
            for name, ratio in shown.items()
        }
        self._last = dict.fromkeys(shown, 0)

    def after(self, age: timedelta) -> dict[str, Any]:
        """The fields ``counts`` and, when they are rounded, ``counts_precision``."""
        grown = 1 - exp(-age / _SPREAD)
        for name, final in self._final.items():
            self._last[name] = max(self._last[name], int(final * grown * self._rng.uniform(0.97, 1)))
        if self._rng.random() < _UNLIKES and self._last["likes"] > 1:
            self._last["likes"] -= self._rng.randint(1, max(1, self._last["likes"] // 40))
        return self._shown()

    def _shown(self) -> dict[str, Any]:
        counts: dict[str, int | None] = dict(self._last)
        if self._rng.random() < _GLITCHES:
            return {"counts": dict.fromkeys(counts, 0)}
        if self._rng.random() < _UNKNOWN:
            counts[self._rng.choice(tuple(counts))] = None
        if self._platform in _ROUNDING and max(self._last.values()) >= _ROUNDED_FROM:
            rounded = {name: value and _rounded(value) for name, value in counts.items()}
            return {"counts": rounded, "counts_precision": "rounded"}
        return {"counts": counts}


def _rounded(value: int) -> int:
    if value < _ROUNDED_FROM:
        return value
    step = 100 if value < _COARSE_FROM else 100_000
    return value // step * step
