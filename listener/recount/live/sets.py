"""Which campaign set held for which record of a partition."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.campaign import CampaignSet
from models.progress import SetInForce
from models.trace import Adopted
from processors.business.rules import Rules
from processors.match import Matcher


@dataclass(frozen=True)
class Known:
    """A campaign set, ready for use when asked."""

    campaign_set: CampaignSet

    @cached_property
    def matcher(self) -> Matcher:
        """How it matches texts."""
        return Matcher(self.campaign_set)

    @cached_property
    def rules(self) -> Rules:
        """How it attributes business events."""
        return Rules(self.campaign_set)

    @cached_property
    def campaigns(self) -> frozenset[str]:
        """Who counts."""
        return frozenset(campaign.id for campaign in self.campaign_set.campaigns)


class InForce:
    """The sets of a partition by stamp.

    ``first``: from this stamp on they are known; ``begins``: and nothing was counted before it.
    """

    def __init__(self, adopted: Sequence[Adopted], in_force: Sequence[SetInForce], known: Mapping[str, Known]) -> None:
        versions = {one.since: one.version for one in adopted} | {one.since: one.version for one in in_force}
        self._since = sorted(versions)
        self._versions = [versions[since] for since in self._since]
        self._known = known
        self.first = self._since[0] if self._since else 0
        self.begins = any(one.begins and one.since == self.first for one in adopted)

    def __bool__(self) -> bool:
        return bool(self._since)

    @property
    def missing(self) -> set[str]:
        """Versions whose sets are not to be found any more."""
        return {version for version in self._versions if version not in self._known}

    def begin_at(self, stamp: int) -> None:
        """What came before is gone."""
        self.first = max(self.first, stamp)

    def at(self, stamp: int) -> Known:
        """The set that held for a record."""
        return self._known[self._versions[bisect_right(self._since, stamp) - 1]]
