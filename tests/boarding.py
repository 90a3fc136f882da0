"""Boards with mentions, served without Kafka."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiokafka import TopicPartition

from listener.board.access import LOCAL, AccessSettings
from listener.board.access.part import AccessPart
from listener.board.api import board_app
from listener.board.board import Board
from listener.board.mentions import MentionRoutes
from listener.board.parts import BoardPart
from listener.board.store import MentionStore
from models.campaign import Campaign, CampaignSet
from models.feedback import Feedback
from models.topics import Namespace
from tests.mentioning import NOON, TOPIC, Change, Log

NAMESPACE = Namespace(app="boards", prefix="boards.")
CAMPAIGNS = CampaignSet(
    (
        Campaign(id="berimo", name="بریمو", team="آنلاین", keywords=("بریمو",)),
        Campaign(id="toofan", name="طوفان", team="ورزش", keywords=("طوفان",)),
        Campaign(id="loose", name="بی‌تیم", keywords=("بی",)),
    )
)


@dataclass
class Reading:
    """Stands in for the reader of the changelogs."""

    positions: dict[TopicPartition, int] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    caught_up: bool = True
    silent: bool = False

    async def present_ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The ends as they are set."""
        return {tp: self.ends[tp] for tp in partitions}


def board_of(campaigns: CampaignSet = CAMPAIGNS) -> Board:
    """A board that has caught up."""
    board = Board(NAMESPACE, reading=Reading())
    sets = TopicPartition(NAMESPACE.campaigns, 0)
    board.take(sets, [(0, campaigns.version.encode(), campaigns.to_json())])
    return board


class Mentions(BoardPart):
    """The routes over a store that no Kafka fills; ``said`` collects the feedback."""

    def __init__(self, board: Board, store: MentionStore) -> None:
        self.said: list[Feedback] = []
        self.complete = True
        self.store = store

        async def say(feedback: Feedback) -> None:
            self.said.append(feedback)

        self.routes = MentionRoutes(board, store, say, lambda: self.complete, now=lambda: NOON)

    def install(self, app: web.Application) -> None:
        self.routes.install(app)


@dataclass
class Site:
    """A board that is served."""

    board: Board
    store: MentionStore
    mentions: Mentions
    client: TestClient[Any, Any]

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """(status, JSON or text) of a GET."""
        return await self.send("GET", path, **options)

    async def send(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """(status, JSON or text) of a request."""
        async with self.client.request(method, path, **options) as answer:
            body = await (answer.json() if answer.content_type == "application/json" else answer.text())
            return answer.status, body


@asynccontextmanager
async def site(
    directory: Path,
    changes: Sequence[Change] = (),
    access: AccessSettings = LOCAL,
    board: Board | None = None,
    parts: Sequence[BoardPart] = (),
) -> AsyncIterator[Site]:
    """Serve a board with these mentions in its store."""
    board = board or board_of()
    with MentionStore(directory) as store:
        log = Log()
        await store.mentions(TOPIC, 0, log.append(list(changes)), log.end)
        mentions = Mentions(board, store)
        app = board_app(board, [AccessPart(board, access), mentions, *parts])
        async with TestClient(TestServer(app)) as client:
            yield Site(board, store, mentions, client)


def ask(directory: Path, path: str, changes: Sequence[Change] = (), **options: Any) -> tuple[int, Any]:
    """One GET to a board with these mentions."""

    async def scenario() -> tuple[int, Any]:
        async with site(directory, changes) as served:
            return await served.get(path, **options)

    return asyncio.run(scenario())
