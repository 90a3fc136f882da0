"""``listener kpis``: all KPIs of all campaigns from files, without Kafka; the recording rules; the reference."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.inputs.options import ManyInputs
from listener.kpis.evaluation import evaluated
from listener.kpis.reading import Analyse, batch_of, count_files, err
from listener.kpis.spans import period_option, read_now
from listener.kpis.table import table
from models.campaign import CampaignSet
from processors.kpis.evaluate import group_of
from processors.kpis.periods import NAMES


@click.command(cls=ManyInputs)
@click.option(
    "--campaigns",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of campaign files.",
)
@click.option(
    "--input",
    "inputs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help='NDJSON files, each line {"topic": …, "record": …}.',
)
@click.option(
    "--period",
    default="campaign",
    show_default=True,
    type=click.Choice(list(NAMES)),
    help="1m, 1h and 24h end now; day, week (from Saturday) and month (Jalali) are those that hold now.",
)
@click.option("--from", "since", help="Start of the period instead: a date (either calendar) or RFC 3339 time.")
@click.option("--to", "until", help="End of the period: a date counts to its end. Default: now.")
@click.option("--now", help="The moment to evaluate at, RFC 3339. Default: the largest record time.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--all", "beside", is_flag=True, help="Also what stands beside the 24: mentions, sentiment, virality, …")
@click.option(
    "--understanding",
    default="off",
    show_default=True,
    type=click.Choice(["on", "off"]),
    help="on: judge the sentiment of mentions with the models that a worker has; takes seconds to load.",
)
@click.option("--rules", is_flag=True, help="Print the Prometheus recording rules instead; needs no input.")
def kpis(
    campaigns: Path | None,
    inputs: tuple[Path, ...],
    period: str,
    since: str | None,
    until: str | None,
    now: str | None,
    understanding: str,
    *,
    as_json: bool,
    beside: bool,
    rules: bool,
) -> None:
    """Work out the 24 KPIs of every campaign from files of records, with the folds of the stream processor."""
    if rules:
        from listener.kpis.rules import rules_file  # noqa: PLC0415 - only here

        click.echo(rules_file(), nl=False)
        return
    if campaigns is None or not inputs:
        raise UsageProblem("give the campaigns and the records: --campaigns DIR --input FILE.ndjson…")
    wanted = period_option(NAMES[period], since, until)
    loaded = load_campaigns(campaigns)
    batch = batch_of(loaded, _analyse(loaded) if understanding == "on" else None)
    count_files(batch, inputs, err)
    moment = read_now(now) if now else batch.now
    if moment is None:
        moment = int(datetime.now(UTC).timestamp() * 1000)
    results: dict[str, dict[str, Any]] = {
        campaign.id: evaluated(
            batch.figures,
            campaign,
            wanted,
            moment,
            explicit_now=now is not None,
            beside=beside,
            group=group_of(campaign, loaded.campaigns),
        )
        for campaign in loaded.campaigns
    }
    err(", ".join(f"{name} {count:,}" for name, count in sorted(batch.outcomes.items())) or "no records")
    click.echo(json.dumps(results, ensure_ascii=False) if as_json else table(loaded, results))


def _analyse(campaigns: CampaignSet) -> Analyse:
    from listener.enrich import load_enricher  # noqa: PLC0415 - hazm and the models take seconds

    return load_enricher(campaigns).analyse
