"""The counting plane and a board give the numbers that the evaluation of files gives, however records are split."""

from collections import defaultdict
from typing import Any
from zlib import crc32

import msgspec
import pytest

from listener.board.state import BoardState
from listener.kpis.evaluation import evaluated
from listener.kpis.spans import period_option, read_now
from listener.worker.sets import compile_set
from models.campaign import CampaignSet
from models.cells import CELL_TABLES, TABLES
from models.outcome import OUTCOMES
from models.streams import STREAM_BY_TOPIC, STREAMS
from processors.inputs import KINDS
from processors.kpis.cells import CellFigures
from processors.overlay import Chunk
from processors.plane import PartitionPlane
from processors.resume import Source, resume
from processors.windows import to_ms
from tests.business import SITE, a_bit_of_everything, campaign, counted, post, web
from tests.unit.processors.plane_rig import NOW

LATER = "2026-03-22T12:00:00Z"
OURS = campaign(start_ms=None)


def planes(records: list[tuple[str, bytes]], partitions: int, *, retention: bool, flush_every: int) -> list[Any]:
    """Every stream's partitions, counted and durable."""
    compiled = compile_set(CampaignSet((OURS,)))
    split: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for topic, value in records:
        split[topic, _partition(topic, value, partitions)].append(value)
    made = []
    for (topic, number), values in split.items():
        tables: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
        found = resume(tables, Source(number, "id", 0, 10**6, None), topic)
        plane = PartitionPlane(number, tables, found, [], clock=lambda: NOW, retention=retention, kind=KINDS[topic])
        plane.adopt(compiled)
        for first in range(0, len(values), flush_every):
            part = values[first : first + flush_every]
            offsets = range(first, first + len(part))
            plane.count(Chunk(first, first + len(part), offsets, [to_ms(NOW) + 10**12] * len(part), part))
            plane.flushed(plane.take_flush())
        made.append(plane)
    return made


def _partition(topic: str, value: bytes, partitions: int) -> int:
    stream = STREAM_BY_TOPIC[topic]
    key = KINDS[topic].skim(value).key
    return crc32(str(key).encode()) % (stream.partitions or partitions)


def figures(made: list[Any], heard: Any) -> CellFigures:
    state = BoardState()
    for plane in made:
        for table in CELL_TABLES:
            state.apply(plane.kind.stream.table(table), plane.tables[table].items())
    short = {stream.name: stream for stream in STREAMS}
    return CellFigures(
        lambda stream, table, *where: state.tables[short[stream].table(table)].windows(*where),
        {OURS.id: OURS.timezone},
        heard.stories,
        heard.authors,
    )


@pytest.mark.parametrize("retention", [False, True])
@pytest.mark.parametrize(("partitions", "flush_every"), [(1, 100), (3, 2)])
@pytest.mark.parametrize("name", ["1m", "1h", "24h", "day", "week", "month", "campaign"])
def test_live_equals_files(name: Any, partitions: int, flush_every: int, *, retention: bool) -> None:
    records = a_bit_of_everything()
    batch, outcomes = counted(records, OURS)
    made = planes(records, partitions, retention=retention, flush_every=flush_every)
    live = figures(made, batch.figures)
    now = read_now(LATER)
    wanted = period_option(name, None, None)
    expected = evaluated(batch.figures, OURS, wanted, now, explicit_now=False, beside=True)
    assert evaluated(live, OURS, wanted, now, explicit_now=False, beside=True) == expected
    sums = [sum(plane.tally.outcomes[index] for plane in made) for index in range(len(OUTCOMES))]
    assert dict(zip(OUTCOMES, sums, strict=True)) == {one: outcomes.count(one) for one in OUTCOMES}


@pytest.mark.parametrize(
    "span",
    [
        ("2026-03-21", "2026-03-22"),
        ("2026-03-22T09:00:00+00:00", "2026-03-22T09:31:00+00:00"),
        ("2026-03-20T20:45:00+00:00", "2026-03-22T05:02:00+00:00"),
        ("1404-12-01", "1404-12-29"),
    ],
)
def test_any_span_is_cut_into_windows(span: tuple[str, str]) -> None:
    records = a_bit_of_everything()
    batch, _ = counted(records, OURS)
    live = figures(planes(records, 2, retention=False, flush_every=50), batch.figures)
    wanted = period_option("custom", *span)
    now = read_now(LATER)
    expected = evaluated(batch.figures, OURS, wanted, now, explicit_now=True)
    assert evaluated(live, OURS, wanted, now, explicit_now=True) == expected


def test_users_over_any_span_are_those_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.OURS", campaign(kpis={"conversion_base": "users"}))
    days = ("2026-03-20", "2026-03-21", "2026-03-22")
    records = [
        web(f"s{day}{name}", at=f"{day}T0{name}:00:00Z", obs=f"{day}T10:00:00Z", page_url=SITE, anonymous_id=f"a{name}")
        for day in days
        for name in range(5)
    ]
    batch, _ = counted(records, OURS)
    live = figures(planes(records, 3, retention=False, flush_every=2), batch.figures)
    for span, users in ((("2026-03-20", "2026-03-22"), 5), (("2026-03-21T01:30:00Z", "2026-03-22T01:00:00Z"), 4)):
        rate = evaluated(live, OURS, period_option("custom", *span), read_now(LATER), explicit_now=True)
        assert rate["conversion_rate"]["denominator"] == users


def test_own_replies_are_taken_out_live_as_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.OURS", campaign(kpis={"own_replies": "exclude"}))
    ours = {"id": "77", "handle": "brand_ir"}
    records = [
        *a_bit_of_everything(),
        post("7", "ممنون", author=ours, in_reply_to="instagram:1", obs="2026-03-22T09:59:00Z"),
    ]
    batch, _ = counted(records, OURS)
    live = figures(planes(records, 3, retention=True, flush_every=1), batch.figures)
    wanted = period_option("24h", None, None)
    values = [
        evaluated(each, OURS, wanted, read_now(LATER), explicit_now=True)["comments"]["value"]
        for each in (live, batch.figures)
    ]
    assert values == [1, 1]


def test_entities_survive_the_wire() -> None:
    for plane in planes(a_bit_of_everything(), 1, retention=False, flush_every=100):
        entities = plane.tables["entities"]
        assert entities
        for value in entities.values():
            assert plane.kind.pack(plane.kind.unpack(value)) == value
            assert msgspec.msgpack.decode(value)[0] >= 0
