"""What the day is about, and when: everyday chatter, six brands, a match, and the outage after it."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

#: Posts by local hour from midnight, relative: a night's sleep, and the evening.
RHYTHM: Final = (34, 22, 12, 7, 5, 6, 11, 22, 33, 40, 44, 46, 50, 50, 46, 45, 48, 52, 57, 62, 66, 70, 70, 54)
_CUMULATIVE: Final = tuple(accumulate(RHYTHM))

#: Kind of post → its share, where it is allowed at all.
KINDS: Final = {"chat": 58, "reply": 11, "channel": 11, "photo": 9, "forum": 6, "video": 3, "english": 3}
#: Kind of post → platforms and their weights.
PLATFORMS: Final = {
    "chat": {"twitter": 74, "bluesky": 7, "virasty": 8, "threads": 7, "mastodon": 4},
    "reply": {"twitter": 85, "bluesky": 8, "virasty": 7},
    "photo": {"instagram": 95, "facebook": 5},
    "channel": {"telegram": 66, "eitaa": 16, "bale": 9, "rubika": 9},
    "forum": {"ninisite": 80, "forum": 20},
    "video": {"aparat": 75, "youtube": 25},
    "english": {"twitter": 72, "bluesky": 14, "reddit": 14},
}
#: Local hours in which a subject's texts for that part of the day are used, and how often.
PARTS_OF_DAY: Final = {"chat_night": (0, 5), "chat_morning": (6, 10), "chat_evening": (18, 22)}
PART_SHARE: Final = 0.3


@dataclass(frozen=True)
class Subject:
    """A file of ``texts`` and its place in the day; hours are local, in fractions from midnight.

    ``share``: of the posts, relative. ``window``: when it is talked about, None for all day. ``pause``: when it is not.
    ``heat``: how much more than usual its posts are liked. ``announced``: when the brand itself posts.
    """

    name: str
    share: float
    brand: str = ""
    window: tuple[float, float] | None = None
    pause: tuple[float, float] = (0, 0)
    heat: float = 1.0
    announced: float | None = None

    def hour(self, rng: Random) -> float:
        """When somebody writes about it: most at the beginning of a window, or as the day goes."""
        if self.window:
            begin, end = self.window
            return begin + (end - begin) * rng.betavariate(1.2, 1.8)
        while True:
            hour = rng.choices(range(len(RHYTHM)), cum_weights=_CUMULATIVE)[0] + rng.random()
            if not self.pause[0] <= hour < self.pause[1]:
                return hour


#: From the last whistle to the way home: the cause of the day's spike.
OUTAGE_BEGINS: Final = 18.0
OUTAGE_ENDS: Final = 20.17

SUBJECTS: Final = (
    Subject("everyday", 75.0),
    Subject("hezarsabad", 4.4, "hezarsabad", announced=10.1),
    Subject("berimo", 2.6, "berimo", pause=(OUTAGE_BEGINS, 21.5), announced=8.2),
    Subject("abnoos", 2.6, "abnoos", announced=9.0),
    Subject("tordooneh", 2.6, "tordooneh", announced=11.5),
    Subject("parastootel", 2.9, "parastootel", announced=12.3),
    Subject("toofan", 1.4, "toofan", pause=(15.8, 19.5), announced=10.6),
    Subject("match", 2.0, "toofan", window=(16.0, 17.75), heat=1.5, announced=16.62),
    Subject("match_over", 0.8, "toofan", window=(17.75, 19.5), heat=1.5, announced=17.77),
    Subject("outage_begins", 0.9, "berimo", window=(OUTAGE_BEGINS, 18.35)),
    Subject("outage", 5.4, "berimo", window=(18.2, OUTAGE_ENDS), heat=2.5),
    Subject("outage_over", 0.8, "berimo", window=(OUTAGE_ENDS, 22.0), announced=OUTAGE_ENDS),
)


def draw_kind(rng: Random, allowed: frozenset[str]) -> str:
    """A kind of post among those that a subject has texts for."""
    kinds = [kind for kind in KINDS if kind in allowed]
    return rng.choices(kinds, [KINDS[kind] for kind in kinds])[0]


def draw_platform(rng: Random, kind: str) -> str:
    """Where a post of a kind is written."""
    places = PLATFORMS[kind]
    return rng.choices(tuple(places), tuple(places.values()))[0]


def part_of_day(hour: float) -> str | None:
    """The kind of chat that belongs to a local hour, if any."""
    return next((part for part, (begin, end) in PARTS_OF_DAY.items() if begin <= hour < end), None)
