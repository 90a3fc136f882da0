"""Records of the posts topic."""

import json
from typing import Any

import msgspec
import pytest

from models.post import COUNTERS, PLATFORMS, Counts, Post, Skim, content_hash

BASE: dict[str, Any] = {
    "event_id": "e1",
    "schema_version": 1,
    "op": "create",
    "observed_at": "2026-03-21T12:00:00Z",
    "post_id": "twitter:1",
    "platform": "twitter",
    "created_at": "2026-03-21T15:29:00+03:30",
    "text": "سلام",
}


def post(**fields: object) -> Post:
    return msgspec.json.decode(json.dumps(BASE | fields), type=Post)


def refused(**fields: object) -> str:
    with pytest.raises(msgspec.ValidationError) as refusal:
        post(**fields)
    return str(refusal.value)


def test_times_are_moments_whatever_their_offset() -> None:
    one = post(created_at="2026-03-21T15:30:00+03:30")
    assert one.created_at == one.observed_at


def test_unknown_fields_are_ignored() -> None:
    assert post(shoe_size=43, counts={"likes": 1, "claps": 2}).counts == Counts(likes=1)


def test_counts_come_in_wire_order() -> None:
    given = {name: number for number, name in enumerate(COUNTERS)}
    assert post(counts=given).counts.values() == (0, 1, 2, 3, 4, 5)
    assert post(counts={"saves": None}).counts.values() == (None,) * 6


@pytest.mark.parametrize("op", ["create", "update"])
def test_text_may_be_empty_but_not_missing(op: str) -> None:
    assert not post(op=op, text="").text
    assert "`text` is required" in refused(op=op, text=None)


@pytest.mark.parametrize("op", ["engagement", "delete"])
def test_other_records_have_no_text(op: str) -> None:
    assert post(op=op, text=None).text is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("op", "upsert"),
        ("platform", "orkut"),
        ("post_id", ""),
        ("post_id", "x" * 513),
        ("post_id", 5),
        ("event_id", ""),
        ("schema_version", 0),
        ("observed_at", "2026-03-21T12:00:00"),
        ("observed_at", 1_774_000_000),
        ("created_at", "yesterday"),
        ("counts", {"likes": -1}),
        ("counts", {"likes": 10**15 + 1}),
        ("counts", {"likes": 1.5}),
        ("counts", {"likes": True}),
        ("counts", {"likes": "3"}),
        ("counts", None),
        ("counts_precision", "roughly"),
        ("author", {"handle": "ali"}),
        ("author", {"id": "1", "followers": -1}),
        ("hashtags", ["a", 1]),
    ],
)
def test_refused_with_the_path_of_the_field(field: str, value: object) -> None:
    assert f"$.{field}" in refused(**{field: value})


@pytest.mark.parametrize(
    "field", ["event_id", "schema_version", "op", "observed_at", "post_id", "platform", "created_at"]
)
def test_required_fields(field: str) -> None:
    rest = {name: value for name, value in BASE.items() if name != field}
    with pytest.raises(msgspec.ValidationError, match=f"required field `{field}`"):
        msgspec.json.decode(json.dumps(rest), type=Post)


def test_platform_indices_are_stored_so_their_order_is_fixed() -> None:
    assert (PLATFORMS[:4], PLATFORMS[-1], len(PLATFORMS)) == (
        ("twitter", "instagram", "telegram", "bluesky"),
        "other",
        22,
    )


@pytest.mark.parametrize("post_id", ["twitter:1", 5, None, ["x"]])
def test_a_skim_does_not_judge_the_id(post_id: object) -> None:
    raw = json.dumps({"op": "delete", "observed_at": BASE["observed_at"], "post_id": post_id, "created_at": 7})
    assert msgspec.json.decode(raw, type=Skim).key == post_id


@pytest.mark.parametrize("missing", ["op", "observed_at"])
def test_a_skim_needs_op_and_observed_at(missing: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.json.decode(
            json.dumps({name: BASE[name] for name in ("op", "observed_at") if name != missing}), type=Skim
        )


def test_the_same_observation_from_another_delivery_has_the_same_hash() -> None:
    assert content_hash(post()) == content_hash(
        post(event_id="e2", source="replay", observed_at="2026-03-21T12:00:00.0Z")
    )


@pytest.mark.parametrize(
    "fields", [{"text": "سلام!"}, {"counts": {"likes": 0}}, {"op": "update"}, {"observed_at": "2026-03-21T12:00:01Z"}]
)
def test_another_observation_has_another_hash(fields: dict[str, object]) -> None:
    assert content_hash(post()) != content_hash(post(**fields))


def test_the_hash_fits_in_63_bits_and_does_not_depend_on_the_process() -> None:
    assert 0 <= content_hash(post()) < 2**63
    assert content_hash(post()) == content_hash(post())
