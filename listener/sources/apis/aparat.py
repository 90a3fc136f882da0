"""Aparat: its public JSON API, by user or by search. Dates come in Persian words.

Shapes: https://www.aparat.com/api (``videoByUser``, ``videoBySearch``).
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta, Raw, Struct

from listener.errors import UsageProblem
from listener.sources.apis.polling import ListPoller, Query, counts_of
from listener.sources.dates import TEHRAN, parse_date
from listener.sources.kit.connector import Connector, Context
from listener.sources.records import SCHEMA_VERSION, UNNAMED, Problem, Result, clamped
from models.persian import DIGITS, LETTERS
from models.post import POSTS_TOPIC, Author, Post

_EARLIEST: Final = datetime(2011, 1, 1, tzinfo=UTC)
_CANONICAL: Final = str.maketrans({**LETTERS, **DIGITS})
_AGO: Final = re.compile(r"(?:(\d{1,4})|یک) ?(ثانیه|دقیقه|ساعت|روز|هفته|ماه|سال) ?(?:و .{1,20} )?(?:پیش|قبل)")
_UNITS: Final = {
    "ثانیه": timedelta(seconds=1),
    "دقیقه": timedelta(minutes=1),
    "ساعت": timedelta(hours=1),
    "روز": timedelta(days=1),
    "هفته": timedelta(weeks=1),
    "ماه": timedelta(days=30),
    "سال": timedelta(days=365),
}


class AparatConfig(Struct, forbid_unknown_fields=True):
    """`users` and `searches`; the newest `per_page` videos of each are asked for."""

    users: list[str] = []
    searches: list[str] = []
    per_page: Annotated[int, Meta(ge=1, le=100)] = 40
    interval_s: Annotated[float, Meta(gt=0)] = 600.0
    pause_s: Annotated[float, Meta(ge=0)] = 2.0
    url: str = "https://www.aparat.com/etc/api"
    once: bool = False

    def connector(self, context: Context) -> Connector:
        """The poller. Raises UsageProblem when nothing is to be read."""
        if not self.users and not self.searches:
            raise UsageProblem("aparat: give `users` or `searches`.")
        asked = [("videoByUser", "username", user) for user in self.users]
        asked += [("videoBySearch", "text", text) for text in self.searches]
        queries = [self._query(*one) for one in asked]
        return ListPoller(POSTS_TOPIC, queries, context, interval=self.interval_s, pause=self.pause_s, once=self.once)

    def _query(self, method: str, name: str, value: str) -> Query:
        path = f"{method}/{name}/{quote(value, safe='')}/perpage/{self.per_page}"
        return Query(f"{name}:{value}", f"{self.url.rstrip('/')}/{path}", parse_videos)


class _Video(Struct):
    uid: str
    title: str
    username: str
    sender_name: str | None = None
    sdate: str | None = None
    visit_cnt: Any = None
    like_cnt: Any = None


def parse_videos(document: bytes, observed_at: datetime) -> list[Result]:
    """The videos of an answer: a list under the name of its method. Raises ValueError for what is none."""
    answer = msgspec.json.decode(document, type=dict[str, Raw])
    lists = [raw for name, raw in answer.items() if name.lower().startswith("videoby")]
    if not lists:
        raise ValueError(f"no list of videos among {', '.join(answer) or 'nothing'}")
    return [_result(raw, observed_at) for raw in msgspec.json.decode(lists[0], type=list[Raw])]


def _result(raw: Raw, observed_at: datetime) -> Result:
    try:
        video = msgspec.json.decode(raw, type=_Video)
    except ValueError as error:
        return Problem(f"a video of the list: {error}")
    return Post(
        event_id=UNNAMED,
        schema_version=SCHEMA_VERSION,
        observed_at=observed_at,
        source="aparat",
        op="create",
        post_id=f"aparat:{video.uid}",
        platform="aparat",
        created_at=clamped(instant_of(video.sdate or "", observed_at), observed_at, _EARLIEST),
        text=video.title,
        url=f"https://www.aparat.com/v/{video.uid}",
        author=Author(video.username, handle=video.username, display_name=video.sender_name or None),
        visibility="public",
        counts=counts_of(views=video.visit_cnt, likes=video.like_cnt),
    )


def instant_of(words: str, now: datetime) -> datetime | None:
    """When "۲ آذر ۱۴۰۵" or "۳ روز پیش" was; None for other words. The second is as exact as its unit."""
    plain = " ".join(words.translate(_CANONICAL).replace("\u200c", " ").split())
    ago = _AGO.search(plain)
    if ago is not None:
        return now - int(ago[1] or 1) * _UNITS[ago[2]]
    return parse_date(words, TEHRAN)
