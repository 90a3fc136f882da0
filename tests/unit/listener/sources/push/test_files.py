"""Files: foreign columns, Persian numbers and dates, and every row once."""

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import openpyxl  # type: ignore[import-untyped]
import pytest

from listener.errors import UsageProblem
from listener.sources.push.files import FilesConfig
from tests.unit.listener.sources.rig import NOW, MemorySink, context, output, run_until

POSTS = {
    "map": {"post_id": "شناسه", "text": "متن", "created_at": "تاریخ", "counts.likes": "لایک", "author.id": "کاربر"},
    "defaults": {"platform": "instagram"},
    "zone": "Asia/Tehran",
}
HEADER = "شناسه,متن,تاریخ,لایک,کاربر,hashtags\n"


def row(number: int, likes: str = "۱٬۲۰۰", date: str = "1405/09/02 10:15") -> str:
    return f'{number},"سلام، {number}",{date},{likes},ali,الف;ب\n'


def config(*paths: str, **more: Any) -> FilesConfig:
    return msgspec.convert({"paths": list(paths), **more}, type=FilesConfig)


def read(base: Path, sink: MemorySink, *paths: str, **more: Any) -> Any:
    async def scenario() -> Any:
        out = output(sink)
        await run_until(config(*paths, **more).connector(context(base)), out, None)
        return out.stats.results

    return asyncio.run(scenario())


def test_persian_csv_with_a_map(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + row(1) + row(2, likes=""), encoding="utf-8-sig")
    sink = MemorySink()
    read(tmp_path, sink, "*.csv", **POSTS)
    first, second = sink.values
    assert (first["post_id"], first["text"], first["created_at"]) == (
        "instagram:1",
        "سلام، 1",
        "2026-11-23T06:45:00Z",
    )
    assert (first["counts"]["likes"], first["author"]["id"], first["hashtags"]) == (1200, "ali", ["الف", "ب"])
    assert (first["op"], first["source"], first["observed_at"]) == ("create", "files", "2026-11-24T00:00:00Z")
    assert second["counts"]["likes"] is None


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1256"])
def test_other_encodings_and_delimiters(encoding: str, tmp_path: Path) -> None:
    text = "post_id;text;created_at\n1;متن روز;2026-11-23T10:00:00Z\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    sink = MemorySink()
    read(tmp_path, sink, "a.csv")
    assert sink.values[0]["text"] == "متن روز"


def test_wrong_rows_are_named_and_stop_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = row(2, likes="many") + row(3, date="someday") + 'x,"open quote\n'
    (tmp_path / "a.csv").write_text(HEADER + row(1) + bad, encoding="utf-8")
    sink = MemorySink()
    results = read(tmp_path, sink, "a.csv", **POSTS)
    assert (results["produced"], results["invalid"]) == (1, 3)
    assert "row 3: column 'لایک': 'many' is no whole number" in caplog.text
    assert "row 4: column 'تاریخ': 'someday' is no date" in caplog.text


def test_ndjson_with_nested_fields(tmp_path: Path) -> None:
    lines = ['{"id":"7","user":{"id":"u"},"ts":"2026-11-23T10:00:00Z","text":"x"}', "{no", '{"id":"8"}']
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    sink = MemorySink()
    results = read(tmp_path, sink, "a.ndjson", map={"post_id": "id", "author.id": "user.id", "created_at": "ts"})
    assert (sink.values[0]["author"]["id"], sink.keys) == ("u", ["other:7"])
    assert results["invalid"] == 2


def test_excel_and_a_business_topic(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["سکو", "account_id", "کمپین", "روز", "هزینه", "currency", "clicks"])
    sheet.append(["google_ads", 12, "نوروز", "1405/09/02", "۱٬۲۰۰٬۰۰۰", "IRR", 7.0])
    sheet.append([None] * 7)
    sheet.append(["google_ads", 12, "نوروز", NOW.replace(tzinfo=None), 1500.5, "IRR", "۸"])
    book.save(tmp_path / "spend.xlsx")
    sink = MemorySink()
    read(
        tmp_path,
        sink,
        "spend.xlsx",
        topic="marketing.spend.v1",
        map={"platform": "سکو", "campaign_id": "کمپین", "date": "روز", "cost": "هزینه"},
    )
    first, second = sink.values
    assert (first["date"], first["cost"], first["clicks"], first["account_id"]) == ("2026-11-23", "1200000", 7, "12")
    assert (second["date"], second["cost"], second["clicks"]) == ("2026-11-24", "1500.5", 8)
    assert sink.keys[0] == "google_ads|12|نوروز|2026-11-23"


def test_a_file_that_grows_is_read_on_and_another_in_its_place_from_its_start(tmp_path: Path) -> None:
    file, sink = tmp_path / "a.csv", MemorySink()
    file.write_text(HEADER + row(1) + row(2), encoding="utf-8")
    read(tmp_path, sink, ".", **POSTS)
    read(tmp_path, sink, ".", **POSTS)
    assert len(sink.records) == 2
    with file.open("a", encoding="utf-8") as stream:
        stream.write(row(3))
    read(tmp_path, sink, ".", **POSTS)
    assert sink.keys == ["instagram:1", "instagram:2", "instagram:3"]
    file.write_text(HEADER + row(9) + row(8) + row(7) + row(6), encoding="utf-8")
    read(tmp_path, sink, ".", **POSTS)
    assert sink.keys[3:] == ["instagram:9", "instagram:8", "instagram:7", "instagram:6"]


def test_a_crash_in_the_middle_of_a_file_goes_on_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "".join(row(number) for number in range(1200)), encoding="utf-8")
    calls = []

    def crash(records: Any) -> None:
        calls.append(len(records))
        if len(calls) == 2:
            raise SystemError

    sink = MemorySink(on_send=crash)
    with pytest.raises(SystemError):
        read(tmp_path, sink, "a.csv", **POSTS)
    read(tmp_path, sink, "a.csv", **POSTS)
    assert calls == [500, 500, 500, 200]
    assert sink.keys == [f"instagram:{number}" for number in range(1200)]


def test_a_watched_directory(tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        connector = config(".", watch=True, poll_s=0.01, **POSTS).connector(context(tmp_path))

        async def deliver() -> None:
            for number in (1, 2):
                file = tmp_path / f"{number}.csv"
                file.write_text(HEADER + row(number), encoding="utf-8")
                os.utime(file, (NOW.timestamp() - 60, NOW.timestamp() - 60))
                await sink.until(lambda it, n=number: len(it.records) == n)  # type: ignore[misc]
            fresh = tmp_path / "3.csv"
            fresh.write_text(HEADER + row(3), encoding="utf-8")
            os.utime(fresh, (NOW.timestamp() - 1, NOW.timestamp() - 1))
            (tmp_path / ".4.csv.part").write_text("x")
            await asyncio.sleep(0.05)

        await run_until(connector, output(sink), deliver())
        assert len(sink.records) == 2, "a file that is still being written is left alone"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"topic": "listener.mentions.v1"}, "topic: 'listener.mentions.v1' is none of"),
        ({"zone": "Mars"}, "no time zone"),
        ({"map": {"txt": "a"}}, "'txt' is no field of social.posts.v1"),
    ],
)
def test_wrong_settings_are_named(more: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageProblem, match=what):
        config("x.csv", **more).connector(context())


def test_no_file_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no file at"):
        read(tmp_path, MemorySink(), "*.csv")


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"no zip"), ("a.csv", b""), ("a.csv", b"\x00\x01")])
def test_files_that_are_none_are_told_once(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    sink = MemorySink()
    first, second = read(tmp_path, sink, name), read(tmp_path, sink, name)
    assert sink.records == []
    assert first["invalid"] <= 1
    assert second["invalid"] == 0
