"""``listener sample``."""

import sys
from pathlib import Path

import click

from listener.errors import UsageProblem
from listener.sample.day import DEFAULT_ARTICLES, DEFAULT_POSTS, DEFAULT_SEED, DEFAULT_SESSIONS
from listener.sample.stream import write_days


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: standard output."
)
@click.option("--posts", type=click.IntRange(min=1), default=DEFAULT_POSTS, show_default=True, help="Posts written.")
@click.option(
    "--articles", type=click.IntRange(min=0), default=DEFAULT_ARTICLES, show_default=True, help="Articles of the press."
)
@click.option(
    "--sessions",
    type=click.IntRange(min=0),
    default=DEFAULT_SESSIONS,
    show_default=True,
    help="Visits to a shop, and with them its leads, orders, ads, search rows, rank, links and followers.",
)
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True, help="Days up to the usual one.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Another seed is another day.")
def sample(out: Path | None, posts: int, articles: int, sessions: int, days: int, seed: int) -> None:
    """Write the sample stream: a synthetic day of Persian posts and press about invented brands, as NDJSON.

    It has engagement, edits, deletes, late and repeated records, and some lines that are no records, on purpose.
    """
    if out is None:
        write_days(sys.stdout.buffer, days, seed, posts, articles, sessions)
        return
    try:
        with out.open("wb") as file:
            write_days(file, days, seed, posts, articles, sessions)
    except OSError as error:
        raise UsageProblem(f"--out: {out} cannot be written: {error.strerror or error}.") from error
