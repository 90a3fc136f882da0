"""What the counting must come to: a fold of the source log in offset order, in plain dictionaries, without faults."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from models import cells
from models.cells import METRIC_INDEX
from models.entity import PostEntity, unpack_entity
from models.mention import counts_key, mention_key, unpack_mention
from models.outcome import Outcome
from models.post import PLATFORMS, POSTS_TOPIC, Post, Skim
from models.progress import Progress, unpack_progress
from processors.enrich import Item
from processors.kinds import Bounds, Delta, Folded
from processors.overlay import CompiledSet, Tables
from processors.posts import fold_post
from processors.windows import DAY_MS, HOUR_MS, day_start, hour_start, minute_start, to_ms
from tests.property.protocol_world import SETS, ZONES, Record, World, judged

KEEP_MS = {"minute": 96 * HOUR_MS, "hour": 35 * DAY_MS, "day": 400 * DAY_MS}
KEEP_ENTITY_MS = 8 * DAY_MS
decode = msgspec.json.Decoder(Skim).decode
CellKey = tuple[str, str, str, int]  # table, campaign, platform, start


class Divergence(AssertionError):  # noqa: N818 - it says what happened
    """The protocol came to something else than the oracle."""


@dataclass
class Oracle:
    """Counts like a child: one record after the other."""

    retention: bool
    entities: dict[str, PostEntity] = field(default_factory=dict)
    counts: dict[CellKey, Counter[int]] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    invalid: set[int] = field(default_factory=set)
    mentions: dict[bytes, int] = field(default_factory=dict)
    record_time: int | None = None

    def count(self, record: Record, compiled: CompiledSet) -> None:
        self._offset = record.offset
        outcome = self._judge(record, compiled)
        if record.fault != "always":
            observed = to_ms(decode(record.value or b"").observed_at)
            self.record_time = observed if self.record_time is None else max(self.record_time, observed)
        self.outcomes[outcome] += 1
        if outcome is Outcome.INVALID:
            self.invalid.add(record.offset)

    def _judge(self, record: Record, compiled: CompiledSet) -> Outcome:
        if record.fault == "always" or record.value is None:
            return Outcome.INVALID
        fields = msgspec.json.decode(record.value)
        entity = self._entity(fields["post_id"])
        candidate = fields["op"] in ("create", "update") and compiled.find([record.value], [b""])
        if not candidate and (entity is None or (entity.flags and fields["op"] in ("engagement", "delete"))):
            return Outcome.UNMATCHED
        if record.fault:
            return Outcome.INVALID
        return self._fold(entity, msgspec.json.decode(record.value, type=Post), compiled)

    def _entity(self, post_id: str) -> PostEntity | None:
        entity = self.entities.get(post_id)
        return None if entity is None or self.gone(entity) else entity

    def gone(self, entity: PostEntity) -> bool:
        time = self.record_time
        return self.retention and time is not None and entity.changed <= time - KEEP_ENTITY_MS

    def _fold(self, entity: PostEntity | None, post: Post, compiled: CompiledSet) -> Outcome:
        matched = [one.campaign_id for one in compiled.match(post)] if post.op in ("create", "update") else []
        bounds = Bounds() if self.retention else Bounds(behind=None)
        folded = fold_post(entity, post, matched, self.record_time, bounds, compiled.zones)
        if folded.entity is not None:
            self.entities[post.post_id] = folded.entity
            for delta in folded.deltas:
                self._add(delta, PLATFORMS[folded.entity.platform])
                if delta.metric == METRIC_INDEX["mentions"]:
                    self._add_analysis(delta, PLATFORMS[folded.entity.platform], post)
            self._say(folded, post)
        return folded.outcome

    def _add_analysis(self, delta: Delta, platform: str, post: Post) -> None:
        analysis = judged(Item(post.text or "", delta.campaign, ()))
        self._add(delta._replace(metric=METRIC_INDEX[f"mentions_{analysis.sentiment}"]), platform)
        if analysis.relevant:
            self._add(delta._replace(metric=METRIC_INDEX["relevant_mentions"]), platform)

    def _say(self, folded: Folded, post: Post) -> None:
        key = counts_key if post.op == "engagement" else mention_key
        for campaign in folded.said:
            self.mentions[key(campaign, post.post_id)] = self._offset
        for campaign in folded.erased:
            self.mentions.pop(mention_key(campaign, post.post_id), None)
            self.mentions.pop(counts_key(campaign, post.post_id), None)

    def _add(self, delta: Delta, platform: str) -> None:
        zone = ZONES[delta.campaign]
        starts = {
            "minute": minute_start(delta.time),
            "hour": hour_start(delta.time, zone),
            "day": day_start(delta.time, zone),
            cells.LIFETIME: 0,
        }
        for table, start in starts.items():
            key = (table, delta.campaign, platform, start)
            self.counts.setdefault(key, Counter())[delta.metric] += delta.amount

    def expired(self, key: CellKey) -> bool:
        """Whether retention may have dropped a cell."""
        table, _, _, start = key
        if not self.retention or self.record_time is None or table == cells.LIFETIME:
            return False
        end = (start + cells.WINDOWS[table]) * 1000
        return end <= self.record_time - KEEP_MS[table]


def recount(world: World, progress: Progress) -> Oracle:
    """The oracle after the records up to ``progress``, each under the set that the progress cells recorded for it."""
    since = {one.since: one.version for said in world.said for one in said.sets}
    oracle = Oracle(world.retention)
    for record in world.records:
        stamp = record.offset + world.base
        if stamp <= progress.stamp:
            version = since[max(first for first in since if first <= stamp)]
            oracle.count(record, SETS[version])
    return oracle


def verify(world: World, tables: Tables, *, what: str) -> None:
    """Divergence unless ``tables`` hold what the oracle counts."""
    (value,) = tables[cells.PROGRESS].values()
    progress = unpack_progress(value)
    oracle = recount(world, progress)
    _same(f"{what}: records read", progress.read, sum(r.offset + world.base <= progress.stamp for r in world.records))
    _same(f"{what}: outcomes", progress.outcomes, tuple(oracle.outcomes[one] for one in Outcome))
    _same(f"{what}: reasons", sum(progress.reasons.values()), len(oracle.invalid))
    _same(f"{what}: record time", progress.record_time, oracle.record_time)
    _same(f"{what}: cells", _counted(tables, oracle), _expected(oracle))
    _same(f"{what}: entities", _entities(tables[cells.ENTITIES], oracle), _expected_entities(oracle))
    _same(f"{what}: dead letters", world.letters, oracle.invalid)
    if not world.had_zombies:
        _same(f"{what}: mentions", _mentions(world), oracle.mentions)


def _mentions(world: World) -> dict[bytes, int]:
    """What a reader of the mentions topic has in the end: the offset of the newest record per key."""
    found: dict[bytes, int] = {}
    for key, value in world.mentions:
        if value is None:
            found.pop(key, None)
        else:
            found[key] = max(found.get(key, -1), unpack_mention(value).origin.stamp - world.base)
    return found


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Divergence(f"{what}: {found} instead of {expected}")


def _counted(tables: Tables, oracle: Oracle) -> dict[CellKey, dict[int, int]]:
    found = {}
    for table in cells.CELL_TABLES:
        for raw, value in tables[table].items():
            name, start = (cells.parse_lifetime_key(raw), 0) if table == cells.LIFETIME else cells.parse_window_key(raw)
            if (name.topic, name.partition) != (POSTS_TOPIC, 0):
                raise Divergence(f"a cell of another partition: {name}")
            key = (table, name.campaign, name.platform, start)
            counters = {index: count for index, count in enumerate(cells.unpack_cell(value).counters) if count}
            if counters and not oracle.expired(key):
                found[key] = counters
    return found


def _expected(oracle: Oracle) -> dict[CellKey, dict[int, int]]:
    counts = {key: {i: n for i, n in counter.items() if n} for key, counter in oracle.counts.items()}
    return {key: counters for key, counters in counts.items() if counters and not oracle.expired(key)}


def _entities(found: Mapping[bytes, bytes], oracle: Oracle) -> dict[str, PostEntity]:
    entities = {key.decode(): unpack_entity(value) for key, value in found.items()}
    return {key: _unstamped(one) for key, one in entities.items() if not oracle.gone(one)}


def _expected_entities(oracle: Oracle) -> dict[str, PostEntity]:
    return {key: _unstamped(one) for key, one in oracle.entities.items() if not oracle.gone(one)}


def _unstamped(entity: PostEntity) -> PostEntity:
    return msgspec.structs.replace(entity, stamp=0)
