"""Whatever comes in, the parsers of sources answer with records that the topics take, or with reasons."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jdatetime  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.sources.bluesky import BlueskyParser
from listener.sources.command import Writer, parse_document, parse_lines
from listener.sources.dates import parse_date
from listener.sources.feed import Origin
from listener.sources.mastodon import MastodonParser
from listener.sources.records import LineParser
from listener.sources.telegram import TelegramParser
from listener.sources.text import read_html
from listener.sources.urls import absolute, canonical
from models.article import Article
from models.post import Post

CORPUS = Path(__file__).parents[1] / "unit" / "listener" / "sources" / "corpus"
PARSERS: dict[str, Callable[[], LineParser]] = {
    "bluesky": BlueskyParser,
    "mastodon": MastodonParser,
    "telegram": TelegramParser,
}
MESSAGES = {kind: (CORPUS / "messages" / f"{kind}.ndjson").read_bytes().splitlines() for kind in PARSERS}
FEEDS = [file.read_bytes() for file in sorted((CORPUS / "feeds").iterdir())]
#: The first draw of a text builds the tables of Unicode, and the first feed loads the parsers.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 11, 24, tzinfo=UTC)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def lines_of(kind: str, data: bytes) -> tuple[list[Post], list[str], bool]:
    records, reasons = io.BytesIO(), io.StringIO()
    is_readable = parse_lines(io.BytesIO(data), Writer(records, reasons), PARSERS[kind](), lambda: NOW)
    posts = [msgspec.json.decode(line, type=Post) for line in records.getvalue().splitlines()]
    return posts, reasons.getvalue().splitlines(), is_readable


def feed_of(data: bytes) -> tuple[list[Article], list[str], bool]:
    records, reasons = io.BytesIO(), io.StringIO()
    is_readable = parse_document(io.BytesIO(data), Writer(records, reasons), Origin("https://a.example/rss"), NOW)
    articles = [msgspec.json.decode(line, type=Article) for line in records.getvalue().splitlines()]
    return articles, reasons.getvalue().splitlines(), is_readable


def places(value: object) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(value, key), *places(value[key])]]  # type: ignore[index]


@pytest.mark.parametrize("kind", PARSERS)
@relaxed
@given(data=st.data())
def test_any_field_may_hold_anything(kind: str, data: st.DataObject) -> None:
    message = json.loads(data.draw(st.sampled_from(MESSAGES[kind][:4])))
    if isinstance(message.get("payload"), str):
        message["payload"] = json.loads(message["payload"])
    container, key = data.draw(st.sampled_from(places(message)))
    if data.draw(st.booleans()):
        container[key] = data.draw(anything)
    else:
        del container[key]
    posts, reasons, is_readable = lines_of(kind, json.dumps(message).encode())
    assert len(posts) + len(reasons) == 1
    assert is_readable or reasons


@pytest.mark.parametrize("kind", PARSERS)
@relaxed
@given(data=st.data())
def test_a_line_cut_anywhere_stops_no_other(kind: str, data: st.DataObject) -> None:
    whole = MESSAGES[kind][0]
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    posts, reasons, is_readable = lines_of(kind, b"\n".join([whole, cut, whole]))
    assert (len(posts), is_readable) == (2, True)
    assert [reason.split(":")[0] for reason in reasons] == ["line 2"]


@pytest.mark.parametrize("kind", PARSERS)
@relaxed
@given(value=anything | st.binary(max_size=40))
def test_any_json_and_any_bytes(kind: str, value: object) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    posts, reasons, _ = lines_of(kind, data)
    assert posts or reasons or data.strip() == b"[]"


@settings(relaxed, max_examples=200)
@given(data=st.data())
def test_feeds_cut_and_scrambled(data: st.DataObject) -> None:
    feed = bytearray(data.draw(st.sampled_from(FEEDS)))
    del feed[data.draw(st.integers(0, len(feed))) :]
    for _ in range(data.draw(st.integers(0, 3))):
        where = data.draw(st.integers(0, len(feed)))
        feed[where : where + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8) | st.just(b"<item>"))
    _, reasons, is_readable = feed_of(bytes(feed))
    assert is_readable or len(reasons) == 1


@relaxed
@given(st.integers(1300, 1499), st.integers(1, 12), st.integers(1, 29), st.sampled_from(["{}/{:02}/{:02}", "{}-{}-{}"]))
def test_years_from_1300_to_1499_are_jalali(year: int, month: int, day: int, form: str) -> None:
    text = form.format(year, month, day).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    found = parse_date(text, UTC)
    assert found
    assert jdatetime.date.fromgregorian(date=found.date()) == jdatetime.date(year, month, day)


@relaxed
@given(st.timedeltas(timedelta(days=7305), timedelta(days=65000)), st.integers(-12 * 60, 14 * 60))
def test_iso_dates_keep_their_instant(since: timedelta, minutes: int) -> None:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + since
    shifted = (instant + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat()
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert parse_date(shifted + offset, None) == instant


@relaxed
@given(st.text(max_size=120), st.none() | st.just(UTC))
def test_any_text_is_a_date_or_none(text: str, zone: Any) -> None:
    found = parse_date(text, zone)
    assert found is None or found.tzinfo is UTC


@relaxed
@given(st.text(alphabet=st.sampled_from("<>/&;![]-'\"apscriptbr =x\n"), max_size=60))
def test_any_html_has_a_text(html: str) -> None:
    assert "\n\n\n" not in read_html(html).text


@relaxed
@given(st.text(max_size=40), st.sampled_from(["https://a.example/", "//", "/", "?", ""]))
def test_a_canonical_address_is_its_own(text: str, start: str) -> None:
    url = absolute(start + text, "https://b.example/c")
    if url is not None:
        try:
            once = canonical(url)
        except ValueError:
            return
        assert canonical(once) == once
