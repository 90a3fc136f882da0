"""While versions change, old and new stand side by side: producers' records, and the state that workers find."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models import cells
from models.cells import CELL_TABLES, METRICS, PROGRESS
from tests.property.test_recount import histories
from tests.property.test_repartition import Topic

_encode, _decode = msgspec.msgpack.encode, msgspec.msgpack.decode


def newer(value: bytes) -> bytes:
    """The record as a producer of the next schema writes it: the same, and what this version does not know."""
    record = msgspec.json.decode(value)
    counts = record.get("counts", {}) | {"bookmarks_by_list": {"a": 1}}
    more = {"schema_version": 2, "counts": counts, "reach": None, "labels": [{"name": "x", "likes": 7}]}
    return msgspec.json.encode(record | more)


def older(topic: Topic) -> None:
    """The durable state as workers of earlier versions left it: all counters that there were, no newer progress."""
    for tables in topic.tables.values():
        for table in CELL_TABLES:
            for key, value in tables[table].items():
                version, stamp, *counters = _decode(value)
                counters += [0] * (len(METRICS) - len(counters))
                tables[table][key] = _encode([version, stamp, *counters])
        for key, value in tables[PROGRESS].items():
            progress = msgspec.json.decode(value)
            tables[PROGRESS][key] = msgspec.json.encode(
                {name: one for name, one in progress.items() if name not in {"held", "moved", "written_at"}}
            )


@settings(max_examples=150, deadline=None)
@given(histories(), st.lists(st.booleans(), min_size=24, max_size=24))
def test_old_and_new_records_side_by_side_count_the_same(records: list[bytes], new: list[bool]) -> None:
    plain, mixed = Topic(2), Topic(2)
    plain.tell(records)
    mixed.tell([newer(value) if is_new else value for value, is_new in zip(records, new, strict=False)])
    assert mixed.totals == plain.totals
    assert mixed.entities == plain.entities


@settings(max_examples=100, deadline=None)
@given(histories(), st.integers(0, 12))
def test_a_worker_goes_on_from_what_an_earlier_version_left(records: list[bytes], cut: int) -> None:
    always, upgraded = Topic(2), Topic(2)
    always.tell(records)
    upgraded.tell(records[:cut])
    older(upgraded)
    upgraded.tell(records[cut:])
    assert upgraded.totals == always.totals


def test_the_older_state_is_another_one() -> None:
    topic = Topic(1)
    record = {"event_id": "1", "schema_version": 1, "observed_at": "2018-05-05T18:46:39Z", "op": "create"}
    more = {"post_id": "p", "platform": "twitter", "created_at": "2018-05-05T18:46:39Z", "text": "a"}
    topic.tell([msgspec.json.encode(record | more)])
    before = {table: dict(some) for table, some in topic.tables[0].items()}
    older(topic)
    after = topic.tables[0]
    assert before[cells.LIFETIME].keys() == after[cells.LIFETIME].keys()
    assert all(len(after[cells.LIFETIME][key]) > len(value) for key, value in before[cells.LIFETIME].items())
    assert all(len(after[PROGRESS][key]) < len(value) for key, value in before[PROGRESS].items())
