"""Which posts are followed: read from the mentions, where the worker also says what was looked at before."""

from collections.abc import Mapping

import msgspec

from listener.sources.engagement.schedule import AGES, Schedule
from models.mention import unpack_mention

_COUNTS_SUFFIX = "|counts"


def take_mention(schedules: Mapping[str, Schedule], key: bytes | None, value: bytes | None, now: float) -> bool:
    """Learn from one record of the mentions' topic; False for one that cannot be read.

    A mention of a post begins to follow it, an engagement says when it was last looked at, a tombstone ends it. Any
    number of campaigns may mention the same post: it is one.
    """
    if value is None:
        entity = (key or b"").decode(errors="replace").removesuffix(_COUNTS_SUFFIX).partition("|")[2]
        schedule = schedules.get(entity.partition(":")[0])
        if schedule is not None:
            schedule.forget(entity)
        return True
    try:
        mention = unpack_mention(value)
    except (msgspec.DecodeError, RecursionError):
        return False
    schedule = schedules.get(mention.platform)
    if schedule is None or mention.kind != "post" or mention.repost:
        return True
    if mention.op == "engagement":
        schedule.looked(mention.entity, mention.observed_at.timestamp())
    elif now - mention.event_time.timestamp() < AGES[-1]:
        schedule.follow(mention.entity, mention.event_time.timestamp())
    return True
