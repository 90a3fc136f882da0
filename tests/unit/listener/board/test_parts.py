import asyncio
import json
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.core import Metric

from listener.board.api import board_app
from listener.board.board import Board
from listener.board.parts import BoardPart, authors_and_stories_of, no_authors_or_stories
from listener.http import json_response
from listener.metrics import family

MakeBoard = Callable[..., Board]


class Loud(BoardPart):
    """Adds a route, a metric and something that is missing."""

    lacks: Mapping[str, object] = {"mentions": 3}
    prepared = 0

    def install(self, app: web.Application) -> None:
        async def hello(_request: web.Request) -> web.Response:
            return json_response({"hello": "سلام"})

        app.router.add_get("/api/hello", hello)

    def missing(self) -> Mapping[str, object]:
        return self.lacks

    def prepare(self) -> None:
        self.prepared += 1

    def collect(self) -> Iterable[Metric]:
        yield family("listener_board_cells", [(("loud",), self.prepared)])


def ask(board: Board, part: BoardPart, *paths: str) -> list[tuple[int, str]]:
    async def scenario() -> list[tuple[int, str]]:
        answers = []
        async with TestClient(TestServer(board_app(board, [part]))) as client:
            for path in paths:
                async with client.get(path) as answer:
                    answers.append((answer.status, (await answer.read()).decode()))
        return answers

    return asyncio.run(scenario())


def test_a_part_adds_routes_metrics_and_what_is_missing(board: MakeBoard) -> None:
    hello, ready, page = ask(board(), Loud(), "/api/hello", "/readyz", "/metrics")
    assert json.loads(hello[1]) == {"hello": "سلام"}
    assert ready[0] == 503
    assert json.loads(ready[1]) == {"ok": False, "opened": True, "unread": {}, "mentions": 3}
    assert 'listener_board_cells{table="loud"} 1.0' in page[1]


def test_a_part_that_lacks_nothing_is_ready(board: MakeBoard) -> None:
    assert [status for status, _ in ask(board(), BoardPart(), "/readyz", "/metrics")] == [200, 200]


def test_the_part_that_keeps_mentions_knows_authors_and_stories() -> None:
    store = BoardPart()
    store.authors_and_stories = lambda _campaign, minute: (minute, 2)
    assert authors_and_stories_of([BoardPart(), store])("mellat", 60) == (60, 2)
    assert authors_and_stories_of([BoardPart()]) is no_authors_or_stories
    assert no_authors_or_stories("mellat", 60) == (0, 0)
