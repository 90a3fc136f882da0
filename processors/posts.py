"""Fold of posts: (entity, event) → (entity, deltas). Nothing else in the counting plane knows what a post is."""

from collections.abc import Callable, Container, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from models.cells import MENTIONS, MENTIONS_NET, METRIC_INDEX
from models.entity import DELETED, PostEntity, Tracking, pack_entity, unpack_entity
from models.mention import LABELS
from models.outcome import Outcome
from models.post import COUNTERS, PLATFORMS, Counts, Post, Skim, content_hash
from models.streams import POSTS
from processors.business.rules import Rules
from processors.judge import decode_post, skim_decoder
from processors.kinds import Bounds, Delta, Folded, Kind, MentionMetrics
from processors.mentions import said_of_post
from processors.snapshots import NEW_WITHIN_MS, Levels, Step, advance
from processors.windows import to_ms

_PLATFORM_INDEX = {name: index for index, name in enumerate(PLATFORMS)}
_GROSS = tuple(METRIC_INDEX[name] for name in COUNTERS)
_OWN_REPLIES = METRIC_INDEX["own_replies"]
_NET = tuple(METRIC_INDEX[f"{name}_net"] for name in COUNTERS)


#: Where a post's mention is counted.
POST_MENTIONS: Final = MentionMetrics(
    MENTIONS,
    MENTIONS_NET,
    {label: METRIC_INDEX[f"mentions_{label}"] for label in LABELS},
    METRIC_INDEX["relevant_mentions"],
)


class Event(Protocol):
    """What the fold reads of a record: posts have it, articles are seen through ``processors.articles``."""

    @property
    def op(self) -> str:
        """create, update, engagement or delete."""

    @property
    def observed_at(self) -> datetime:
        """When the source looked."""

    @property
    def created_at(self) -> datetime:
        """When the entity came to be."""

    @property
    def platform(self) -> str:
        """One of ``PLATFORMS``."""

    @property
    def counts(self) -> Counts:
        """The snapshot of its counters."""

    @property
    def counts_precision(self) -> str:
        """Exact or rounded."""


def fold_post(
    entity: PostEntity | None,
    post: Post,
    matched: Sequence[str],
    record_time: int | None,
    bounds: Bounds,
    in_force: Container[str],
) -> Folded:
    """Fold ``post`` into ``entity``: see ``fold_event``. With ``Rules`` as ``in_force`` own replies are counted."""
    folded = fold_event(entity, post, content_hash, matched, record_time, bounds, in_force, POST_MENTIONS)
    if post.in_reply_to and post.author is not None and isinstance(in_force, Rules):
        own = [one for one in folded.deltas if one.metric == MENTIONS and in_force.wrote(one.campaign, post.author)]
        folded.deltas.extend(one._replace(metric=_OWN_REPLIES) for one in own)
    return folded


def fold_event(
    entity: PostEntity | None,
    post: Event,
    content_of: Callable[[Any], int],
    matched: Sequence[str],
    record_time: int | None,
    bounds: Bounds,
    in_force: Container[str],
    metrics: MentionMetrics,
) -> Folded:
    """Fold an event into ``entity``.

    ``matched``: ids of the campaigns that the text matches now (empty for engagement and delete). ``record_time``: the
    partition's record time before this record. ``in_force``: the campaigns that count now; a tracked one that is not
    among them is given nothing, so a delete will take nothing of it back. A returned entity has stamp 0 and replaces
    the old one; the caller stamps it when it becomes durable.
    """
    observed = to_ms(post.observed_at)
    if not tracked(entity, post.op) and not matched:
        return Folded(Outcome.UNMATCHED, None, [])
    content = content_of(post)
    if entity is not None:
        if observed < entity.observed:
            return Folded(Outcome.STALE, None, [])
        if observed == entity.observed and content == entity.content:
            return Folded(Outcome.DUPLICATE, None, [])
    now = observed if record_time is None else max(record_time, observed)
    if bounds.behind is not None and now - observed > bounds.behind:
        late = None if entity is not None else _new_entity(post, matched, content, observed, now, mentioned=False)
        return Folded(Outcome.LATE, late, [])
    if entity is None:
        return _first_seen(post, matched, content, observed, now, bounds, metrics)
    return _follow_up(entity, post, matched, content, now, bounds, in_force, metrics)


def tracked(entity: PostEntity | None, op: str) -> bool:
    """A deleted post is followed no more: later engagement finds nothing, a later text is looked at again."""
    return entity is not None and not (entity.flags & DELETED and op in ("engagement", "delete"))


def _new_entity(
    post: Event, matched: Sequence[str], content: int, observed: int, now: int, *, mentioned: bool
) -> PostEntity:
    # As the positions are: a quarter faster than by name, and this is done for every mention.
    last = list(post.counts.values())
    campaigns = [Tracking(campaign, True, mentioned, [], mentioned) for campaign in matched]  # noqa: FBT003
    created, platform = to_ms(post.created_at), _PLATFORM_INDEX[post.platform]
    return PostEntity(0, observed, content, now, created, platform, 0, 0, last, list(last), campaigns)


def _first_seen(
    post: Event, matched: Sequence[str], content: int, observed: int, now: int, bounds: Bounds, metrics: MentionMetrics
) -> Folded:
    """A post that was not known and matches: one mention in the window of its creation, counts as the baseline."""
    entity = _new_entity(post, matched, content, observed, now, mentioned=True)
    created = entity.created
    if observed - created > bounds.late:
        return Folded(Outcome.LATE, _new_entity(post, matched, content, observed, now, mentioned=False), [])
    deltas = _mention_deltas(matched, created, metrics)
    if observed - created <= NEW_WITHIN_MS:
        steps = [Step(counter, value, value) for counter, value in enumerate(entity.last) if value]
        deltas += _engagement_deltas(entity.campaigns, steps, observed)
    return Folded(Outcome.COUNTED, entity, deltas, said=matched)


def _follow_up(
    old: PostEntity,
    post: Event,
    matched: Sequence[str],
    content: int,
    now: int,
    bounds: Bounds,
    in_force: Container[str],
    metrics: MentionMetrics,
) -> Folded:
    """A later record of a known post: engagement in the window of its observation, edits, delete."""
    observed, created = to_ms(post.observed_at), old.created
    entity = PostEntity(
        stamp=0,
        observed=observed,
        content=content,
        changed=now,
        created=created,
        platform=old.platform,
        flags=old.flags,
        held=old.held,
        last=old.last,
        high=old.high,
        campaigns=[Tracking(t.campaign, t.active, t.mentioned, list(t.net), t.standing) for t in old.campaigns],
    )
    if post.op == "delete":
        entity.flags |= DELETED
        gone = [one.campaign for one in entity.campaigns if one.mentioned]
        return Folded(Outcome.COUNTED, entity, _take_back(entity, observed, in_force, metrics), erased=gone)
    entity.flags &= ~DELETED
    levels, steps = advance(
        Levels(old.last, old.high, old.held),
        post.counts.values(),
        all_new=observed - created <= NEW_WITHIN_MS,
        rounded=post.counts_precision == "rounded",
    )
    entity.last, entity.high, entity.held = levels
    joined = _rematch(entity, matched) if post.op != "engagement" else []
    deltas = _engagement_deltas(_counting(entity, joined, in_force), steps, observed)
    back = [tracking for tracking in joined if tracking.mentioned and not tracking.standing]
    for tracking in back:
        tracking.standing = True
    deltas += [Delta(tracking.campaign, observed, metrics.mentions_net, 1) for tracking in back]
    if observed - created <= bounds.late:
        newly = [tracking for tracking in joined if not tracking.mentioned]
        for tracking in newly:
            tracking.mentioned = tracking.standing = True
        deltas += _mention_deltas([tracking.campaign for tracking in newly], created, metrics)
    said = [one.campaign for one in entity.campaigns if one.mentioned and (one.active or post.op != "engagement")]
    return Folded(Outcome.COUNTED, entity, deltas, said=said)


def _rematch(entity: PostEntity, matched: Sequence[str]) -> list[Tracking]:
    """Bring tracking in line with what the edited text matches; returns the campaigns that join with this edit.

    A campaign that no longer matches keeps what it has and gets no more; one that matches again goes on from here.
    """
    before = {tracking.campaign: tracking for tracking in entity.campaigns}
    joined: list[Tracking] = []
    for tracking in entity.campaigns:
        if tracking.active and tracking.campaign not in matched:
            tracking.active = False
        elif not tracking.active and tracking.campaign in matched:
            tracking.active = True
            joined.append(tracking)
    for campaign in matched:
        if campaign not in before:
            tracking = Tracking(campaign, mentioned=False, standing=False)
            entity.campaigns.append(tracking)
            joined.append(tracking)
    return joined


def _mention_deltas(campaigns: Sequence[str], created: int, metrics: MentionMetrics) -> list[Delta]:
    both = (metrics.mentions, metrics.mentions_net)
    return [Delta(campaign, created, metric, 1) for campaign in campaigns for metric in both]


def _counting(entity: PostEntity, joined: Sequence[Tracking], in_force: Container[str]) -> list[Tracking]:
    """The campaigns that a snapshot counts for: not those that joined with this very record, whose baseline is now."""
    return [
        one
        for one in entity.campaigns
        if one.active and one.campaign in in_force and not any(one is other for other in joined)
    ]


def _engagement_deltas(campaigns: Sequence[Tracking], steps: Sequence[Step], observed: int) -> list[Delta]:
    deltas: list[Delta] = []
    for tracking in campaigns:
        for counter, gross, net in steps:
            if gross:
                deltas.append(Delta(tracking.campaign, observed, _GROSS[counter], gross))
            deltas.append(Delta(tracking.campaign, observed, _NET[counter], net))
            _contribute(tracking, counter, net)
    return deltas


def _contribute(tracking: Tracking, counter: int, net: int) -> None:
    tracking.net.extend([0] * (counter + 1 - len(tracking.net)))
    tracking.net[counter] += net


def _take_back(entity: PostEntity, observed: int, in_force: Container[str], metrics: MentionMetrics) -> list[Delta]:
    """After a delete every level that this post raised is back where it was; gross amounts stay.

    A campaign that is not in force gets nothing: what stands there is remembered as it is.
    """
    deltas: list[Delta] = []
    for tracking in entity.campaigns:
        tracking.active = False
        if tracking.campaign not in in_force:
            continue
        if tracking.standing:
            deltas.append(Delta(tracking.campaign, observed, metrics.mentions_net, -1))
            tracking.standing = False
        deltas.extend(
            Delta(tracking.campaign, observed, _NET[counter], -net) for counter, net in enumerate(tracking.net) if net
        )
        tracking.net = []
    return deltas


def platform_of(entity: PostEntity) -> str:
    """The platform that an entity's cells are named by."""
    return PLATFORMS[entity.platform]


def written_in_posts(skims: Sequence[Skim]) -> list[bytes]:
    """``Skim.searched`` of each: a quote is the least of what may begin a JSON value."""
    texts = [bytes(skim.text) for skim in skims]
    if min(texts) >= b'"' and max(texts) < b"#":
        return texts
    return [skim.searched for skim in skims]


POST_KIND: Final = Kind(
    stream=POSTS,
    skim=skim_decoder.decode,
    decode=decode_post,
    moment=lambda post: ("created_at", post.created_at),
    fold=fold_post,
    tracked=tracked,
    unpack=unpack_entity,
    pack=pack_entity,
    dimension=platform_of,
    mentions=POST_MENTIONS,
    say=said_of_post,
    written=written_in_posts,
)
