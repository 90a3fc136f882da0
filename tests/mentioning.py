"""Mentions as the worker writes them: by hand, or of the whole sample day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

import listener.sample
from listener.campaigns.files import load_campaigns
from listener.changelog import Records
from listener.sample.stream import sample_records
from models.campaign import CampaignSet
from models.feedback import Feedback, pack_feedback
from models.mention import Found, Mention, Origin, counts_key, mention_key, pack_mention
from models.post import Counts
from processors.authors import author_hash
from processors.match import Matcher

TOPIC = "listener.mentions.v1"
FEEDBACK = "listener.feedback.v1"
SOURCE = "social.posts.v1"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = b"the key of these tests"
SAMPLE_CAMPAIGNS = Path(listener.sample.__file__).parent / "campaigns"

Change = tuple[bytes, bytes | None]


def said(entity: str = "twitter:1", stamp: int = 0, *, minutes: float = 0, **fields: Any) -> Mention:
    """What was said so many minutes after noon."""
    moment = NOON + timedelta(minutes=minutes)
    usual: dict[str, Any] = {
        "campaign": "berimo",
        "kind": "post",
        "op": "create",
        "platform": "twitter",
        "event_time": moment,
        "observed_at": moment,
        "text": "سفارش من از بریمو نرسید",
        "matches": (Found("بریمو", 12, 17, "exact"),),
    }
    partition = fields.pop("partition", 0)
    return Mention(**usual | fields, entity=entity, origin=Origin(SOURCE, partition, stamp))


def counted(entity: str, stamp: int, *, campaign: str = "berimo", minutes: float = 0, **counts: int) -> Mention:
    """The newest counters of a mention."""
    moment = NOON + timedelta(minutes=minutes)
    return Mention(
        campaign, entity, "post", "engagement", Origin(SOURCE, 0, stamp), "twitter", moment, moment, Counts(**counts)
    )


def put(*mentions: Mention) -> list[Change]:
    """As records: key and value."""
    return [(one.key, pack_mention(one)) for one in mentions]


def taken_back(entity: str, campaign: str = "berimo") -> list[Change]:
    """Tombstones of both keys."""
    return [(mention_key(campaign, entity), None), (counts_key(campaign, entity), None)]


def feedback(*said_back: Feedback) -> list[Change]:
    """As records: key and value."""
    return [(one.subject.encode(), pack_feedback(one)) for one in said_back]


@dataclass
class Log:
    """A topic partition that only grows: gives offsets to what is written."""

    end: int = 0
    kept: Records = field(default_factory=list)

    def append(self, changes: list[Change]) -> Records:
        """The records with their offsets."""
        records = [(self.end + at, key, value) for at, (key, value) in enumerate(changes)]
        self.end += len(changes)
        self.kept += records
        return records


def sample_changes(posts: int = 3000, seed: int = 1) -> tuple[CampaignSet, list[Change]]:
    """The sample day as the mentions topic would have it: real matches, hashed authors, counters, deletes."""
    campaigns = load_campaigns(SAMPLE_CAMPAIGNS)
    return campaigns, list(_changes(Matcher(campaigns), posts, seed))


def _changes(matcher: Matcher, posts: int, seed: int) -> Iterator[Change]:
    tracked: dict[str, set[str]] = {}
    for stamp, record in enumerate(sample_records(seed, posts)):
        if isinstance(record, bytes):
            continue
        entity = record["post_id"]
        if record["op"] == "delete":
            for campaign in tracked.pop(entity, ()):
                yield from taken_back(entity, campaign)
        elif record["op"] == "engagement":
            for campaign in tracked.get(entity, ()):
                yield from put(_mention(record, campaign, stamp, (), "engagement"))
        else:
            for match in matcher.text(record["text"]):
                tracked.setdefault(entity, set()).add(match.campaign_id)
                found = tuple(Found(one.keyword, one.start, one.end, one.rule) for one in match.matches)
                yield from put(_mention(record, match.campaign_id, stamp, found, record["op"]))


def _mention(record: dict[str, Any], campaign: str, stamp: int, found: tuple[Found, ...], op: str) -> Mention:
    author = record.get("author", {})
    wire = {
        "campaign": campaign,
        "entity": record["post_id"],
        "kind": "post",
        "op": op,
        "origin": [SOURCE, 0, stamp],
        "platform": record["platform"],
        "event_time": record["created_at"],
        "observed_at": record["observed_at"],
        "counts": record.get("counts", {}),
    }
    if op == "engagement":
        return msgspec.convert(wire, Mention)
    text = record["text"]
    more = {
        "text": text,
        "normalized": text,
        "url": record.get("url"),
        "lang": record.get("lang"),
        "sentiment": _mood(text),
        "relevant": True,
        "story": f"s{hash(text) & 0xFFFF:x}",
        "author": author_hash(KEY, record["platform"], author["id"]) if author else None,
        "followers": author.get("followers"),
        "repost": "repost_of" in record,
    }
    return msgspec.structs.replace(msgspec.convert(wire | more, Mention), matches=found)


def _mood(text: str) -> str:
    """Enough of a sentiment for a picture; the product's model is tested elsewhere."""
    if any(word in text for word in ("خراب", "قطع", "بد", "افتضاح", "دیر", "نرسید")):
        return "negative"
    return "positive" if any(word in text for word in ("عالی", "خوب", "ممنون", "دم")) else "neutral"
