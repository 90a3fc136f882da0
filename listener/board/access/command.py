"""``listener token``."""

import click

from listener.board.access.files import new_token
from listener.board.access.identity import ALL_TEAMS, SCOPES


@click.group()
def token() -> None:
    """Tokens for programs that use the API."""


@token.command()
@click.argument("name")
@click.option(
    "--teams", default=ALL_TEAMS, show_default=True, help="Teams whose campaigns it shows, with commas; * is all."
)
@click.option("--scopes", default="read", show_default=True, help=f"Some of {', '.join(SCOPES)}, with commas.")
def new(name: str, teams: str, scopes: str) -> None:
    """Make a token: it is printed once, on standard error the line for --tokens-file, which holds only its hash."""
    secret, kept = new_token(name, scopes.split(","), filter(None, (team.strip() for team in teams.split(","))))
    click.echo(secret)
    click.echo(f"# for the file of --tokens-file:\n{kept.line}", err=True)
