"""Two campaign sets over the same posts: what enters a campaign and what leaves it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Final

import msgspec

from models.post import Post
from processors.match import CampaignMatch, Match, Matcher
from processors.matching import match_post

_DIGEST: Final = 8


class Sample(msgspec.Struct, frozen=True):
    """One post that enters or leaves, with what the set that matches it found."""

    post_id: str
    text: str
    matches: tuple[Match, ...]


class Change(msgspec.Struct, frozen=True):
    """One campaign: records in both sets, in the new one only, in the old one only, with samples of these."""

    id: str
    stays: int
    enters: int
    leaves: int
    entering: tuple[Sample, ...]
    leaving: tuple[Sample, ...]


@dataclass
class _Side:
    """Counts one way, and keeps the samples whose post ids hash lowest: the same ones in any order of the input."""

    size: int
    count: int = 0
    _kept: list[tuple[int, str, Sample]] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        self.count += 1
        digest = blake2b(sample.post_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
        entry = (-int.from_bytes(digest, "big"), sample.text, sample)
        if len(self._kept) < self.size:
            heappush(self._kept, entry)
        elif self.size and entry[0] > self._kept[0][0]:
            heappushpop(self._kept, entry)

    def samples(self) -> tuple[Sample, ...]:
        return tuple(sample for _, _, sample in sorted(self._kept, key=lambda entry: (-entry[0], entry[1])))


class Comparison:
    """Posts go in one by one; memory is bounded by campaigns × samples."""

    def __init__(self, old: Matcher, new: Matcher, samples: int) -> None:
        self._old = old
        self._new = new
        self._samples = samples
        self._stays: dict[str, int] = {}
        self._enters: dict[str, _Side] = {}
        self._leaves: dict[str, _Side] = {}

    def add(self, post: Post) -> None:
        """Match one post with both sets."""
        old, new = _by_id(match_post(self._old, post)), _by_id(match_post(self._new, post))
        for campaign in old.keys() & new.keys():
            self._stays[campaign] = self._stays.get(campaign, 0) + 1
        self._note(self._leaves, post, old, new)
        self._note(self._enters, post, new, old)

    def changes(self, ids: Iterable[str]) -> Iterator[Change]:
        """One change per campaign, in the order given, also where nothing changes."""
        nothing = _Side(0)
        for name in ids:
            enters, leaves = self._enters.get(name, nothing), self._leaves.get(name, nothing)
            stays = self._stays.get(name, 0)
            yield Change(name, stays, enters.count, leaves.count, enters.samples(), leaves.samples())

    def _note(
        self,
        sides: dict[str, _Side],
        post: Post,
        these: Mapping[str, CampaignMatch],
        others: Mapping[str, CampaignMatch],
    ) -> None:
        for name in these.keys() - others.keys():
            side = sides.setdefault(name, _Side(self._samples))
            side.add(Sample(post.post_id, post.text or "", these[name].matches))


def _by_id(found: Iterable[CampaignMatch]) -> dict[str, CampaignMatch]:
    return {one.campaign_id: one for one in found}
