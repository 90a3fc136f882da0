"""``listener source``: what networks and the press send, as records of our topics."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from listener.sources.bluesky import BlueskyParser
from listener.sources.feed import Origin
from listener.sources.kit.commands import login, run, token
from listener.sources.mastodon import MastodonParser
from listener.sources.records import LineParser, Problem, Result, encode
from listener.sources.rss import parse_feed
from listener.sources.telegram import TelegramParser

#: Larger input is an attack or a mistake: feeds have some hundred kilobytes, messages some ten.
MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
MAX_LINE_BYTES: Final = 16 * 1024 * 1024

KINDS: Final = ("rss", "bluesky", "mastodon", "telegram")

Clock = Callable[[], datetime]


class Instant(click.ParamType):
    """An RFC 3339 time with its offset."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time in UTC; fails with what is wrong."""
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no RFC 3339 time, as 2026-11-23T10:00:00Z is", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no offset; add Z for UTC", param, ctx)
        return instant.astimezone(UTC)


class Zone(click.ParamType):
    """A time zone of the IANA database."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """The zone; fails for a name that the database lacks."""
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone, as Asia/Tehran is", param, ctx)


@click.group()
def source() -> None:
    """What networks and the press send, as records of the topics."""


@source.command()
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What comes in: one feed, or a message per line.")
@click.option("--base-url", help="Where it was read: the feed's address, or the channel's (https://t.me/name).")
@click.option("--observed-at", type=Instant(), help="When it was read (RFC 3339). Default: now.")
@click.option(
    "--timezone", type=Zone(), help="Zone of feed dates without offset. Default: Tehran if Persian, else UTC."
)
@click.pass_context
def parse(
    ctx: click.Context, kind: str, base_url: str | None, observed_at: datetime | None, timezone: ZoneInfo | None
) -> None:
    """Turn raw payloads on standard input into topic records, one JSON object per line, on standard output.

    rss takes one document (RSS, Atom, JSON Feed or a news sitemap), the others one JSON message per line. What becomes
    no record is named on standard error with the reason. Exit code 1 when nothing of the input could be read.
    """
    clock: Clock = (lambda: observed_at) if observed_at else (lambda: datetime.now(UTC))
    writer = Writer(sys.stdout.buffer, sys.stderr)
    if kind == "rss":
        is_readable = parse_document(sys.stdin.buffer, writer, Origin(base_url, timezone), clock())
    else:
        parsers: dict[str, Callable[[], LineParser]] = {
            "bluesky": BlueskyParser,
            "mastodon": MastodonParser,
            "telegram": lambda: TelegramParser(base_url),
        }
        is_readable = parse_lines(sys.stdin.buffer, writer, parsers[kind](), clock)
    if not is_readable:
        ctx.exit(1)


for command in (run, login, token):
    source.add_command(command)


class Writer:
    """Records to one stream, reasons to another."""

    def __init__(self, records: BinaryIO, reasons: TextIO) -> None:
        self._records = records
        self._reasons = reasons

    def write(self, results: list[Result], where: str = "") -> bool:
        """Write what passes the schema of its topic and say why the rest does not; False when none of it was sound."""
        sound = [self._write(result, where) for result in results]
        self._records.flush()
        return any(sound) or not sound

    def complain(self, reason: object, where: str = "") -> None:
        """One line that says why there is no record."""
        text = " ".join(f"{where}{reason}".split())
        self._reasons.write(text.encode(errors="backslashreplace").decode() + "\n")

    def _write(self, result: Result, where: str) -> bool:
        if isinstance(result, Problem):
            self.complain(f"{'ignored: ' if result.ignored else ''}{result.reason}", where)
            return result.ignored
        try:
            line = encode(result)
        except ValueError as error:
            self.complain(error, where)
            return False
        self._records.write(line + b"\n")
        return True


def parse_document(stream: BinaryIO, writer: Writer, origin: Origin, observed_at: datetime) -> bool:
    """Write the articles of one feed; whether it could be read (a feed without entries can be)."""
    document = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(document) > MAX_DOCUMENT_BYTES:
        writer.complain(f"the input is longer than {MAX_DOCUMENT_BYTES} bytes")
        return False
    try:
        writer.write(parse_feed(document, origin, observed_at))
    except (ValueError, RecursionError) as error:
        writer.complain(_reason(error))
        return False
    return True


def parse_lines(stream: BinaryIO, writer: Writer, parser: LineParser, clock: Clock) -> bool:
    """Write the records of each line as it comes; whether any line could be read."""
    is_readable = False
    number = 0
    for number, line in _lines(stream):
        where = f"line {number}: "
        if len(line) > MAX_LINE_BYTES:
            writer.complain(f"longer than {MAX_LINE_BYTES} bytes", where)
            continue
        try:
            is_readable |= writer.write(parser.parse(line, clock()), where)
        except (ValueError, RecursionError) as error:
            writer.complain(_reason(error), where)
    if number == 0:
        writer.complain("the input is empty")
    held_back = parser.finish()
    return (writer.write(held_back, "at the end: ") and bool(held_back)) or is_readable


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; one that is too long comes cut, once."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.strip():
            yield number, text


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        return f"no valid JSON: {error}"
    return str(error)
