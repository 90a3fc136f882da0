"""The gate as the first part of a board."""

from aiohttp import web

from listener.board.access.guard import Guard
from listener.board.access.settings import AccessSettings
from listener.board.board import Board
from listener.board.parts import BoardPart


class AccessPart(BoardPart):
    """Puts the gate before everything that is served."""

    def __init__(self, board: Board, settings: AccessSettings) -> None:
        self._guard = Guard(settings, lambda: board.known)

    def install(self, app: web.Application) -> None:
        """Put the gate before the routes."""
        self._guard.install(app)
