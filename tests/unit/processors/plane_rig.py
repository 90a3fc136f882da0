"""A partition plane over plain dictionaries, and records to feed it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from models import cells
from models.cells import METRICS, TABLES
from models.outcome import Outcome
from models.progress import unpack_progress
from processors.overlay import Chunk, CompiledSet, FlushPlan
from processors.plane import PartitionPlane
from processors.resume import Source, resume
from processors.windows import to_ms
from tests.finding import one_by_one

NOW = datetime(2026, 3, 21, 12, tzinfo=UTC)
NOW_MS = to_ms(NOW)
MINUTE = timedelta(minutes=1)
Tables = dict[str, dict[bytes, bytes]]


class Hit(NamedTuple):
    """A match."""

    campaign_id: str


def compiled(version: str = "v1", **zones: str) -> CompiledSet:
    """A set whose campaigns match the posts that contain their ids."""
    zones = zones or {"pepsi": "Asia/Tehran"}
    return CompiledSet(
        version,
        find=one_by_one(lambda raw: any(name.encode() in raw for name in zones)),
        match=lambda post: [Hit(name) for name in zones if name in (post.text or "").lower()],
        zones=zones,
    )


def record(op: str = "create", after: timedelta = MINUTE, **fields: Any) -> bytes:
    """A post observed so long after noon; ``after`` its creation unless ``fields`` say otherwise."""
    base = {
        "event_id": "e",
        "schema_version": 1,
        "op": op,
        "observed_at": (NOW + after).isoformat(),
        "post_id": "p",
        "platform": "twitter",
        "created_at": NOW.isoformat(),
    }
    if op in {"create", "update"}:
        base["text"] = "Pepsi"
    return json.dumps(base | fields).encode()


def chunk(values: Sequence[bytes | None], begin: int = 0, **fields: Any) -> Chunk:
    """Consecutive records; their Kafka timestamps are far in the future."""
    offsets = range(begin, begin + len(values))
    timestamps = [NOW_MS + 10**12] * len(values)
    return Chunk(begin, begin + len(values), offsets, timestamps, values)._replace(**fields)


def empty_tables() -> Tables:
    """Nothing counted yet."""
    return {table: {} for table in TABLES}


def plane(tables: Tables | None = None, *, end: int = 10**6, adopt: CompiledSet | None = None, **options: Any) -> Any:
    """A plane on ``tables``, with a set in force."""
    tables = empty_tables() if tables is None else tables
    found = resume(tables, Source(0, "id", 0, end, options.pop("committed", None)))
    known = {"v1": compiled(), **options.pop("known", {})}
    sets = [(one.since, known[one.version]) for one in found.progress.sets]
    made = PartitionPlane(0, tables, found, sets, clock=lambda: NOW, **options)
    if adopt or not sets:
        made.adopt(adopt or compiled())
    return made


def flush(one: PartitionPlane) -> FlushPlan:
    """Make what was counted durable."""
    plan = one.take_flush()
    one.flushed(plan)
    return plan


def outcomes(one: PartitionPlane) -> dict[str, int]:
    """Outcomes so far, without zeros."""
    return {Outcome(index).name.lower(): count for index, count in enumerate(one.tally.outcomes) if count}


def lifetime(tables: Tables, campaign: str = "pepsi") -> dict[str, int]:
    """A campaign's totals, without zeros."""
    value = tables[cells.LIFETIME][cells.lifetime_key(f"{campaign}|social.posts.v1|0|twitter")]
    return {name: count for name, count in zip(METRICS, cells.unpack_cell(value).counters, strict=True) if count}


def progress_in(tables: Tables) -> Any:
    """The progress cell."""
    (value,) = tables[cells.PROGRESS].values()
    return unpack_progress(value)
