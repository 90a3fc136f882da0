"""The ``listener`` command. Each subcommand lives beside what it runs and is imported only when called."""

import importlib
import sys

import click

from listener import __version__
from listener.errors import UsageProblem

#: subcommand → "module:attribute" of its click command; the order is the order of the help page.
COMMANDS = {
    "demo": "listener.demo.command:demo",
    "check": "listener.campaigns.commands:check",
    "campaign": "listener.campaigns.commands:campaign",
    "match": "listener.filters:match",
    "explain": "listener.explain:explain",
    "compare": "listener.compare:compare",
    "normalize": "listener.filters:normalize",
    "sentiment": "listener.sentiment.command:sentiment",
    "relevance": "listener.relevance.command:relevance",
    "train": "listener.sentiment.command:train",
    "spikes": "listener.spikes:spikes",
    "backtest": "listener.alerting.backtest:backtest",
    "recount": "listener.recount.command:recount",
    "audit": "listener.recount.audit:audit",
    "kpis": "listener.kpis.command:kpis",
    "import": "listener.importing.command:import_command",
    "report": "listener.report.command:report",
    "digest": "listener.report.digest:digest",
    "source": "listener.sources.command:source",
    "worker": "listener.worker.command:worker",
    "board": "listener.board.command:board",
    "token": "listener.board.access.command:token",
    "forget": "listener.forget:forget",
    "rebase": "listener.worker.rebase:rebase_command",
    "repartition": "listener.worker.repartition:repartition_command",
    "backfill": "listener.worker.backfill:backfill_command",
    "dlq": "listener.dlq.command:dlq",
    "kafka": "listener.kafka.commands:kafka",
    "topics": "listener.kafka.commands:topics",
    "sample": "listener.sample.command:sample",
    "schema": "listener.schema:schema",
    "reference": "listener.reference:reference",
}


class LazyGroup(click.Group):
    """Imports a subcommand when it is asked for: ``listener match`` starts without loading Faust."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands, in the order of ``COMMANDS``."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now; None when there is no such command."""
        del ctx
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        module, _, attribute = where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="social-listener")
def cli() -> None:
    """Exact, live counts of what is said about brands: social posts and press, from Kafka to numbers."""


def main() -> None:
    """Run the command line; a problem the user can mend ends with its message and exit code 2, not a traceback."""
    try:
        cli(prog_name="listener")
    except UsageProblem as problem:
        click.echo(f"listener: {problem}", err=True)
        sys.exit(2)
