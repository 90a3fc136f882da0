"""``listener source parse``: what comes out where, and the exit code."""

import io
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from listener.sources import command
from listener.sources.command import source
from models.article import Article
from models.post import Post

CORPUS = Path(__file__).parent / "corpus"


def run(kind: str, data: bytes, *options: str) -> Result:
    return CliRunner().invoke(source, ["parse", "--kind", kind, *options], input=data)


@pytest.mark.parametrize("kind", ["bluesky", "mastodon", "telegram"])
def test_messages(kind: str) -> None:
    result = run(kind, (CORPUS / "messages" / f"{kind}.ndjson").read_bytes(), "--observed-at", "2026-11-24T00:00:00Z")
    assert result.exit_code == 0
    found = [msgspec.json.decode(line, type=Post) for line in result.stdout.splitlines()]
    assert len(found) > 5
    assert {one.platform for one in found} == {kind}
    assert len({one.event_id for one in found}) >= len(found) - 1
    assert "line 5: ignored: " in result.stderr or "line 8: ignored: " in result.stderr


def test_a_feed() -> None:
    result = run("rss", (CORPUS / "feeds" / "persian_jalali.xml").read_bytes())
    assert result.exit_code == 0
    assert len([msgspec.json.decode(line, type=Article) for line in result.stdout.splitlines()]) == 8
    assert result.stderr == "entry 9 (https://www.namune.example/news/9): no title and no text\n"


def test_one_bad_line_stops_no_other() -> None:
    good = (CORPUS / "messages" / "bluesky.ndjson").read_bytes().splitlines()[0]
    result = run("bluesky", b"\n".join([b"\xef\xbb\xbf" + good, b"\xff{", b"", b"[" * 100_000, good]))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("kind", "data"), [("bluesky", b""), ("mastodon", b"{}\n5\n"), ("telegram", b"x"), ("rss", b"x"), ("rss", b"")]
)
def test_nothing_readable(kind: str, data: bytes) -> None:
    result = run(kind, data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr


def test_a_list_without_posts_is_readable() -> None:
    assert run("mastodon", b"[]").exit_code == 0


def test_a_record_that_the_topic_refuses_is_named() -> None:
    line = {"uri": "https://a.example/" + "x" * 600, "content": "", "account": {"acct": "a"}}
    result = run("mastodon", json.dumps(line).encode())
    assert result.exit_code == 1
    assert "length <= 512 - at `$.post_id`" in result.stderr


def test_too_large_a_record() -> None:
    line = {"uri": "https://a.example/1", "content": "x" * 1_100_000, "account": {"acct": "a"}}
    assert "a topic takes" in run("mastodon", json.dumps(line).encode()).stderr


def test_too_long_a_line_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_LINE_BYTES", 10)
    lines = list(command._lines(io.BytesIO(b"x" * 35 + b"\nshort\n")))
    assert [(number, len(line)) for number, line in lines] == [(1, 11), (2, 6)]


def test_too_long_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_DOCUMENT_BYTES", 10)
    assert run("rss", b"<rss></rss>").exit_code == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--observed-at", "now"],
        ["--observed-at", "2026-11-24T00:00:00"],
        ["--timezone", "Mars"],
        ["--timezone", "../x"],
    ],
)
def test_wrong_options(options: list[str]) -> None:
    assert run("rss", b"", *options).exit_code == 2
