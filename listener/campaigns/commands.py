"""``listener check``: whether the campaign files are right and do what their examples say; ``listener campaign``."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from listener.campaigns.examples import Outcome, junit, run
from listener.campaigns.files import read_campaign_files
from listener.campaigns.init import init
from models.campaign import Campaign
from processors.kpis.targets import warnings
from processors.match import Matcher

_DIRECTORY: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.command()
@click.argument("directory", type=_DIRECTORY, required=False)
@click.option("--campaigns", type=_DIRECTORY, help="Directory of campaign files (the same as the argument).")
@click.option("--junit", "junit_file", type=_FILE, metavar="FILE", help="Write the examples' results as JUnit XML.")
def check(directory: Path | None, campaigns: Path | None, junit_file: Path | None) -> None:
    """Validate the campaign files of a directory, say what they hold, and run their examples.

    Ends with 1 when a `should_match` example does not match or a `should_not_match` example does (each is named with
    file and line), with 2 when a file cannot be used at all.
    """
    if (directory is None) == (campaigns is None):
        raise click.UsageError("give one directory of campaign files")
    files = read_campaign_files(directory or campaigns or Path())
    for campaign in files.campaigns.campaigns:
        click.echo(f"{campaign.id}: {_summary(campaign)}")
        for warning in (one for target in campaign.targets for one in warnings(target)):
            click.echo(f"{campaign.id}: {warning}", err=True)
    outcomes = list(run(files.examples, Matcher(files.campaigns)))
    if junit_file:
        junit_file.write_bytes(junit(outcomes))
    failed = sum(not outcome.passed for outcome in outcomes)
    _report(outcomes)
    if failed:
        click.echo(f"{failed} of {len(outcomes)} examples failed (named above)", err=True)
        sys.exit(1)
    examples = f", {len(outcomes)} examples passed" if outcomes else ""
    click.echo(f"{len(files.campaigns.campaigns)} campaigns, all right{examples} (version {files.campaigns.version})")


def _report(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        if not outcome.passed:
            click.echo(f"{outcome.example.place}: {outcome.message}", err=True)


@click.group()
def campaign() -> None:
    """Help with campaign files."""


campaign.add_command(init)


def _summary(campaign: Campaign) -> str:
    counted = {
        "keywords": campaign.keywords,
        "all_of": campaign.all_of,
        "none_of": campaign.none_of,
        "except": campaign.except_,
        "accounts": campaign.accounts,
        "platforms": campaign.platforms,
    }
    parts = [f"{len(values)} {name}" for name, values in counted.items() if values]
    parts += ["a query"] if campaign.query else []
    parts += [f"without {pack}" for pack in campaign.exclude_packs]
    return ", ".join(parts)
