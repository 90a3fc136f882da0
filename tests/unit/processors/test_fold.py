"""Judging and folding runs of records."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.outcome import HEADER_SHA256, HEADER_SIZE
from models.post import MAX_RECORD_BYTES
from processors.cap import CapReached
from processors.windows import to_ms
from tests.unit.processors.plane_rig import MINUTE, NOW, NOW_MS, chunk, empty_tables, flush, outcomes, plane, record

UNMATCHED = record(text="nothing of ours", post_id="other")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "json"),
        (b"\xff", "encoding"),
        (b'{"op": "create"}', "schema"),
        (record()[:-1] + b', "text": "\xd8"}', "encoding"),
        (record(text="x" * MAX_RECORD_BYTES), "too_large"),
        (record(platform="orkut"), "schema"),
        (record(created_at="then"), "schema"),
        (record(counts={"likes": -1}), "schema"),
    ],
)
@pytest.mark.parametrize("among", [0, 1, 120])
def test_an_invalid_record_is_a_dead_letter_wherever_it_stands(value: bytes | None, reason: str, among: int) -> None:
    one = plane()
    one.count(chunk([*[UNMATCHED] * among, value, *[UNMATCHED] * among, record()]))
    (letter,) = one.overlay.letters
    assert (letter.offset, letter.reason, letter.failed_at) == (among, reason, NOW)
    assert outcomes(one) == {"invalid": 1, "counted": 1} | ({"unmatched": 2 * among} if among else {})
    assert one.tally.reasons == {reason: 1}


@settings(max_examples=20, deadline=None)
@given(faulty=st.dictionaries(st.integers(0, 1_299), st.sampled_from([None, b"{", b"\xff", record(platform="orkut")])))
def test_groups_with_faults_come_to_what_record_by_record_comes_to(faulty: dict[int, bytes | None]) -> None:
    usual = [UNMATCHED, record(post_id="a"), UNMATCHED, record("engagement", 2 * MINUTE, post_id="a"), UNMATCHED]
    values = [faulty.get(index, usual[index % len(usual)]) for index in range(1_300)]
    together, apart = (plane(capped=False, mentions=False) for _ in range(2))
    together.count(chunk(values))
    for offset, value in enumerate(values):
        apart.count(chunk([value], offset))
    assert together.overlay == apart.overlay
    assert outcomes(together) == outcomes(apart)
    assert (together.tally.newest, together.tally.reasons) == (apart.tally.newest, apart.tally.reasons)
    assert {letter.offset for letter in together.overlay.letters} >= set(faulty)


@pytest.mark.parametrize("among", [1, 240])
def test_half_a_letter_at_the_end_of_one_record_does_not_borrow_from_the_next(among: int) -> None:
    one = plane()
    one.count(chunk([b'{"op": "\xd8', b'\xa7"}', *[UNMATCHED] * among]))
    assert [letter.reason for letter in one.overlay.letters] == ["encoding", "encoding"]


def test_a_stand_in_for_an_oversized_record_is_invalid_though_it_would_match() -> None:
    one = plane()
    headers = {1: {HEADER_SIZE: b"2000000", HEADER_SHA256: b"ab"}, 0: {"trace": b"x"}}
    one.count(chunk([record(post_id="a"), record(post_id="b")], headers=headers))
    (letter,) = one.overlay.letters
    assert (letter.offset, letter.reason, letter.size) == (1, "too_large", 2_000_000)
    assert outcomes(one) == {"invalid": 1, "counted": 1}


def test_the_key_of_a_dead_letter_is_kept() -> None:
    one = plane()
    one.count(chunk([UNMATCHED, b"{"], keys=[b"a", b"b"]))
    assert one.overlay.letters[0].key == "Yg=="


@pytest.mark.parametrize(
    "value",
    [
        record(platform="orkut", text="nothing"),
        record(created_at="then", text="nothing"),
        record("engagement", platform="orkut"),
        record("delete", post_id=5),
        record(text="nothing", post_id=None),
    ],
)
def test_what_cannot_match_is_not_judged_in_full(value: bytes) -> None:
    one = plane()
    one.count(chunk([value]))
    assert outcomes(one) == {"unmatched": 1}


def test_a_record_of_a_tracked_post_is_judged_in_full() -> None:
    one = plane()
    one.count(chunk([record(), record("engagement", 2 * MINUTE, platform="orkut")]))
    assert outcomes(one) == {"counted": 1, "invalid": 1}


def test_a_deleted_post_is_tracked_for_texts_only() -> None:
    one = plane()
    one.count(chunk([record(), record("delete", 2 * MINUTE)]))
    broken = [record(op, 3 * MINUTE, platform="orkut", text="") for op in ("engagement", "delete", "update")]
    one.count(chunk(broken, 2))
    assert outcomes(one) == {"counted": 2, "unmatched": 2, "invalid": 1}
    assert [letter.offset for letter in one.overlay.letters] == [4]


@pytest.mark.parametrize("op", ["create", "engagement"])
def test_observed_more_than_an_hour_past_the_kafka_timestamp_is_invalid(op: str) -> None:
    one = plane()
    observed = to_ms(NOW + MINUTE)
    values = [record(op, post_id=str(number)) for number in range(3)]
    one.count(chunk(values, timestamps=[observed - 3_600_000, observed - 3_600_001, -1]))
    assert [(letter.offset, letter.reason) for letter in one.overlay.letters] == [(1, "future")]


def test_created_more_than_an_hour_past_the_kafka_timestamp_is_invalid() -> None:
    one = plane()
    later = (NOW + HOUR).isoformat()
    values = [record(created_at=later, post_id="a"), record(created_at=later, post_id="b"), UNMATCHED]
    one.count(chunk(values, timestamps=[NOW_MS, NOW_MS - 1, NOW_MS - 1]))
    assert [(letter.offset, letter.reason) for letter in one.overlay.letters] == [(1, "future")]
    assert "`created_at`" in one.overlay.letters[0].detail


def test_a_timestamp_beyond_all_dates_stops_nothing() -> None:
    one = plane()
    one.count(chunk([record()], timestamps=[2**63 - 1]))
    assert outcomes(one) == {"counted": 1}


def test_case_is_folded_before_looking_for_keywords() -> None:
    one = plane()
    one.count(chunk([record(text="PEPSI")]))
    assert outcomes(one) == {"counted": 1}


def test_a_candidate_that_does_not_match_is_unmatched_and_leaves_nothing() -> None:
    one = plane()
    one.count(chunk([record(text="nothing", url="http://pepsi.example/"), record("engagement", 2 * MINUTE)]))
    assert outcomes(one) == {"unmatched": 2}
    assert flush(one).entities == []


def test_record_time_is_the_newest_observation_that_can_be_skimmed() -> None:
    one = plane()
    observed = [3 * MINUTE, 9 * MINUTE, 5 * MINUTE]
    one.count(chunk([record("engagement", after, post_id="x") for after in observed]))
    assert one.tally.newest == NOW + 9 * MINUTE
    one.count(chunk([b"{", record(after=10 * MINUTE, platform="orkut"), record(after=7 * MINUTE)], 3))
    assert one.tally.newest == NOW + 10 * MINUTE


def test_a_record_from_the_future_does_not_move_the_record_time() -> None:
    one = plane()
    one.count(chunk([record(after=2 * HOUR)], timestamps=[NOW_MS]))
    assert one.tally.newest is None


@pytest.mark.parametrize("observed", ["1900-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"])
def test_a_record_at_the_end_of_time_does_not_stop_the_next_start(observed: str) -> None:
    tables = empty_tables()
    for begin in (0, 1):
        one = plane(tables, committed=begin)
        one.count(chunk([record(observed_at=observed, created_at=observed)], begin, timestamps=[-1]))
        flush(one)
    assert outcomes(one) == {"counted": 1, "duplicate": 1}


def test_lateness_is_decided_with_the_record_time_before_each_record() -> None:
    one = plane()
    ahead = record("engagement", 49 * HOUR, post_id="x")
    one.count(chunk([record(post_id="a"), ahead, record(post_id="b")]))
    assert outcomes(one) == {"counted": 1, "unmatched": 1, "late": 1}


def test_without_retention_nothing_is_behind() -> None:
    one = plane(retention=False)
    one.count(chunk([record("engagement", 4900 * HOUR, post_id="x"), record()]))
    assert outcomes(one) == {"unmatched": 1, "counted": 1}


def test_the_cap_stops_the_counting() -> None:
    one = plane()
    with pytest.raises(CapReached):
        one.count(chunk([b"{"] * 1001))
    plane(capped=False).count(chunk([b"{"] * 1001))


def test_an_error_in_the_matcher_is_no_dead_letter() -> None:
    def broken(_: object) -> list[object]:
        raise ValueError("a bug")

    one = plane()
    (since, known) = one._sets[0]
    one._sets[0] = (since, known._replace(match=broken))
    with pytest.raises(ValueError, match="a bug"):
        one.count(chunk([record()]))
    assert one.overlay.letters == []
