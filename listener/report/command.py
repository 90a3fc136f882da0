"""``listener report``: one campaign over a period, for people and for sheets."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.inputs.options import ManyInputs
from listener.kpis.spans import moment
from listener.report.data import Report, make_report
from listener.report.files import as_csv, as_json, as_xlsx
from listener.report.html import HtmlReport
from listener.report.pdf import print_pdf
from listener.report.source import BoardSource, FileSource, ReportSource
from listener.report.words import Words
from models.kpis.shape import Lang
from processors.kpis.periods import day_start, local_day, month_start, week_start

FORMATS: Final = ("html", "pdf", "json", "csv", "xlsx")
_LAST: Final = ("week", "month")


@click.command(cls=ManyInputs)
@click.option("--campaign", "name", required=True, help="The campaign's id.")
@click.option("--board", help="A board's address, such as http://127.0.0.1:8080.")
@click.option("--token", envvar="LISTENER_BOARD_TOKEN", help="For a board that asks who you are.")
@click.option("--campaigns", type=click.Path(path_type=Path, file_okay=False), help="Campaign files, with --input.")
@click.option(
    "--input",
    "inputs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Files instead of a board.",
)
@click.option("--from", "since", help="First day (either calendar) or moment.")
@click.option("--to", "until", help="Last day, inclusive, or moment.")
@click.option("--last", type=click.Choice(_LAST), default="month", show_default=True, help="Without --from: to date.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="html", show_default=True, help="Of the report.")
@click.option("--lang", type=click.Choice(["fa", "en"]), default="fa", show_default=True, help="Of the report.")
@click.option(
    "--calendar", type=click.Choice(["jalali", "gregorian"]), default="jalali", show_default=True, help="Of its dates."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of standard output.")
def report(
    name: str,
    board: str | None,
    token: str | None,
    campaigns: Path | None,
    inputs: tuple[Path, ...],
    since: str | None,
    until: str | None,
    last: str,
    form: str,
    lang: Lang,
    calendar: str,
    out: Path | None,
) -> None:
    """Report on a campaign: the 24 KPIs against target and the like period before, top posts, completeness."""
    source = open_source(name, board, token, campaigns, inputs)
    start, end = span_of(source, since, until, last)
    made = make_report(source, start, end)
    body = render(made, form, Words(lang, calendar, made.zone))
    if out is None:
        sys.stdout.buffer.write(body)
    else:
        try:
            out.write_bytes(body)
        except OSError as error:
            raise UsageProblem(f"--out: {out} cannot be written: {error.strerror or error}.") from error
        click.echo(f"wrote {out} ({len(body):,} bytes)", err=True)


def open_source(
    name: str, board: str | None, token: str | None, campaigns: Path | None, inputs: tuple[Path, ...]
) -> ReportSource:
    """A board, or files; UsageProblem unless it is one of both."""
    if board and not inputs:
        return BoardSource(board, name, token)
    if board or campaigns is None or not inputs:
        raise UsageProblem("give --board URL, or --campaigns DIR and --input FILE.ndjson… (not both).")
    return FileSource(load_campaigns(campaigns), name, inputs)


def span_of(source: ReportSource, since: str | None, until: str | None, last: str) -> tuple[int, int]:
    """(start, end) in epoch ms: as asked for, else the week or Jalali month that holds the newest record."""
    zone = source.campaign.timezone
    today = local_day(source.now, zone)
    if since is None:
        if until is not None:
            raise UsageProblem("--to needs --from: say where the period begins.")
        first = week_start(today) if last == "week" else month_start(today)
        return day_start(first, zone), day_start(today + timedelta(days=1), zone)
    start = moment(since, zone, "--from")
    end = moment(until, zone, "--to", last=True) if until else day_start(today + timedelta(days=1), zone)
    if end <= start:
        raise UsageProblem(f"--to {until or 'today'} is not after --from {since}.")
    return start, end


def render(made: Report, form: str, words: Words) -> bytes:
    """The report in a format."""
    if form == "json":
        return as_json(made).encode()
    if form == "csv":
        return as_csv(made, words).encode()
    if form == "xlsx":
        return as_xlsx(made, words)
    html = HtmlReport(made, words).render()
    return print_pdf(html) if form == "pdf" else html.encode()
