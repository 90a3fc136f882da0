"""``listener compare``: a changed set of campaigns beside the old one, over the same posts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from listener.campaigns.files import load_campaigns
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import ManyInputs
from listener.inputs.reading import read_records
from models.post import Post
from processors.comparing import Change, Comparison, Sample
from processors.judge import decode_post
from processors.match import Matcher

_DIRECTORY: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_EXCERPT: Final = 160
_PROGRESS: Final = 100_000


class _Report(msgspec.Struct):
    posts: int
    skipped: int
    old: str
    new: str
    campaigns: list[Change]


@click.command(cls=ManyInputs)
@click.argument("old", type=_DIRECTORY)
@click.argument("new", type=_DIRECTORY)
@click.option("--input", "inputs", multiple=True, required=True, type=_FILE, metavar="FILE…", help="NDJSON files.")
@click.option(
    "--map",
    "field_map",
    multiple=True,
    metavar="TARGET=SOURCE,…",
    help="Where the files have our fields (for example post_id=id,created_at=ts).",
)
@click.option("--samples", type=click.IntRange(min=0), default=5, show_default=True, help="Posts shown per change.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output instead of text.")
def compare(
    old: Path, new: Path, inputs: tuple[Path, ...], field_map: tuple[str, ...], samples: int, *, as_json: bool
) -> None:
    """Which posts enter and leave each campaign when the files of OLD become those of NEW.

    Counts create and update records (an edited post counts twice), campaign by campaign, with samples: the same ones
    at every run. Records that are no posts are skipped and counted.
    """
    before, after = load_campaigns(old), load_campaigns(new)
    comparison = Comparison(Matcher(before), Matcher(after), samples)
    seen, skipped = 0, 0
    for post in _posts(inputs, FieldMap.parse(field_map)):
        if post is None:
            skipped += 1
            continue
        seen += 1
        comparison.add(post)
        if seen % _PROGRESS == 0:
            click.echo(f"{seen:,} posts compared", err=True)
    ids = sorted({campaign.id for campaign in (*before.campaigns, *after.campaigns)})
    report = _Report(seen, skipped, before.version, after.version, list(comparison.changes(ids)))
    click.echo(msgspec.json.encode(report).decode() if as_json else "\n".join(_lines(report)))


def _posts(inputs: Iterable[Path], field_map: FieldMap) -> Iterator[Post | None]:
    """Posts with a text; None for what is no post; other records are passed over."""
    for record in read_records(inputs, field_map):
        post = decode_post(record.value)
        if not isinstance(post, Post):
            yield None
        elif post.op in ("create", "update"):
            yield post


def _lines(report: _Report) -> Iterator[str]:
    yield f"{report.posts:,} posts compared, {report.skipped:,} records skipped ({report.old} → {report.new})"
    changed = [change for change in report.campaigns if change.enters or change.leaves]
    for change in changed:
        yield f"{change.id}: {change.stays:,} stay, +{change.enters:,} enter, -{change.leaves:,} leave"
        yield from (f"  + {_shown(sample)}" for sample in change.entering)
        yield from (f"  - {_shown(sample)}" for sample in change.leaving)
    yield f"{len(report.campaigns) - len(changed)} of {len(report.campaigns)} campaigns unchanged"


def _shown(sample: Sample) -> str:
    found = ", ".join(dict.fromkeys(f"«{match.keyword}» {match.rule}" for match in sample.matches))
    text = " ".join(sample.text.split())
    return f"{sample.post_id} [{found}] {text if len(text) <= _EXCERPT else text[:_EXCERPT] + '…'}"
