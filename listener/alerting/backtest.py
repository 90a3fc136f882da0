"""``listener backtest``: what a rule would have said of the past, by the very code that watches now."""

import asyncio
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import click
import msgspec
from aiokafka import TopicPartition
from msgspec.structs import replace

from listener.alerting.message import annotations
from listener.alerting.watching import LEARN_S
from listener.campaigns.dates import end_ms, start_ms
from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from models.campaign import Campaign
from models.incident import Incident
from models.series import ClosedMinute, unpack_minute
from models.topics import Namespace
from processors.incidents import RULE, CampaignWatch
from processors.incidents.explain import explain

_WEEK_MS = 7 * 86_400_000


class Said(msgspec.Struct, frozen=True):
    """One incident: what it would have said when it opened, and how it ended. ``delay_s``: opened after its start."""

    incident: Incident
    delay_s: float
    told: dict[str, str]
    notified: bool


class Report(msgspec.Struct, frozen=True):
    """The whole back-test. ``per_week``: incidents that somebody would have been told of."""

    campaign: str
    rule: str
    false_per_week: float
    minutes: int
    weeks: float
    per_week: float
    median_delay_s: float | None
    incidents: tuple[Said, ...]


@dataclass
class Span:
    """Epoch milliseconds; None: as far as there is something."""

    first_ms: int | None
    end_ms: int | None


def backtest_minutes(campaign: Campaign, minutes: Iterable[ClosedMinute], span: Span) -> Report:
    """Replay minutes in order; those before the span only teach."""
    watch = CampaignWatch(campaign)
    said: dict[str, Said] = {}
    counted, first, last = 0, None, None
    for minute in minutes:
        if span.end_ms is not None and minute.minute * 1000 >= span.end_ms:
            break
        within = span.first_ms is None or minute.minute * 1000 >= span.first_ms
        if within:
            counted += 1
            first = minute.minute if first is None else first
            last = minute.minute
        for change in watch.take(minute):
            incident = change.incident
            if incident.id in said:
                # What was said first stays; how it went on is told by the incident.
                said[incident.id] = replace(said[incident.id], incident=incident)
            elif change.what == "opened" and within:
                explained = replace(incident, explanation=explain(campaign, incident, watch.counts, None))
                delay = (incident.opened_at - incident.started_at).total_seconds()
                said[incident.id] = Said(incident, delay, annotations(explained, campaign, {}), not incident.quiet)
    weeks = 0.0 if first is None or last is None else (last + 60 - first) * 1000 / _WEEK_MS
    told = [one for one in said.values() if one.notified]
    return Report(
        campaign.id,
        RULE,
        campaign.alerts.false_per_week,
        counted,
        round(weeks, 3),
        round(len(told) / weeks, 3) if weeks else 0.0,
        statistics.median(one.delay_s for one in told) if told else None,
        tuple(said.values()),
    )


@click.command(help="Replay closed minutes through the alerting: what it would have said, how often, how late.")
@kafka_options(required=False)
@namespace_options
@click.option("--campaign", "name", required=True, help="Id of the campaign.")
@click.option("--from", "first", help="First day or RFC 3339 time that counts; minutes before it only teach.")
@click.option("--to", "end", help="Last day, or the time at which it ends.")
@click.option(
    "--sensitivity",
    type=click.FloatRange(min=0, min_open=True),
    help="False alerts a week to allow, instead of the campaign file's.",
)
@click.option(
    "--campaigns",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of campaign files, for settings, planned times and time zone [default: the usual settings].",
)
@click.option(
    "--input",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="NDJSON of closed minutes, instead of Kafka's listener.series.v1.",
)
@click.option("--campaign-json", "given", type=click.File("rb"), hidden=True, help="The campaign, from the board.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def backtest(
    kafka: KafkaSettings | None,
    namespace: Namespace,
    name: str,
    first: str | None,
    end: str | None,
    sensitivity: float | None,
    directory: Path | None,
    file: Path | None,
    given: BinaryIO | None,
    *,
    as_json: bool,
) -> None:
    """Read, replay, report."""
    campaign = _campaign(name, directory) if given is None else msgspec.json.decode(given.read(), type=Campaign)
    if sensitivity is not None:
        campaign = replace(campaign, alerts=replace(campaign.alerts, false_per_week=sensitivity))
    span = _span(first, end, ZoneInfo(campaign.timezone))
    # Before what is remembered longest nothing teaches.
    since_ms = None if span.first_ms is None else span.first_ms - int(LEARN_S * 1000)
    found = _read_file(file) if file is not None else _read(kafka, namespace, name, since_ms)
    minutes = sorted((one for one in found if one.campaign == name), key=lambda one: one.minute)
    if not minutes:
        raise UsageProblem(f"no closed minute of {name!r} in {file or namespace.series}: check --campaign and --input")
    with click.progressbar(minutes, label="replaying", file=click.get_text_stream("stderr")) as replayed:
        report = backtest_minutes(campaign, replayed, span)
    click.echo(msgspec.json.encode(report).decode() if as_json else "\n".join(_lines(report, campaign)))


def _read(kafka: KafkaSettings | None, namespace: Namespace, name: str, since_ms: int | None) -> list[ClosedMinute]:
    if kafka is None:
        raise UsageProblem("read from where? Give --bootstrap-servers, or --input FILE with closed minutes.")
    return asyncio.run(_read_topic(kafka, namespace, name, since_ms))


def _campaign(name: str, directory: Path | None) -> Campaign:
    if directory is None:
        return Campaign(id=name)
    found = [one for one in load_campaigns(directory).campaigns if one.id == name]
    if not found:
        raise UsageProblem(f"--campaign: {name!r} is in no file of {directory}")
    return found[0]


def _span(first: str | None, end: str | None, zone: ZoneInfo) -> Span:
    bounds: list[int | None] = []
    for option, text, parse in (("--from", first, start_ms), ("--to", end, end_ms)):
        try:
            bounds.append(None if text is None else parse(text, zone))
        except ValueError as error:
            raise UsageProblem(f"{option}: {error}") from error
    return Span(*bounds)


def _read_file(file: Path) -> Iterator[ClosedMinute]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _minute(line, f"{file}:{number}")
    except OSError as error:
        raise UsageProblem(f"--input: {file} cannot be read: {error.strerror}") from error


def _minute(line: bytes, where: str) -> ClosedMinute:
    try:
        return unpack_minute(line)
    except msgspec.DecodeError as error:
        raise UsageProblem(f"{where}: no closed minute: {error}") from error


async def _read_topic(
    kafka: KafkaSettings, namespace: Namespace, name: str, since_ms: int | None
) -> list[ClosedMinute]:
    # aiokafka takes a moment to import.
    from listener.board.history import series_since  # noqa: PLC0415
    from listener.changelog import ChangelogReader  # noqa: PLC0415

    found: list[ClosedMinute] = []
    prefix = f"{name}|".encode()
    tp = TopicPartition(namespace.series, 0)
    start: Mapping[TopicPartition, int | None] = {tp: None}
    if since_ms is not None:
        start = await series_since(kafka, namespace, since_ms)
    async with ChangelogReader(kafka, start) as reader:
        while not reader.caught_up:
            batch = await reader.next()
            found += [
                unpack_minute(value)
                for _, key, value in (batch[1] if batch else ())
                if value and key.startswith(prefix)
            ]
    # A former leader may have written a minute again: the first word holds, as for the watch.
    return list({one.minute: one for one in reversed(found)}.values())


def _lines(report: Report, campaign: Campaign) -> Iterator[str]:
    zone = ZoneInfo(campaign.timezone)
    quiet = sum(not one.notified for one in report.incidents)
    yield (
        f"{report.campaign}: {len(report.incidents) - quiet} alerts in {report.weeks:.1f} weeks, "
        f"{report.per_week:.2f} a week; {quiet} quiet (planned). Rule {report.rule}, at most "
        f"{report.false_per_week:g} false ones a week allowed."
    )
    if report.median_delay_s is not None:
        yield f"Opened {report.median_delay_s / 60:.0f} minutes after the rise began (median)."
    for one in report.incidents:
        incident = one.incident
        over = "still open" if incident.resolved_at is None else f"until {_at(incident.resolved_at, zone)}"
        yield ""
        yield (
            f"{_at(incident.opened_at, zone)}  {incident.severity}  {over}  "
            f"({one.delay_s / 60:.0f} min after the rise began){'' if one.notified else f'  quiet: {incident.quiet}'}"
        )
        yield f"  {one.told['summary']}"
        yield from (f"  {line}" for line in one.told["description"].splitlines())


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
