"""``listener check``: whether the campaign files are right; ``listener campaign``: what helps to write them."""

from pathlib import Path

import click

from listener.campaigns.files import load_campaigns
from listener.campaigns.init import init
from models.campaign import Campaign

_DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("directory", type=_DIRECTORY, required=False)
@click.option("--campaigns", type=_DIRECTORY, help="Directory of campaign files (the same as the argument).")
def check(directory: Path | None, campaigns: Path | None) -> None:
    """Validate the campaign files of a directory and say what they hold."""
    if (directory is None) == (campaigns is None):
        raise click.UsageError("give one directory of campaign files")
    found = load_campaigns(directory or campaigns or Path())
    for campaign in found.campaigns:
        click.echo(f"{campaign.id}: {_summary(campaign)}")
    click.echo(f"{len(found.campaigns)} campaigns, all right (version {found.version})")


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
    return ", ".join(f"{len(values)} {name}" for name, values in counted.items() if values)
