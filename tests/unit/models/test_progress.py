"""The progress cell."""

import msgspec
import pytest

from models.progress import Progress, SetInForce, pack_progress, progress_key, unpack_progress


def progress(stamp: int = 41, *since: int, durable: int = 30) -> Progress:
    sets = tuple(SetInForce(f"v{number}", first) for number, first in enumerate(since))
    return Progress(stamp=stamp, durable=durable, outcomes=(1, 2, 3, 4, 5, 6), sets=sets, topic_id="id")


def test_survives_its_bytes() -> None:
    full = msgspec.structs.replace(
        progress(41, 0, 17),
        record_time=-5,
        durable_record_time=-6,
        reasons={"json": 4, "future": 2},
        invalid_run=3,
        invalid_blocks=(0, 6),
        base=1000,
        caught_up=True,
        written_at=1_774_038_059_000,
    )
    assert unpack_progress(pack_progress(full)) == full


def test_wire_form_is_json_without_what_is_default() -> None:
    assert msgspec.json.decode(pack_progress(progress(41, 17))) == {
        "stamp": 41,
        "durable": 30,
        "outcomes": [1, 2, 3, 4, 5, 6],
        "sets": [["v0", 17]],
        "topic_id": "id",
    }


def test_read_is_the_sum_of_outcomes() -> None:
    assert progress().read == 21


def test_key_names_the_source_partition() -> None:
    assert progress_key("social.posts.v1", 3) == b'"social.posts.v1|3"'


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        (progress(41, 0, 30), progress(42, 0)),
        (progress(41, 0), progress(41, 0, 42)),
        (progress(41), progress(41, 0)),
    ],
    ids=["stamp first", "then the newer set", "none before one"],
)
def test_rank(lower: Progress, higher: Progress) -> None:
    assert lower.rank < higher.rank


def test_restating_what_is_durable_keeps_the_rank() -> None:
    assert progress(41, 0, 17).rank == progress(41, 17, durable=41).rank
