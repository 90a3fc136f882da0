"""What the mention store costs: ``python -m tests.bench.mentions [MENTIONS]``.

The sample day's mentions again and again under other ids, over 30 days, in batches as they come from Kafka.
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from listener.board.store import MentionQuery, MentionStore
from models.mention import Origin, pack_mention, unpack_mention
from tests.mentioning import NOON, TOPIC, Change, sample_changes, taken_back

BATCH = 1000


def changes(number: int) -> list[list[Change]]:
    """``number`` mentions in batches."""
    said = [unpack_mention(value) for _, value in sample_changes()[1] if value is not None]
    said = [one for one in said if one.op == "create"]
    out: list[Change] = []
    for at in range(number):
        one = said[at % len(said)]
        moment = NOON + timedelta(days=30) * (at / number)
        made = msgspec.structs.replace(
            one, entity=f"{one.entity}-{at}", origin=Origin(one.origin.topic, 0, at), event_time=moment
        )
        out.append((made.key, pack_mention(made)))
    return [out[at : at + BATCH] for at in range(0, len(out), BATCH)]


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _timed(name: str, ask: Callable[[], Awaitable[Any]], times: int = 20) -> None:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - begun)
    print(f"{name}: {sorted(took)[len(took) // 2] * 1000:.1f} ms in the middle, {max(took) * 1000:.1f} ms at most")


async def main(number: int) -> None:
    """Print the figures."""
    batches = changes(number)
    with tempfile.TemporaryDirectory() as directory, MentionStore(Path(directory)) as store:
        begun, offset = time.perf_counter(), 0
        for batch in batches:
            records = [(offset + at, key, value) for at, (key, value) in enumerate(batch)]
            offset += len(batch)
            await store.mentions(TOPIC, 0, records, offset)
        took = time.perf_counter() - begun
        size = sum(file.stat().st_size for file in Path(directory).iterdir()) / 2**20
        print(f"{number:,} mentions in {took:.1f} s: {number / took:,.0f} a second; {size:.0f} MiB on disk")
        query = MentionQuery("berimo")
        await _timed("newest 50", lambda: store.page(query))
        await _timed("most engagement", lambda: store.page(MentionQuery("berimo", sort="engagement")))
        await _timed("search, frequent word", lambda: store.page(MentionQuery("berimo", words="راننده")))
        await _timed("search, rare words", lambda: store.page(MentionQuery("berimo", words="سفر امن")))
        await _timed("count of all", lambda: store.count(query))
        await store.mentions(TOPIC, 0, [(offset, *one) for one in taken_back(f"{_first(batches)}")], offset + 2)
        await _timed("purge after a delete", store.purge, 1)
        before, lines, begun = _rss_mb(), 0, time.perf_counter()
        async for page in store.pages(query):
            lines += len(page.mentions)
        took = time.perf_counter() - begun
        print(f"export of {lines:,}: {lines / took:,.0f} a second, peak memory {before:.0f} to {_rss_mb():.0f} MiB")


def _first(batches: list[list[Change]]) -> str:
    return batches[0][0][0].decode().partition("|")[2]


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
