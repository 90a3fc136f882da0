"""While versions change, old and new stand side by side: producers' records, and the state that workers find."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models import cells
from models.cells import CELL_TABLES, PROGRESS
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
    """The durable state as a worker of an earlier version left it: no newer counters, no newer fields of progress."""
    for tables in topic.tables.values():
        for table in CELL_TABLES:
            for key, value in tables[table].items():
                counters = _decode(value)
                while len(counters) > len(("version", "stamp")) and not counters[-1]:
                    counters.pop()
                tables[table][key] = _encode(counters)
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


def test_the_older_state_is_really_shorter() -> None:
    topic = Topic(1)
    record = {"event_id": "1", "schema_version": 1, "observed_at": "2018-05-05T18:46:39Z", "op": "create"}
    more = {"post_id": "p", "platform": "twitter", "created_at": "2018-05-05T18:46:39Z", "text": "a"}
    topic.tell([msgspec.json.encode(record | more)])
    before = dict(topic.tables[0][cells.LIFETIME])
    older(topic)
    after = topic.tables[0][cells.LIFETIME]
    assert before.keys() == after.keys()
    assert all(len(after[key]) < len(before[key]) for key in before)
