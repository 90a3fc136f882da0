"""The press of the day: what feeds show of each article until the day ends, as records of ``press.articles.v1``."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from listener.sample.day import Day, Timed
from listener.sample.grammar import grammar
from listener.sample.newsroom import Draft, Newsrooms, summary
from listener.sample.records import SOURCE, Record, rfc3339
from models.article import ARTICLES_TOPIC, Op

#: Seconds until a feed reader comes by, and until the record of what it saw is delivered.
_POLLED: Final = (30, 900)
_LATENCY_S: Final = (0.2, 40.0)
#: Delivered twice, and so late that a newer record was faster.
_TWICE: Final = 0.02
_AGAIN_S: Final = (1, 1_800)
_SLOW: Final = 0.12
_SLOW_S: Final = (3_600, 3 * 3_600)
#: Shares of the articles.
_CORRECTED: Final = 0.09
_WITHDRAWN: Final = 0.012
_DELETED: Final = 0.02
_FOLLOWED_UP: Final = 0.6
_UNDATED: Final = 0.03
_TAGGED_URL: Final = 0.3

_HOURS: Final = (7.5, 22.5)
#: A clock that is a century ahead.
_FUTURE: Final = timedelta(days=36_525)

Observed = tuple[datetime, Record]


def press(day: Day) -> Iterator[Timed]:
    """All records of the day's articles and what is none, in no order; nothing for a day without articles."""
    if not day.articles:
        return
    rng, midnight = day.rng("press"), day.midnight
    newsrooms = Newsrooms(rng, midnight, day.taken)
    end = midnight + timedelta(days=1)
    for draft in (*newsrooms.articles(day.articles), *newsrooms.late_finds()):
        for moment, record in _life(rng, draft):
            if moment < end:
                yield from _delivered(rng, moment, record)
    for moment, raw in _poison(rng, midnight):
        yield Timed(moment, ARTICLES_TOPIC, raw)


def _life(rng: Random, draft: Draft) -> Iterator[Observed]:
    """An article's records in the order of observation."""
    found = draft.published + draft.found_after + timedelta(seconds=rng.randint(*_POLLED))
    undated = rng.random() < _UNDATED
    yield found, _record(rng, draft, "create", found, draft.title, draft.body, undated=undated)
    title, body, moment = draft.title, draft.body, found
    for changed_title, changed_body in _changes(rng, draft):
        title, body = changed_title, changed_body
        moment += timedelta(seconds=rng.randint(900, 5_400))
        yield moment, _record(rng, draft, "update", moment, title, body)
    if rng.random() < _DELETED:
        moment += timedelta(seconds=rng.randint(1_800, 4 * 3_600))
        yield moment, _record(rng, draft, "delete", moment, title, body)


def _changes(rng: Random, draft: Draft) -> Iterator[tuple[str, str]]:
    """Later versions: what the agency added, a correction, or nothing that names anybody any more."""
    press_words, body = grammar("press"), draft.body
    if draft.addition and rng.random() < _FOLLOWED_UP:
        body = f"{body}\n\n{draft.site.habits.apply(draft.addition, rng)}"
        yield draft.title, body
    chance = rng.random()
    if chance < _WITHDRAWN:
        yield press_words.write("withdrawn_title", rng), press_words.write("withdrawn_text", rng)
    elif chance < _WITHDRAWN + _CORRECTED:
        yield draft.title, f"{body}\n\n{press_words.write('corrected', rng)}"


def _record(
    rng: Random, draft: Draft, op: Op, observed: datetime, title: str, body: str, *, undated: bool = False
) -> Record:
    url = draft.canonical_url
    record: Record = {
        "event_id": f"sample-{rng.getrandbits(64):016x}",
        "schema_version": 1,
        "observed_at": rfc3339(observed),
        "source": SOURCE,
        "op": op,
        "article_id": draft.article_id,
        "url": f"{url}?utm_source=rss" if rng.random() < _TAGGED_URL else url,
        "canonical_url": url,
        "title": title,
        "summary": summary(body),
        "published_at": rfc3339(observed if undated else draft.published),
        "publisher": {"domain": draft.site.domain, "name": draft.site.name, "country": "IR"},
        "author": draft.author,
        "section": draft.section,
        "lang": "fa",
        "feed_url": f"https://{draft.site.domain}/rss",
    }
    if undated:
        record["published_at_estimated"] = True
    if not draft.summary_only:
        record["body"] = body
    return record


def _delivered(rng: Random, moment: datetime, record: Record) -> Iterator[Timed]:
    arrival = moment + timedelta(seconds=rng.uniform(*_LATENCY_S))
    if record["op"] == "update" and rng.random() < _SLOW:
        arrival += timedelta(seconds=rng.uniform(*_SLOW_S))
    yield Timed(arrival, ARTICLES_TOPIC, record)
    if rng.random() < _TWICE:
        yield Timed(arrival + timedelta(seconds=rng.uniform(*_AGAIN_S)), ARTICLES_TOPIC, record)


def _poison(rng: Random, midnight: datetime) -> Iterator[tuple[datetime, bytes]]:
    """Records that are counted as invalid; all name a brand, so that they are looked at at all."""
    for number, spoil in enumerate(_SPOILED):
        moment = midnight + timedelta(hours=rng.uniform(*_HOURS))
        yield moment, msgspec.json.encode(spoil(_sound(moment, number)))


def _sound(moment: datetime, number: int) -> Record:
    """A record that would be counted."""
    return {
        "event_id": f"sample-press-poison-{number:02}",
        "schema_version": 1,
        "observed_at": rfc3339(moment),
        "source": SOURCE,
        "op": "create",
        "article_id": f"{number:064x}",
        "url": f"https://hodhod.example/news/{number}",
        "canonical_url": f"https://hodhod.example/news/{number}",
        "title": "بریمو قطع شد",
        "body": "برنامه‌ی بریمو قطع شد.",
        "published_at": rfc3339(moment),
        "publisher": {"domain": "hodhod.example"},
    }


def _without(record: Record, name: str) -> Record:
    return {key: value for key, value in record.items() if key != name}


_SPOILED: Final[tuple[Callable[[Record], Any], ...]] = (
    lambda record: _without(record, "title"),
    lambda record: _without(record, "published_at"),
    lambda record: record | {"article_id": "hodhod/12"},
    lambda record: record | {"op": "publish"},
    lambda record: record | {"publisher": "هدهد خبر"},
    # A date of the Persian calendar, taken for one of ours.
    lambda record: record | {"published_at": "1405/08/29"},
    lambda record: record | {"published_at": rfc3339(datetime.fromisoformat(record["published_at"]) + _FUTURE)},
    # The page instead of the article.
    lambda _: "<html>بریمو</html>",
)
