"""What stands in a board beside the counts: each part reads its own topics, adds its own routes and metrics.

::

    board_parts(board, settings) ─► [part, …]      the one place where parts are listed
    part.install(app)                              routes and middlewares, before the server starts
    part.run()                                     its reading or writing, until the board stops
    part.missing()                                 what /readyz waits for
    part.prepare(), part.collect()                 its metrics: a snapshot on the event loop, then off it
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiohttp import web
from prometheus_client.core import Metric

from listener.board.board import Board
from listener.board.settings import BoardSettings

#: (campaign, minute in epoch seconds) → (distinct authors, distinct stories) of the mentions in it. Synchronous and
#: quick: it is asked when a minute closes, once for every campaign.
AuthorsAndStories = Callable[[str, int], tuple[int, int]]


def no_authors_or_stories(_campaign: str, _minute: int) -> tuple[int, int]:
    """Where no mentions are kept."""
    return 0, 0


class BoardPart:
    """A part that does nothing; a real one overrides what it needs.

    ``authors_and_stories``: a part that keeps mentions sets it, for the closed minutes.
    """

    authors_and_stories: AuthorsAndStories | None = None

    def install(self, app: web.Application) -> None:
        """Add routes (``app.router``) and middlewares (``app.middlewares``)."""

    async def run(self) -> None:
        """Do its work until it is cancelled; an error, or coming back, ends the board."""
        await asyncio.Event().wait()

    def missing(self) -> Mapping[str, object]:
        """What it still lacks to be of use, for /readyz; empty when it is ready."""
        return {}

    def prepare(self) -> None:
        """Take the snapshot for the next page of metrics; on the event loop."""

    def collect(self) -> Iterable[Metric]:
        """The families of that snapshot, made with ``listener.metrics.family``; in another thread."""
        return ()


def board_parts(board: Board, settings: BoardSettings) -> list[BoardPart]:
    """All parts of a board, in the order in which their routes and middlewares are added."""
    # Here, since parts import this module.
    from listener.board.access.part import AccessPart  # noqa: PLC0415
    from listener.board.mentions_part import MentionsPart  # noqa: PLC0415
    from listener.board.web.part import PagePart  # noqa: PLC0415
    from listener.kpis.part import KpiPart  # noqa: PLC0415

    mentions = MentionsPart(board, settings.kafka, settings.namespace, settings.state_dir)
    kpis = KpiPart(
        board,
        lambda campaign, span: mentions.store.press_stories(campaign, span.start, span.end),
        lambda campaign, span: mentions.store.post_authors(campaign, span.start, span.end),
        reach=lambda campaign, span: mentions.store.potential_reach(campaign, span.start, span.end),
    )
    page = PagePart(board, mentions.store, mentions.routes, board.closed, mentions.complete, kpis)
    return [AccessPart(board, settings.access), mentions, page, kpis]


def targets_part(
    board: Board, settings: BoardSettings, parts: Sequence[BoardPart], leading: Callable[[], bool]
) -> BoardPart:
    """What keeps the history of targets, which the KPIs of ``parts`` show."""
    from listener.board.mentions_part import MentionsPart  # noqa: PLC0415 - as above
    from listener.kpis.history import TargetsPart  # noqa: PLC0415
    from listener.kpis.part import KpiPart  # noqa: PLC0415

    mentions = next(part for part in parts if isinstance(part, MentionsPart))
    history = next(part.history for part in parts if isinstance(part, KpiPart))
    return TargetsPart(board, settings.kafka, history, mentions.feedback.say, leading)


def alerting_part(
    board: Board, settings: BoardSettings, parts: Sequence[BoardPart], leading: Callable[[], bool]
) -> BoardPart:
    """The alerting, which explains with the mentions of the part that keeps them, and shows itself on the page."""
    from listener.alerting.part import AlertingPart  # noqa: PLC0415 - as above
    from listener.alerting.replay import Backtests  # noqa: PLC0415
    from listener.alerting.sources import StoredMentions  # noqa: PLC0415
    from listener.board.mentions_part import MentionsPart  # noqa: PLC0415
    from listener.board.web.part import PagePart  # noqa: PLC0415

    mentions = next(part for part in parts if isinstance(part, MentionsPart))
    alerting = AlertingPart(
        board, settings, mentions=StoredMentions(mentions.store), say=mentions.feedback.say, leading=leading
    )
    page = next(part for part in parts if isinstance(part, PagePart))
    page.pages.alerts = alerting.service
    page.pages.backtests = Backtests(settings.kafka, settings.namespace)
    return alerting


def authors_and_stories_of(parts: Sequence[BoardPart]) -> AuthorsAndStories:
    """What the first part that knows says; zeros without one."""
    return next((part.authors_and_stories for part in parts if part.authors_and_stories), no_authors_or_stories)
