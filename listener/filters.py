"""``listener match`` and ``listener normalize``: NDJSON in, NDJSON out, one line for each line, as a stream."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.ndjson import Failed, Line, malformed_lines, parse
from processors.match import Match, Matcher
from processors.normalize import Normalizer


class _MatchedCampaign(msgspec.Struct):
    id: str
    matches: tuple[Match, ...]


class _Matched(msgspec.Struct):
    id: msgspec.Raw
    campaigns: list[_MatchedCampaign]


_DECODER: Final = msgspec.json.Decoder(Line)


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

    def answer(line: Line) -> _Matched:
        found = matcher.text(line.text)
        return _Matched(line.id, [_MatchedCampaign(one.campaign_id, one.matches) for one in found])

    _filter(answer, sys.stdin.buffer, sys.stdout.buffer)


@click.command()
def normalize() -> None:
    """Normalise each text as the pipeline does for matched posts: {"id", "text"} lines in and out."""
    normalizer = Normalizer()
    _filter(lambda line: Line(line.id, normalizer.normalize(line.text)), sys.stdin.buffer, sys.stdout.buffer)


def _filter(answer: Callable[[Line], Any], lines: Iterable[bytes], out: BinaryIO) -> None:
    """Answer line by line; raises UsageProblem at the end if there were malformed lines."""
    malformed = 0
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            reply = answer(parse(_DECODER, raw))
        except ValueError as error:
            malformed += 1
            click.echo(f"line {number}: {error}", err=True)
            reply = Failed(None, str(error))
        out.write(msgspec.json.encode(reply) + b"\n")
        out.flush()
    if malformed:
        raise UsageProblem(malformed_lines(malformed))
