"""The live view of a demo: what the board says, once a second, until Ctrl-C."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from listener.demo.board import TREND_MINUTES, BoardProgress, CampaignNow
from listener.demo.kpis import KpisNow, kpi_line, kpi_rows, kpi_table
from listener.demo.run import DemoRun
from models.outcome import OUTCOMES

#: Seconds between two looks; and between two lines where there is no terminal to draw on.
LOOK_S: Final = 1.0
LINE_S: Final = 10.0
#: The KPIs are asked for at every so many looks: they take longer than counts.
KPI_LOOKS: Final = 5
#: Column → counter, as a minute and an hour have it.
SHOWN: Final = {
    "mentions": "mentions",
    "likes": "likes",
    "shares": "shares",
    "comments": "comments",
    "press": "press_mentions",
}
#: From this width on there is room for totals and the trend.
WIDE: Final = 110
#: Lines of the view that are no campaigns.
_FRAME_LINES: Final = 12
_BARS: Final = "▁▂▃▄▅▆▇█"
_RATE_LOOKS: Final = 6
#: How far the counting is the view says itself.
COUNTING: Final = "counting:"
#: After a Persian name: without it a terminal that knows about directions would draw what follows on its left.
_LEFT_TO_RIGHT_MARK: Final = "\u200e"


@dataclass
class Watched:
    """What the view knows of a run. ``note`` is a callback for what happens meanwhile (a process that died)."""

    title: str
    url: str
    clock: Callable[[], float] = time.monotonic
    campaigns: Sequence[CampaignNow] = ()
    #: The KPIs now, and as they were at the look before.
    kpis: KpisNow | None = None
    kpis_before: KpisNow | None = None
    progress: BoardProgress | None = None
    sent: int = 0
    last_note: str = ""
    _reads: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RATE_LOOKS))
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def look(self, progress: BoardProgress | None, campaigns: Sequence[CampaignNow], sent: int) -> None:
        """Take over what there is now; a board that did not answer leaves what is known."""
        self.progress = progress or self.progress
        self.campaigns = campaigns or self.campaigns
        self.sent = sent
        self._reads.append((self.clock(), self.read))

    def look_at_kpis(self, kpis: KpisNow | None) -> None:
        """Take over the KPIs as they are now; a board that did not answer leaves what is known."""
        if kpis is not None:
            self.kpis_before, self.kpis = self.kpis, kpis

    def note(self, text: str) -> None:
        """Something happened."""
        if not text.startswith(COUNTING):
            self.last_note = text

    @property
    def read(self) -> int:
        """Records counted."""
        return self.progress.read if self.progress else 0

    @property
    def lag(self) -> int:
        """Records sent that are not counted yet."""
        return max(0, self.sent - self.read)

    @property
    def rate(self) -> float:
        """Records counted a second, over the last few looks."""
        if len(self._reads) < 2:  # noqa: PLR2004 - a rate needs two
            return 0.0
        (before, first), (after, last) = self._reads[0], self._reads[-1]
        return (last - first) / (after - before) if after > before else 0.0

    @property
    def record_time(self) -> datetime | None:
        """How far the counting is on the clock of the records."""
        return self.progress.record_time if self.progress else None

    @property
    def running(self) -> timedelta:
        """How long this has been watched."""
        return timedelta(seconds=int(self.clock() - self._began))


async def watch(run: DemoRun, watched: Watched, console: Console) -> None:
    """Show the counts of a running demo until cancelled: a table on a terminal, a line now and then elsewhere."""
    if not console.is_terminal:
        await _lines(run, watched, console)
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        for looks in count():
            room = max(3, console.height - _FRAME_LINES)
            await _look(run, watched, room)
            if looks % KPI_LOOKS == 0:
                watched.look_at_kpis(await run.kpis([one.id for one in watched.campaigns]))
            live.update(view(watched, console.width, console.height))
            await asyncio.sleep(LOOK_S)


async def _look(run: DemoRun, watched: Watched, most: int) -> None:
    campaigns = await run.now(most)
    watched.look(run.counted, campaigns, run.sent.records)


async def _lines(run: DemoRun, watched: Watched, console: Console) -> None:
    while True:
        await asyncio.sleep(LINE_S)
        await _look(run, watched, most=20)
        watched.look_at_kpis(await run.kpis([one.id for one in watched.campaigns]))
        console.print(line(watched), markup=False, highlight=False, soft_wrap=True)
        if watched.kpis is not None and watched.kpis.values:
            console.print(kpi_line(watched.kpis), markup=False, highlight=False, soft_wrap=True)


def line(watched: Watched) -> str:
    """The state on one line, the busiest campaigns in it."""
    busiest = sorted(watched.campaigns, key=lambda one: -one.totals.get("mentions", 0))[:3]
    counts = ", ".join(f"{one.id} {one.totals.get('mentions', 0):,}" for one in busiest)
    return (
        f"listener: {watched.sent:,} sent, {watched.read:,} counted, lag {watched.lag:,}, "
        f"{watched.rate:.1f} records/s; mentions: {counts}"
    )


def view(watched: Watched, width: int, height: int = 1_000) -> Group:
    """All of it, for a terminal of so many columns and lines; where the KPIs have no room the page is named."""
    parts: list[RenderableType] = [
        Text.assemble((watched.title, "bold"), (f"   up {watched.running}", "dim"), overflow="ellipsis", no_wrap=True),
        Text(""),
        _table(watched.campaigns, wide=width >= WIDE),
        Text(""),
        *_kpis(watched, width, height),
        _outcomes(watched),
        _pipeline(watched),
        Text.assemble(("page ", "dim"), f"{watched.url}/", ("   metrics ", "dim"), f"{watched.url}/metrics"),
        Text("Ctrl-C ends it and removes everything", style="dim"),
    ]
    if watched.last_note:
        parts.insert(-1, Text(watched.last_note, style="yellow"))
    return Group(*parts)


def _kpis(watched: Watched, width: int, height: int) -> list[RenderableType]:
    now = watched.kpis
    if now is None or not now.values:
        return []
    if height < _FRAME_LINES + len(watched.campaigns) + kpi_rows(width):
        page = f"{watched.url}/campaigns/{now.campaign}#kpis"
        return [Text.assemble((f"{len(now.values)} KPIs of {now.campaign} ", "dim"), page)]
    return [kpi_table(now, watched.kpis_before, width), Text("")]


def _table(campaigns: Sequence[CampaignNow], *, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 1), collapse_padding=True, pad_edge=False, header_style="bold")
    table.add_column("campaign\n", no_wrap=True, max_width=16)
    for column in SHOWN:
        table.add_column(Text.assemble(column, ("\nmin / hour", "dim")), justify="right", no_wrap=True)
    if wide:
        table.add_column(Text.assemble("mentions", ("\nin all", "dim")), justify="right", no_wrap=True)
        table.add_column(Text.assemble("mentions", (f"\nlast {TREND_MINUTES} min", "dim")), no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in campaigns:
        table.add_row(*_row(one, wide=wide))
    return table


def _row(one: CampaignNow, *, wide: bool) -> list[Text | str]:
    cells: list[Text | str] = [one.id]
    cells += [_pair(one.minute, one.hour, counter) for counter in SHOWN.values()]
    if wide:
        cells += [f"{one.totals.get('mentions', 0):,}", Text(sparkline(one.trend), style="cyan")]
    return [*cells, f"{one.name}{_LEFT_TO_RIGHT_MARK}"]


def _pair(minute: Mapping[str, int], hour: Mapping[str, int], counter: str) -> Text:
    now, before = minute.get(counter, 0), hour.get(counter, 0)
    return Text.assemble((short(now), "bold" if now else "dim"), (f" {short(before):>5}", "" if before else "dim"))


def _outcomes(watched: Watched) -> Text:
    outcomes = watched.progress.outcomes() if watched.progress else {}
    return Text("  ").join(Text.assemble((f"{name} ", "dim"), f"{outcomes.get(name, 0):,}") for name in OUTCOMES)


def _pipeline(watched: Watched) -> Text:
    moment = watched.record_time
    return Text.assemble(
        ("sent ", "dim"),
        f"{watched.sent:,}",
        ("  counted ", "dim"),
        f"{watched.read:,}",
        ("  lag ", "dim"),
        (f"{watched.lag:,}", "yellow" if watched.lag > watched.sent // 10 else ""),
        ("  records/s ", "dim"),
        f"{watched.rate:,.1f}",
        ("  record time ", "dim"),
        f"{moment:%H:%M:%S} UTC" if moment else "-",
    )


def sparkline(values: Sequence[int]) -> str:
    """A bar for each value, the highest as the full one; a blank for nothing."""
    top = max(values, default=0)
    return "".join(_BARS[(value * len(_BARS) - 1) // top] if value else " " for value in values)


def short(number: int) -> str:
    """At most five characters: 9,999, then 10.0k, 999k, 1.2M."""
    for limit, divisor, unit in ((10_000, 1, ""), (1_000_000, 1_000, "k"), (10**15, 1_000_000, "M")):
        if number < limit:
            value = number / divisor
            return f"{number:,}" if not unit else f"{value:.1f}{unit}" if value < 100 else f"{value:.0f}{unit}"  # noqa: PLR2004
    return f"{number:.0e}"
