"""NDJSON files of any topics, counted into KPIs: each line ``{"topic": …, "record": …}``."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from listener.errors import UsageProblem
from models.article import Article
from models.campaign import CampaignSet
from models.mention import MAX_TEXT, Label
from models.post import POSTS_TOPIC, Post
from processors.enrich import Analysis, Item
from processors.kpis.batch import TOPICS, Batch, Invalid, Judge
from processors.match import Matcher
from processors.matching import match_article, match_post

#: What judges mentions, each text with its campaign (``Enricher.analyse``).
Analyse = Callable[[Sequence[Item]], Sequence[Analysis]]

#: How far ahead of the clock a record of a file may be: tests and plans are dated ahead, year 9999 is a mistake.
_AHEAD: Final = timedelta(days=730)
_MARK: Final = b"\xef\xbb\xbf"
#: So many malformed records are named; the rest is counted.
_NAMED: Final = 20
#: A line of progress after so many records.
_PROGRESS: Final = 200_000


class Line(msgspec.Struct):
    """A record with its topic."""

    topic: str
    record: msgspec.Raw


_decode = msgspec.json.Decoder(Line).decode


def batch_of(campaigns: CampaignSet, analyse: Analyse | None = None) -> Batch:
    """An empty count for these campaigns; ``analyse`` None: mentions are not judged."""
    matcher = Matcher(campaigns)
    judge = None if analyse is None else post_judge(matcher, analyse)
    return Batch(campaigns, post_matcher(matcher), article_matcher(matcher), latest=latest_believed(), judge=judge)


def latest_believed() -> datetime:
    """What was observed past this moment is a mistake of its source, not a file of tomorrow."""
    return datetime.now(UTC) + _AHEAD


def post_matcher(matcher: Matcher) -> Callable[[Post], Sequence[str]]:
    """The campaigns of a post."""

    def match(post: Post) -> list[str]:
        return [one.campaign_id for one in match_post(matcher, post)]

    return match


def post_judge(matcher: Matcher, analyse: Analyse) -> Judge:
    """The sentiment of a post toward each campaign that it matches."""

    def judge(post: Post) -> dict[str, Label | None]:
        # The same cut as in a mention's record, so that the answer is the one that a worker gets.
        text = (post.text or "")[:MAX_TEXT]
        items = [
            Item(text, one.campaign_id, tuple((at.start, at.end) for at in one.matches if at.end <= len(text)))
            for one in match_post(matcher, post)
        ]
        return {item.campaign: found.sentiment for item, found in zip(items, analyse(items), strict=True)}

    return judge


def article_matcher(matcher: Matcher) -> Callable[[Article], Sequence[str]]:
    """The campaigns of an article: title, summary and body, published on the platform ``news``."""

    def match(article: Article) -> list[str]:
        return [one.campaign_id for one in match_article(matcher, article)]

    return match


def count_files(batch: Batch, files: Iterable[Path], say: Callable[[str], object] = lambda _: None) -> None:
    """Count all records of the files in order; what is malformed is named by file and line and left out.

    Raises UsageProblem for a file that cannot be read, and for a line whose topic is none of ours.
    """
    named = 0
    for number, (where, topic, record) in enumerate(_records(files), 1):
        try:
            batch.take(topic, record)
        except Invalid as error:
            named += 1
            if named <= _NAMED:
                say(f"{where}: {topic}: {error}")
        if number % _PROGRESS == 0:
            say(f"{number:,} records read")
    if named > _NAMED:
        say(f"{named - _NAMED:,} more malformed records")


def _records(files: Iterable[Path]) -> Iterator[tuple[str, str, bytes]]:
    for file in files:
        try:
            with file.open("rb") as stream:
                for number, raw in enumerate(stream, 1):
                    text = raw.removeprefix(_MARK) if number == 1 else raw
                    if text.strip():
                        yield (f"{file}:{number}", *_routed(text, f"{file}:{number}"))
        except OSError as error:
            raise UsageProblem(f"--input: {file} cannot be read: {error.strerror or error}.") from error


def _routed(text: bytes, where: str) -> tuple[str, bytes]:
    """Topic and record of a line; a line without a topic is taken as a post."""
    try:
        line = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return POSTS_TOPIC, text
    if line.topic not in TOPICS:
        raise UsageProblem(f"{where}: no input topic {line.topic!r}. The topics: {', '.join(TOPICS)}.")
    return line.topic, bytes(line.record)


def err(message: str) -> None:
    """A line for people on stderr."""
    click.echo(message, err=True)
