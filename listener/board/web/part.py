"""The page as a part of the board."""

from collections.abc import Callable

from aiohttp import web

from listener.board.board import Board
from listener.board.mentions import MentionRoutes
from listener.board.openapi import description
from listener.board.parts import BoardPart
from listener.board.store import MentionStore
from listener.board.web.figures import Closed, Figures
from listener.board.web.live import Live
from listener.board.web.views import Pages
from listener.http import json_response
from listener.kpis.http import KpiSource


class PagePart(BoardPart):
    """Pages and their news, over what the board and the mention store know."""

    def __init__(
        self,
        board: Board,
        store: MentionStore,
        routes: MentionRoutes,
        closed: Closed,
        complete: Callable[[], bool],
        kpis: KpiSource,
    ) -> None:
        self.live = Live(board, closed, complete)
        self.pages = Pages(board, store, routes, Figures(closed), complete, kpis)

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        self.live.install(app)
        self.pages.install(app)
        app.router.add_get("/api/openapi.json", _describe)


async def _describe(_request: web.Request) -> web.Response:
    return json_response(description())
