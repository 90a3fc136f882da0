"""Records that are none: what a source sends on a bad day. All about a brand, so that they are looked at at all."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec

from listener.sample.records import SOURCE, rfc3339

_HOURS: Final = (0.5, 23.5)
#: A clock that is a century ahead.
_FUTURE: Final = timedelta(days=36_525)


def poison(rng: Random, midnight: datetime) -> Iterator[tuple[datetime, bytes]]:
    """Raw values that are counted as invalid, each with the time of its delivery."""
    for number, spoil in enumerate(_SPOILED):
        moment = midnight + timedelta(hours=rng.uniform(*_HOURS))
        yield moment, spoil(_sound(moment, number))


def _sound(moment: datetime, number: int) -> dict[str, Any]:
    """A record that would be counted."""
    return {
        "event_id": f"sample-poison-{number:02}",
        "schema_version": 1,
        "observed_at": rfc3339(moment),
        "source": SOURCE,
        "op": "create",
        "post_id": f"twitter:poison-{number:02}",
        "platform": "twitter",
        "created_at": rfc3339(moment),
        "text": "بریمو چرا باز نمیشه؟ قطعه؟",
        "hashtags": ["بریمو"],
        "counts": {"likes": 3, "shares": 0, "comments": 1},
    }


def _json(record: dict[str, Any]) -> bytes:
    return msgspec.json.encode(record)


def _without(record: dict[str, Any], name: str) -> bytes:
    return _json({key: value for key, value in record.items() if key != name})


def _in_the_future(record: dict[str, Any], name: str) -> bytes:
    return _json(record | {name: rfc3339(datetime.fromisoformat(record[name]) + _FUTURE)})


_SPOILED: Final[tuple[Callable[[dict[str, Any]], bytes], ...]] = (
    # A connection that broke off.
    lambda record: _json(record)[:-60],
    # A gateway's error page instead of the answer.
    lambda _: b"<html><body>504 Gateway Time-out</body></html>",
    # Persian in the code page of an old Windows.
    lambda record: _json(record).replace(record["text"].encode(), "بريمو قطع شد".encode("cp1256")),
    # The first half of a letter.
    lambda record: _json(record).replace("؟".encode(), b"\xd8", 1),
    lambda record: _without(record, "post_id"),
    lambda record: _without(record, "text"),
    lambda record: _json(record | {"counts": {"likes": -4}}),
    lambda record: _json(record | {"counts": {"likes": "12.5K"}}),
    lambda record: _json(record | {"op": "boost"}),
    lambda record: _json(record | {"observed_at": "yesterday"}),
    lambda record: _in_the_future(record, "observed_at"),
    lambda record: _in_the_future(record, "created_at"),
)
