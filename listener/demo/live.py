"""The live view of a demo: what the board says, once a second, until Ctrl-C."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from listener.demo.board import BoardProgress, CampaignNow
from listener.demo.run import DemoRun
from listener.recount.report import SHOWN
from models.outcome import OUTCOMES

#: Seconds between two looks; and between two lines where there is no terminal to draw on.
LOOK_S: Final = 1.0
LINE_S: Final = 10.0


async def watch(run: DemoRun, console: Console) -> None:
    """Show the counts of a running demo until cancelled: a table on a terminal, a line now and then elsewhere."""
    if not console.is_terminal:
        await _lines(run, console)
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            live.update(_view(run, run.counted, await run.now()))
            await asyncio.sleep(LOOK_S)


async def _lines(run: DemoRun, console: Console) -> None:
    while True:
        await asyncio.sleep(LINE_S)
        busiest = sorted(await run.now(), key=lambda one: -one.totals.get("mentions", 0))[:3]
        counts = ", ".join(f"{one.id} {one.totals.get('mentions', 0):,}" for one in busiest)
        console.print(f"listener: {run.sent.records:,} sent, {run.read:,} counted; mentions: {counts}")


def _view(run: DemoRun, progress: BoardProgress | None, campaigns: Sequence[CampaignNow]) -> Group:
    outcomes = progress.outcomes() if progress else {}
    lag = max(0, run.sent.records - run.read)
    return Group(
        _table(campaigns),
        Text(f"read {run.read:,} of {run.sent.records:,} sent, lag {lag:,}"),
        Text("  ".join(f"{name} {outcomes.get(name, 0):,}" for name in OUTCOMES)),
        Text(f"API {run.board_url}/api/campaigns   metrics {run.board_url}/metrics   Ctrl-C ends", style="dim"),
    )


def _table(campaigns: Sequence[CampaignNow]) -> Table:
    table = Table("campaign", *SHOWN, *(f"{name}/h" for name in SHOWN))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for one in campaigns:
        totals = [f"{one.totals.get(name, 0):,}" for name in SHOWN]
        hour = [f"{one.hour.get(name, 0):,}" for name in SHOWN]
        table.add_row(one.id, *totals, *hour)
    return table
