"""The KPIs as a part of the board: what it evaluates, and how often."""

from typing import Any

from listener.board.board import Board
from listener.kpis.part import KpiPart
from models.campaign import CampaignSet
from models.cells import LIFETIME, lifetime_key, pack_cell
from models.streams import WEB
from models.topics import Namespace
from tests.business import campaign

NOW_MS = 1_774_180_800_000


class Read:
    caught_up = True
    silent = False
    positions: dict[Any, int] = {}  # noqa: RUF012
    ends: dict[Any, int] = {}  # noqa: RUF012


def part(ticks: list[float]) -> KpiPart:
    board = Board(Namespace())
    board.campaigns = CampaignSet((campaign(),))
    board.reading = Read()
    cell = pack_cell(1, [4, 1, 0, 0, 0, 0])
    key = lifetime_key("c|marketing.web.v1|0|channel:direct")
    board.state.apply(WEB.table(LIFETIME), [(key, cell)])
    return KpiPart(board, clock=lambda: NOW_MS, ticks=lambda: ticks[0])


def bounces(one: KpiPart) -> list[float]:
    return [
        sample.value
        for family in one.collect()
        for sample in family.samples
        if family.name == "listener_kpi_numerator"
        and sample.labels["kpi"] == "bounce_rate"
        and sample.labels["window"] == "campaign"
    ]


def test_what_the_cells_say_is_exported_and_not_evaluated_at_every_scrape() -> None:
    ticks = [100.0]
    one = part(ticks)
    assert bounces(one) == []
    one.prepare()
    assert bounces(one) == [3]
    key = lifetime_key("c|marketing.web.v1|0|channel:direct")
    one._board.state.apply(WEB.table(LIFETIME), [(key, pack_cell(2, [9, 1, 0, 0, 0, 0]))])
    ticks[0] += 4
    one.prepare()
    assert bounces(one) == [3]
    ticks[0] += 2
    one.prepare()
    assert bounces(one) == [8]


def test_a_replay_is_evaluated_at_its_own_time() -> None:
    assert part([0.0]).now() == NOW_MS
