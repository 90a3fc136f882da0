"""Where a record is produced again."""

from datetime import UTC, datetime

from listener.dlq.topic import landing
from listener.inputs.reading import partition
from models.outcome import Reason, dead_letter
from models.post import POSTS_TOPIC

KEY = b"twitter:1"


def test_a_record_goes_where_it_was_or_where_its_key_has_moved() -> None:
    def landed(offset: int, key: bytes | None = KEY) -> int:
        letter = dead_letter((POSTS_TOPIC, 1, offset), Reason.JSON, "", b"{", {}, datetime.now(UTC), key)
        return landing(letter, {(POSTS_TOPIC, 1): 99}, 8)

    assert partition(KEY, 8) != 1
    assert landed(99) == partition(KEY, 8), "of before the topic got more partitions"
    assert landed(100) == 1
    assert landed(5, None) == 1, "without a key nothing else is known"


def test_without_a_repartition_it_stays() -> None:
    letter = dead_letter((POSTS_TOPIC, 3, 0), Reason.JSON, "", b"{", {}, datetime.now(UTC), KEY)
    assert landing(letter, {}, 8) == 3
