"""Which series a campaign is watched by, and how a closed minute becomes amounts of them."""

from collections.abc import Mapping
from typing import Final

from models.series import ClosedMinute

#: Measure → the metrics (``models.cells``) whose sum it is; views are left out: they dwarf all else and lag behind.
METRICS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "mentions": ("mentions", "press_mentions"),
    "negative": ("mentions_negative", "press_negative"),
    "engagement": ("likes", "shares", "comments", "quotes", "saves"),
}
#: Known for the campaign as a whole only.
WHOLE: Final = ("authors", "stories")
#: Platforms beyond this many, in the order in which they appear, count in the whole only: the state stays bounded.
MOST_PLATFORMS: Final = 8


def measure_of(series: str) -> str:
    """``negative`` of ``negative:twitter``."""
    return series.partition(":")[0]


def platform_of(series: str) -> str:
    """``twitter`` of ``negative:twitter``; empty for the whole."""
    return series.partition(":")[2]


def amounts(minute: ClosedMinute, platforms: list[str]) -> dict[str, int]:
    """Amount by series; a platform not seen before is added to ``platforms`` while there is room."""
    out = dict.fromkeys(METRICS_OF, 0)
    out |= {"authors": minute.authors, "stories": minute.stories}
    for platform, counts in minute.counts.items():
        if platform not in platforms and len(platforms) < MOST_PLATFORMS:
            platforms.append(platform)
        for measure, metrics in METRICS_OF.items():
            amount = sum(counts.get(metric, 0) for metric in metrics)
            out[measure] += amount
            if platform in platforms:
                out[f"{measure}:{platform}"] = amount
    return out
