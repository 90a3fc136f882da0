"""Asking lists now and then: what is new is a create, a changed text an update, changed counters engagement."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from aiohttp import ClientSession
from msgspec import Struct

from listener.sources.kit.connector import Context
from listener.sources.kit.errors import SourceFault
from listener.sources.kit.http import call_api, open_session, pause_of
from listener.sources.kit.output import Output
from listener.sources.records import Record, Result
from models.article import Article
from models.post import Counts

_DIGITS: Final = 12
_KEPT: Final = 1000


class _Seen(Struct, array_like=True):
    """Hashes of what is said and of the counters of a record."""

    text: str
    counts: str


@dataclass(frozen=True)
class Query:
    """One list. ``parse`` makes records of its answer, all as creates; raises ValueError for what is no answer."""

    part: str
    url: str
    parse: Callable[[bytes, datetime], list[Result]]
    params: list[tuple[str, str]] = field(default_factory=list)


class ListPoller:
    """Asks its queries one after the other, ``pause`` seconds apart, all of them every ``interval`` seconds.

    Its cursors are one for each query, under its part: the records that are known.
    """

    def __init__(
        self, topic: str, queries: Sequence[Query], context: Context, *, interval: float, pause: float, once: bool
    ) -> None:
        self.topics = (topic,)
        self._queries = queries
        self._context = context
        self._interval = interval
        self._pause = pause
        self._once = once

    async def run(self, output: Output) -> None:
        """Ask until cancelled, or once. Raises SourceFault, RateLimited and Refused as calls do."""
        known = {query.part: _known(output.cursors.get(query.part)) for query in self._queries}
        async with open_session() as session:
            while True:
                for query in self._queries:
                    wait = await self._ask(session, query, known[query.part], output)
                    await asyncio.sleep(max(wait, self._pause))
                if self._once:
                    return
                await asyncio.sleep(self._interval)

    async def _ask(self, session: ClientSession, query: Query, known: dict[str, _Seen], output: Output) -> float:
        """Write what one query brings; seconds that the server asks us to pause."""
        now = self._context.clock()
        answer = await call_api(session, query.url, params=query.params, now=now.timestamp())
        output.stats.answered()
        try:
            results = await asyncio.to_thread(query.parse, answer.body, now)
        except (ValueError, RecursionError) as error:
            output.complain(error, f"{query.part}: ")
            raise SourceFault(f"{query.url}: not the answer that its documentation describes") from error
        changes, unchanged = _changes(results, known)
        output.stats.results["unchanged"] += unchanged
        await output.write(changes, {query.part: msgspec.to_builtins(known)}, f"{query.part}: ")
        await output.save()
        return pause_of(answer.headers, now.timestamp())


def _known(saved: Any) -> dict[str, _Seen]:
    try:
        return msgspec.convert(saved or {}, type=dict[str, _Seen])
    except msgspec.ValidationError:
        return {}


def _changes(results: Iterable[Result], known: dict[str, _Seen]) -> tuple[list[Result], int]:
    """What differs from what is known, which is brought up to date; how many are as before."""
    changes: list[Result] = []
    unchanged = 0
    for result in results:
        if not isinstance(result, Record):
            changes.append(result)
            continue
        key = result.article_id if isinstance(result, Article) else result.post_id
        before, seen = known.pop(key, None), _seen(result)
        known[key] = seen
        if before == seen:
            unchanged += 1
        elif before is None:
            changes.append(result)
        elif before.text != seen.text:
            changes.append(msgspec.structs.replace(result, op="update"))
        else:
            changes.append(msgspec.structs.replace(result, op="engagement", text=None))
    for key in list(known)[: max(0, len(known) - _KEPT)]:
        del known[key]
    return changes, unchanged


def _seen(record: Record) -> _Seen:
    if isinstance(record, Article):
        return _Seen(_hash(record.title), "")
    return _Seen(_hash(record.text or ""), _hash(msgspec.json.encode(record.counts).decode()))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]


def counts_of(**values: object) -> Counts:
    """Counters as APIs give them: numbers, or numbers in texts; anything else is unknown."""
    return Counts(**{name: number for name, value in values.items() if (number := _number(value)) is not None})


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip().replace(",", "")
    return int(text) if text.isdecimal() else None
