"""Closed minutes for the tests of incidents: a quiet brand, and what happens to it."""

from collections.abc import Iterator

import numpy as np

from models.campaign import Campaign
from models.series import ClosedMinute
from processors.incidents import CampaignWatch

#: A Saturday in Tehran (1404-07-19), no holiday near; 20:30 UTC the day before is its midnight.
MIDNIGHT = 1_760_128_200
DAY = 1440
CAMPAIGN = Campaign(id="berimo", name="بریمو", team="mobility", keywords=("بریمو",))
#: Three days, and until ten in the morning.
LEARNT_MINUTES = 3 * DAY + 600


def minute(index: int, mentions: int, *, platform: str = "twitter", **more: int) -> ClosedMinute:
    """Minute number ``index`` from MIDNIGHT; ``more``: authors, stories, and metrics of the platform."""
    authors, stories = more.pop("authors", mentions), more.pop("stories", mentions)
    counts = {name: amount for name, amount in {"mentions": mentions, **more}.items() if amount}
    return ClosedMinute(
        "berimo",
        MIDNIGHT + index * 60,
        {platform: counts} if counts else {},
        authors=authors,
        stories=stories,
    )


def quiet(first: int, end: int, rate: float = 2.0, seed: int = 1) -> Iterator[ClosedMinute]:
    """Poisson counts, day to night 5 : 1; the same for the same minutes."""
    generator = np.random.default_rng(seed)
    drawn = generator.poisson(rate * (1 + 0.66 * np.sin(2 * np.pi * np.arange(end) / DAY)))
    for index in range(first, end):
        yield minute(index, int(drawn[index]), likes=int(drawn[index]))


def learnt(campaign: Campaign = CAMPAIGN) -> CampaignWatch:
    """A watch that has seen three quiet days and a morning."""
    watch = CampaignWatch(campaign)
    for one in quiet(0, LEARNT_MINUTES):
        assert watch.take(one) == []
    return watch


def spike(first: int, minutes: int, mentions: int, **more: int) -> Iterator[ClosedMinute]:
    """So many mentions in each of some minutes."""
    return (minute(index, mentions, **more) for index in range(first, first + minutes))
