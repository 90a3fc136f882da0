"""What the page knows about campaigns and pipeline, as one look at the board."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from listener import __version__
from listener.board.access import sees
from listener.board.board import Board
from listener.board.web.figures import Figures, Summary
from models.campaign import Campaign
from models.cells import METRIC_INDEX
from models.outcome import OUTCOMES

_MENTIONS = METRIC_INDEX["mentions"]
_PRESS = METRIC_INDEX["press_mentions"]


@dataclass(frozen=True)
class Row:
    """A campaign in the overview; ``total``: its mentions since it began, ``press``: its press mentions."""

    campaign: Campaign
    configured: bool
    total: int
    press: int
    figures: Summary | None


@dataclass(frozen=True)
class Pipeline:
    """The state of the counting: outcome → records, records the board has not read, whether Kafka answers."""

    outcomes: dict[str, int]
    unread: int
    silent: bool
    campaign_set: str
    version: str = __version__

    @property
    def read(self) -> int:
        """All records."""
        return sum(self.outcomes.values())


def all_ids(board: Board) -> list[str]:
    """Every campaign that is configured or has counts."""
    return sorted({campaign.id for campaign in board.campaigns.campaigns} | board.state.campaigns())


async def rows(board: Board, figures: Figures, request: web.Request) -> list[Row]:
    """The overview, most mentions in the last hour first."""
    configured = {campaign.id for campaign in board.campaigns.campaigns}
    found: list[Row] = []
    for name in all_ids(board):
        if not sees(request, name):
            continue
        known = board.known.get(name) or Campaign(id=name)
        found.append(row_of(board, known, configured=name in configured, figures=figures.summary(name)))
        # The first look at a campaign unpacks two days of minutes: others must not wait for all of them.
        await asyncio.sleep(0)
    return sorted(found, key=lambda row: (row.figures is None, -(row.figures.hour.now if row.figures else 0)))


def row_of(board: Board, campaign: Campaign, *, configured: bool, figures: Summary | None) -> Row:
    """A campaign's row: posts and articles are counted apart, here as everywhere."""
    counters = board.state.lifetime(campaign.id)
    return Row(campaign, configured, counters[_MENTIONS], counters[_PRESS], figures)


def pipeline(board: Board) -> Pipeline:
    """The state of the counting now."""
    outcomes = dict.fromkeys(OUTCOMES, 0)
    for progress in board.state.progress.values():
        for name, amount in zip(OUTCOMES, progress.outcomes, strict=True):
            outcomes[name] += amount
    silent = board.reading is not None and board.reading.silent
    return Pipeline(outcomes, sum(board.unread.values()), silent, board.campaigns.version)
