"""Parts of an excess in whole percent that sum to 100."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from models.incident import Share, Split

T = TypeVar("T")

OTHER: Final = "other"
MOST_PARTS: Final = 5


def percents(weights: Sequence[float]) -> list[int]:
    """Whole percents that sum to 100, by largest remainder (Hare quota); equal remainders: the earlier one.

    Zeros without a positive weight. Raises ValueError for a negative weight.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a share cannot be negative")
    total = sum(weights)
    if not total > 0:
        return [0] * len(weights)
    exact = [100 * weight / total for weight in weights]
    whole = [int(one) for one in exact]
    for index in sorted(range(len(exact)), key=lambda at: (round(whole[at] - exact[at], 9), at))[: 100 - sum(whole)]:
        whole[index] += 1
    return whole


def split(
    by: str, observed: Mapping[str, float], expected: Mapping[str, float], urls: Mapping[str, str] | None = None
) -> Split | None:
    """The excess by name: what is above its usual, in proportion; None where nothing is.

    The largest parts are named; the rest, and a part already called ``other``, are ``other``. What lies below its usual
    is no part of the excess.
    """
    excess = {name: observed[name] - expected.get(name, 0.0) for name in observed}
    ranked = sorted((name for name in excess if excess[name] > 0), key=lambda name: (-excess[name], name))
    named = [name for name in ranked if name != OTHER][:MOST_PARTS]
    rest = [name for name in ranked if name not in named]
    if not ranked:
        return None
    weights = [excess[name] for name in named] + ([sum(excess[name] for name in rest)] if rest else [])
    shown = percents(weights)
    parts = [
        Share(name, percent, round(observed[name]), round(expected.get(name, 0.0), 1), (urls or {}).get(name))
        for name, percent in zip(named, shown, strict=False)
    ]
    if rest:
        seen, usual = (sum(one.get(name, 0.0) for name in rest) for one in (observed, expected))
        parts.append(Share(OTHER, shown[-1], round(seen), round(usual, 1)))
    return Split(by, tuple(parts))


def split_by(by: str, key: Callable[[T], str], now: Iterable[T], usual: Sequence[Iterable[T]]) -> Split | None:
    """``split`` of things counted by a key, against the mean over ``usual`` periods of the same length."""
    expected: Counter[str] = Counter()
    for period in usual:
        expected.update(map(key, period))
    days = max(1, len(usual))
    return split(by, Counter(map(key, now)), {name: count / days for name, count in expected.items()})
