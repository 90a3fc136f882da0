"""One observation of a draft as a record of ``social.posts.v1``; fields without a value are left out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from listener.sample.drafts import Draft
from models.post import Op

SOURCE: Final = "sample"

_HASHTAG: Final = re.compile(r"#(\w+)")
_HANDLE: Final = re.compile(r"@(\w+)")
_LINK: Final = re.compile(r"https?://[\w./-]+")

Record = dict[str, Any]


def content_record(rng: Random, draft: Draft, op: Op, observed: datetime, text: str, counts: Record) -> Record:
    """A create or update: everything that is known of the post."""
    author = draft.author
    content = {
        "text": text,
        "lang": draft.lang,
        "url": f"https://{draft.platform}.example/{author.handle}/{draft.post_id.rpartition(':')[2].rpartition('/')[2]}",
        "author": {
            "id": f"{draft.platform}:{author.id}",
            "handle": author.handle,
            "display_name": author.name,
            "followers": author.followers,
        },
        "in_reply_to": draft.in_reply_to,
        "repost_of": draft.repost_of,
        "hashtags": _HASHTAG.findall(text),
        "mentions": _HANDLE.findall(text),
        "links": _LINK.findall(text),
        "edited_at": rfc3339(observed) if op == "update" else None,
    }
    return bare_record(rng, draft, op, observed) | {name: value for name, value in content.items() if value} | counts


def bare_record(
    rng: Random, draft: Draft, op: Op, observed: datetime, counts: Mapping[str, Any] | None = None
) -> Record:
    """An engagement or delete: which post, when, and the counts if any."""
    return {
        "event_id": f"sample-{rng.getrandbits(64):016x}",
        "schema_version": 1,
        "observed_at": rfc3339(observed),
        "source": SOURCE,
        "op": op,
        "post_id": draft.post_id,
        "platform": draft.platform,
        "created_at": rfc3339(draft.created),
        **(counts or {}),
    }


def rfc3339(moment: datetime) -> str:
    """In UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
