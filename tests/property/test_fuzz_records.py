"""Whatever an input topic brings, a record has one outcome or is a dead letter; nothing stops the partition."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import CampaignSet
from models.outcome import Outcome
from models.streams import STREAMS, Stream
from tests.business import a_bit_of_everything, campaign
from tests.recounting import Partition, told

SHOP = CampaignSet((campaign(),))
VALID: dict[str, list[bytes]] = {}
for _topic, _value in a_bit_of_everything():
    VALID.setdefault(_topic, []).append(_value)

#: Anything that JSON can say, the numbers that break programs among it.
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False),
        st.text(max_size=20),
        st.sampled_from(["0000-00-00", "9999-12-31T23:59:59.999Z", "2026-02-30", "\u200c", "1e999"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
RAW = st.sampled_from(
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"',
        b"\xff\xfe",
        b"\x00",
        b"1e400",
        b'{"a":1}{',
        b"[" * 5_000,
        b'{"x":' * 2_000,
        b"\xed\xa0\x80",
    ]
)


@st.composite
def spoiled(draw: st.DrawFn, topic: str) -> bytes:
    """A valid record with something done to it."""
    value = draw(st.sampled_from(VALID[topic]))
    done = draw(st.integers(0, 5))
    if done == 0:
        at = draw(st.integers(0, len(value)))
        return value[:at] + draw(st.binary(max_size=4)) + value[at + draw(st.integers(0, 4)) :]
    if done == 1:
        return value[: draw(st.integers(0, len(value)))]
    record: dict[str, Any] = msgspec.json.decode(value)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(record)))
        record.pop(name) if draw(st.booleans()) else record.update({name: draw(JSON)})
        if not record:
            break
    return msgspec.json.encode(record)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
@settings(max_examples=30)
@given(data=st.data())
def test_any_record_has_one_outcome_or_a_dead_letter_and_the_recount_agrees(
    stream: Stream, data: st.DataObject
) -> None:
    record = st.one_of(
        spoiled(stream.topic), spoiled(stream.topic), st.binary(max_size=40), RAW, JSON.map(msgspec.json.encode)
    )
    one = Partition(stream, retention=data.draw(st.booleans()))
    values = data.draw(st.lists(record, min_size=1, max_size=8))
    one.count([*values, VALID[stream.topic][0]], SHOP)
    progress = one.standing().progress
    assert progress is not None
    assert progress.read == len(values) + 1
    assert sorted(letter.offset for letter in one.letters) == sorted({letter.offset for letter in one.letters})
    assert progress.outcomes[Outcome.INVALID] == len(one.letters) == sum(progress.reasons.values())
    assert told(one.recount()) == []
