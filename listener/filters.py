"""``listener match`` and ``listener normalize``: NDJSON in, NDJSON out, one line for each line, as a stream."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from processors.match import Match, Matcher
from processors.normalize import Normalizer

_ID_BEGINNINGS: Final = b'"-0123456789'


class _Line(msgspec.Struct):
    """One input line; the id is passed on as it is written."""

    id: msgspec.Raw
    text: str


class _MatchedCampaign(msgspec.Struct):
    id: str
    matches: tuple[Match, ...]


class _Matched(msgspec.Struct):
    id: msgspec.Raw
    campaigns: list[_MatchedCampaign]


class _Failed(msgspec.Struct):
    id: None
    error: str


_DECODER: Final = msgspec.json.Decoder(_Line)


@click.command()
@click.option(
    "--campaigns",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory of campaign files.",
)
def match(campaigns: Path) -> None:
    """Which campaigns each text matches, and where: {"id", "text"} lines in, {"id", "campaigns"} lines out.

    Positions are Unicode code points of the text, the end exclusive.
    """
    matcher = Matcher(load_campaigns(campaigns))

    def answer(line: _Line) -> _Matched:
        found = matcher.text(line.text)
        return _Matched(line.id, [_MatchedCampaign(one.campaign_id, one.matches) for one in found])

    _filter(answer, sys.stdin.buffer, sys.stdout.buffer)


@click.command()
def normalize() -> None:
    """Normalise each text as the pipeline does for matched posts: {"id", "text"} lines in and out."""
    normalizer = Normalizer()
    _filter(lambda line: _Line(line.id, normalizer.normalize(line.text)), sys.stdin.buffer, sys.stdout.buffer)


def _filter(answer: Callable[[_Line], Any], lines: Iterable[bytes], out: BinaryIO) -> None:
    """Answer line by line; raises UsageProblem at the end if there were malformed lines."""
    malformed = 0
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            reply = answer(_parse(raw))
        except ValueError as error:
            malformed += 1
            click.echo(f"line {number}: {error}", err=True)
            reply = _Failed(None, str(error))
        out.write(msgspec.json.encode(reply) + b"\n")
        out.flush()
    if malformed:
        raise UsageProblem(f'{malformed} malformed lines (named above); each must be {{"id": ..., "text": "..."}}')


def _parse(raw: bytes) -> _Line:
    """The line; raises ValueError that names the field."""
    try:
        line = _DECODER.decode(raw)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if bytes(line.id)[:1] not in _ID_BEGINNINGS:
        raise ValueError("Expected a string or a number - at `$.id`")
    return line
