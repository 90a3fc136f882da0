"""JSON Schemas of the topics' records, generated from the structs in ``models``."""

import json
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from models.article import ARTICLES_TOPIC, Article
from models.campaign import CampaignSet
from models.cursor import CURSORS_TOPIC, SourceCursor
from models.feedback import FEEDBACK_TOPIC, Feedback
from models.incident import INCIDENTS_TOPIC, IncidentRecord
from models.mention import MENTIONS_TOPIC, Mention
from models.outcome import DeadLetter
from models.post import POSTS_TOPIC, Post
from models.progress import Progress
from models.series import SERIES_TOPIC, ClosedMinute
from processors.business.kinds import BUSINESS_KINDS

#: Topic (or table) → the struct of its records.
RECORDS: Final[dict[str, Any]] = {
    POSTS_TOPIC: Post,
    ARTICLES_TOPIC: Article,
    "listener.dead_letters.v1": DeadLetter,
    "listener.campaigns.v1": CampaignSet,
    **{topic: kind.record for topic, kind in BUSINESS_KINDS.items()},
    MENTIONS_TOPIC: Mention,
    SERIES_TOPIC: ClosedMinute,
    FEEDBACK_TOPIC: Feedback,
    CURSORS_TOPIC: SourceCursor,
    INCIDENTS_TOPIC: IncidentRecord,
    "progress-changelog": Progress,
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of record; KeyError for a name that is not in ``RECORDS``."""
    (schema,), components = msgspec.json.schema_components([RECORDS[name]], ref_template="#/$defs/{name}")
    return {"$schema": _DIALECT, "title": name, **schema, "$defs": components}


def render(name: str) -> str:
    """The schema as it is kept in docs/reference/schemas."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@click.command(help="Print the JSON Schema of a topic's records, or write all of them to a directory.")
@click.argument("topic", required=False, type=click.Choice(sorted(RECORDS)))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write every schema here, one file each.")
def schema(topic: str | None, out: Path | None) -> None:
    """Print one schema or write all."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name in RECORDS:
            (out / f"{name}.json").write_text(render(name), encoding="utf-8")
        click.echo(f"wrote {len(RECORDS)} schemas to {out}", err=True)
    elif topic is not None:
        click.echo(render(topic), nl=False)
    else:
        raise click.UsageError(f"name a topic ({', '.join(sorted(RECORDS))}) or give --out DIR")
