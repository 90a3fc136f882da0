"""``listener match`` and ``listener normalize``: NDJSON in, NDJSON out, one line for each line, as a stream."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.ndjson import Failed, L, Line, malformed_lines, parse
from processors.match import Match, Matcher
from processors.normalize import Normalizer
from processors.query.facts import Facts


class _MatchedCampaign(msgspec.Struct):
    id: str
    matches: tuple[Match, ...]


class _Matched(msgspec.Struct):
    id: msgspec.Raw
    campaigns: list[_MatchedCampaign]


_DECODER: Final = msgspec.json.Decoder(Line)


class PostLine(Line, kw_only=True):
    """A text, and what queries may ask of its post; a value of another kind says nothing."""

    #: A handle, an id or a name, or an object with these as posts have it.
    author: object = None
    lang: object = None
    platform: object = None
    url: object = None
    urls: object = None
    links: object = None

    def facts(self) -> Facts:
        """For the fields of queries; ``urls`` and ``links`` are what the post points to."""
        author = self.author
        names = (author.get(key) for key in ("handle", "id", "display_name")) if isinstance(author, dict) else (author,)
        return Facts.of(
            authors=filter(None, map(_text, names)),
            addresses=(_text(self.url),),
            lang=_text(self.lang),
            platform=_text(self.platform),
            links=[link for links in (self.urls, self.links) for link in _texts(links)],
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


_POST_DECODER: Final = msgspec.json.Decoder(PostLine)


@click.command()
@click.option(
    "--campaigns",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory of campaign files.",
)
def match(campaigns: Path) -> None:
    """Which campaigns each text matches, and where: {"id", "text"} lines in, {"id", "campaigns"} lines out.

    Positions are Unicode code points of the text, the end exclusive. For the fields of queries a line may say more:
    "author", "lang", "platform", "url" (of the post itself) and "urls" (what it points to).
    """
    matcher = Matcher(load_campaigns(campaigns))

    def answer(line: PostLine) -> _Matched:
        found = matcher.text(line.text, line.facts())
        return _Matched(line.id, [_MatchedCampaign(one.campaign_id, one.matches) for one in found])

    answer_lines(_POST_DECODER, answer, sys.stdin.buffer, sys.stdout.buffer)


@click.command()
def normalize() -> None:
    """Normalise each text as the pipeline does for matched posts: {"id", "text"} lines in and out."""
    normalizer = Normalizer()
    answer_lines(
        _DECODER, lambda line: Line(line.id, normalizer.normalize(line.text)), sys.stdin.buffer, sys.stdout.buffer
    )


def answer_lines(
    decoder: "msgspec.json.Decoder[L]", answer: Callable[[L], Any], lines: Iterable[bytes], out: BinaryIO
) -> None:
    """Answer line by line; raises UsageProblem at the end if there were malformed lines."""
    malformed = 0
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            reply = answer(parse(decoder, raw))
        except ValueError as error:
            malformed += 1
            click.echo(f"line {number}: {error}", err=True)
            reply = Failed(None, str(error))
        out.write(msgspec.json.encode(reply) + b"\n")
        out.flush()
    if malformed:
        raise UsageProblem(malformed_lines(malformed))
