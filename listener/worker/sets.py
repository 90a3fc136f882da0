"""Campaign sets on their topic: immutable versions, so that a replayed record meets the set that it met first.

``listener.campaigns.v1``: compacted, one partition; key = version, value = the set. The last set is the latest.
Beside them stands where each came into force, for recounts (models/trace.py).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, TopicPartition

from listener.changelog import Records, read_to_end
from listener.errors import Halt, UsageProblem
from listener.kafka.settings import KafkaSettings
from listener.worker.allocator import give_back
from models.article import ARTICLES_TOPIC
from models.campaign import CampaignSet
from models.post import POSTS_TOPIC, Post
from models.topics import Namespace
from models.trace import Trace, is_trace
from processors.business.plane import business_readers
from processors.business.rules import Rules
from processors.enrich import Analysis, Enricher, Item
from processors.match import CampaignMatch, Matcher
from processors.matching import match_article, match_post
from processors.overlay import CompiledSet, Reader

_log = logging.getLogger("listener.worker.sets")

Analyse = Callable[[Sequence[Item]], Sequence[Analysis]]


def compile_set(campaign_set: CampaignSet, analyse: Analyse | None = None) -> CompiledSet:
    """The set with its automata built: seconds for thousands of keywords, so once per version."""
    matcher = Matcher(campaign_set)
    find = matcher.prefilter.find_each
    zones = {campaign.id: campaign.timezone for campaign in campaign_set.campaigns}
    readers = {ARTICLES_TOPIC: Reader(find, lambda article: match_article(matcher, article))}
    readers |= business_readers(campaign_set)

    def match(post: Post) -> Sequence[CampaignMatch]:
        """Whether or not ``find`` has seen it: what is asked about and was not found is tracked, and mostly matches."""
        return match_post(matcher, post, screened=True)

    readers[POSTS_TOPIC] = Reader(find, match, Rules(campaign_set))
    return CompiledSet(campaign_set.version, find, match, zones, readers, analyse)


@dataclass
class SetStore:
    """The versions on the topic, compiled when needed. ``enricher`` None: mentions are counted, not judged.

    ``latest`` is the version of the last set that was read. ``zones``: those of all campaigns there ever were.
    """

    kafka: KafkaSettings
    namespace: Namespace
    enricher: Enricher | None = None
    latest: str | None = None
    trace: Trace = field(default_factory=Trace)
    zones: dict[str, str] = field(default_factory=dict)
    _known: dict[str, CampaignSet] = field(default_factory=dict)
    _compiled: dict[str, CompiledSet] = field(default_factory=dict)

    @property
    def partition(self) -> TopicPartition:
        """Where the sets are."""
        return TopicPartition(self.namespace.campaigns, 0)

    def take(self, _tp: object, records: Records) -> None:
        """Take over records of the topic."""
        for _, key, value in records:
            if is_trace(key):
                self.trace.take(key, value)
            elif value is not None:
                self._know(key.decode(), CampaignSet.from_json(value))
                self.latest = key.decode()

    async def load(self) -> str | None:
        """Read the topic; returns the latest version, None while there is none."""
        await read_to_end(self.kafka, [self.partition], self.take)
        return self.latest

    async def publish(self, campaign_set: CampaignSet, producer: AIOKafkaProducer) -> None:
        """Make ``campaign_set`` the latest, durably, unless it already is.

        Raises UsageProblem where a campaign's zone is not what it was.
        """
        await self.require_zones(campaign_set)
        if self.latest != campaign_set.version:
            await producer.send_and_wait(
                self.namespace.campaigns, key=campaign_set.version.encode(), value=campaign_set.to_json(), partition=0
            )
        self._know(campaign_set.version, campaign_set)
        self.latest = campaign_set.version

    def _know(self, version: str, campaign_set: CampaignSet) -> None:
        self._known[version] = campaign_set
        self.zones.update({one.id: one.timezone for one in campaign_set.campaigns})

    async def compiled(self, version: str) -> CompiledSet:
        """A version ready for use; Halt where the topic has lost it, since records could not be judged again."""
        if version not in self._known:
            await self.load()
        if version not in self._known:
            raise Halt(
                f"campaign set {version} is in force but no longer on topic {self.namespace.campaigns}: restore the "
                f"topic, or count again from the retained posts with: listener rebase --rebuild"
            )
        if version not in self._compiled:
            self._compiled[version] = await asyncio.to_thread(self._compile, self._known[version])
            # Compiling takes several times what is left of it: 100 MB for 1,000 keywords.
            await asyncio.to_thread(give_back)
        return self._compiled[version]

    def _compile(self, campaign_set: CampaignSet) -> CompiledSet:
        if self.enricher is None:
            return compile_set(campaign_set)
        if campaign_set.models != self.enricher.versions:
            # A replay under a set of other models: every count is exact, but the split by sentiment may differ.
            _log.warning(
                "campaign set %s was made for models %s, loaded are %s: these judge its mentions",
                campaign_set.version,
                campaign_set.models,
                self.enricher.versions,
            )
        return compile_set(campaign_set, self.enricher.of(campaign_set).analyse)

    async def require_zones(self, campaign_set: CampaignSet) -> None:
        """UsageProblem where a campaign's zone is not what it was."""
        await self.load()
        self._require_zones(campaign_set)

    def _require_zones(self, campaign_set: CampaignSet) -> None:
        """Hours and days of a campaign are cut on its clock: another one would mix two kinds of days in one cell."""
        for campaign in campaign_set.campaigns:
            zone = self.zones.get(campaign.id, campaign.timezone)
            if zone != campaign.timezone:
                raise UsageProblem(
                    f"campaign {campaign.id} counts on the clock of {zone}, its file says {campaign.timezone}: a "
                    "campaign's zone cannot change. Give it a new id to count on another clock."
                )
