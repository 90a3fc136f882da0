"""The board's HTTP interface: JSON for people and programs, health, metrics."""

from collections.abc import Callable, Iterable, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric

from listener import __version__
from listener.board.access import sees
from listener.board.blocks import Counters
from listener.board.board import Board
from listener.board.metrics import BoardCollector
from listener.board.parts import BoardPart
from listener.board.series import DAY_S, MINUTE, MinutesQuery, SeriesQuery
from listener.http import Handler, Health, health_app, json_response
from listener.metrics import Described
from models.campaign import DEFAULT_TIMEZONE, Campaign
from models.cells import METRICS
from models.outcome import OUTCOMES
from models.progress import Progress
from processors.windows import from_ms, rfc3339


class _Parts(Described):
    """The metrics of all parts."""

    def __init__(self, parts: Sequence[BoardPart]) -> None:
        self._parts = parts

    def collect(self) -> Iterable[Metric]:
        for part in self._parts:
            yield from part.collect()


def board_app(board: Board, parts: Sequence[BoardPart] = (), max_series: int = 50_000) -> web.Application:
    """The routes over one board and its parts."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics = BoardCollector(board, max_series)
    registry.register(metrics)
    registry.register(_Parts(parts))

    def live() -> Health:
        return Health(ok=True)

    def ready() -> Health:
        missing: dict[str, object] = {}
        for part in parts:
            missing |= part.missing()
        detail = {"opened": board.reading is not None, "unread": board.unread, **missing}
        return Health(board.caught_up and not missing, detail)

    def prepare() -> None:
        metrics.prepare()
        for part in parts:
            part.prepare()

    app = health_app(live, ready, registry, prepare=prepare)
    app.router.add_get("/api/campaigns", _counts(board, campaigns))
    app.router.add_get("/api/campaigns/{id}/series", _counts(board, series))
    app.router.add_get("/api/campaigns/{id}/closed", _counts(board, closed))
    app.router.add_get("/api/progress", _with(board, progress))
    app.router.add_get("/api/version", _with(board, version))
    for part in parts:
        part.install(app)
    return app


def campaigns(board: Board, request: web.Request) -> object:
    """Every campaign with its lifetime totals; one that has left the files but has counts is marked."""
    configured = {campaign.id for campaign in board.campaigns.campaigns}
    ids = [name for name in sorted(configured | board.state.campaigns()) if sees(request, name)]
    return {"campaigns": [_campaign(board, name, configured=name in configured) for name in ids]}


def series(board: Board, request: web.Request) -> object:
    """The windows of a campaign in which something was counted, oldest first.

    ``window``: minute (UTC), hour or day (the campaign's wall clock). ``from`` inclusive, ``to`` exclusive;
    ``platform``: of one platform only. Minutes before ``closed_until`` are closed.
    """
    name = _known(board, request)
    zone = _zone(board.known.get(name))
    query = SeriesQuery.parse(request.query, zone)
    body: dict[str, object] = {"campaign": name, "window": query.window}
    if query.window != MINUTE:
        body["timezone"] = zone
    body["series"] = [
        {"start": query.text(start), **_named(counters)}
        for start, counters in board.state.series(query.window, name, query.first, query.end, query.platform)
    ]
    return body | _closed(board, name)


def closed(board: Board, request: web.Request) -> object:
    """The closed minutes of a campaign, oldest first, as the series topic has them; without ``from`` the last day."""
    name = _known(board, request)
    query = MinutesQuery.parse(request.query)
    last = board.closed.last.get(name, 0)
    end = last + 60 if query.end is None else query.end
    first = end - DAY_S if query.first is None else query.first
    minutes = [
        {
            "start": rfc3339(one.minute * 1000),
            "counts": one.counts,
            "authors": one.authors,
            "stories": one.stories,
            "completeness": one.completeness,
            "delay_seconds": one.delay_s,
            "replayed": one.replayed,
        }
        for one in board.closed.minutes(name, first, end)
    ]
    return {"campaign": name, "minutes": minutes, **_closed(board, name)}


def _closed(board: Board, name: str) -> dict[str, object]:
    """Up to when a campaign's minutes are closed, and how complete the last of them was; None before the first."""
    last = board.closed.latest(name)
    return {
        "closed_until": None if last is None else rfc3339((last.minute + 60) * 1000),
        "completeness": None if last is None else last.completeness,
    }


def _known(board: Board, request: web.Request) -> str:
    name = request.match_info["id"]
    if name not in board.known and name not in board.state.campaigns():
        raise web.HTTPNotFound(text=f"there is no campaign {name!r}")
    return name


def progress(board: Board, _request: web.Request) -> object:
    """How far the counting is, per source partition, and how far this board has read."""
    return {
        "partitions": [_progress(*where, cell) for where, cell in sorted(board.state.progress.items())],
        "positions": board.positions,
        "caught_up": board.caught_up,
        "topics": [
            {
                "topic": one.topic,
                "read_until": None if one.until is None else rfc3339(one.until),
                "completeness": one.completeness,
                "delay_seconds": one.delay_s,
                "replaying": one.replaying,
            }
            for one in board.topics
        ],
    }


def version(_board: Board, _request: web.Request) -> object:
    """Which program this is."""
    return {"version": __version__}


def _with(board: Board, answer: Callable[[Board, web.Request], object]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return json_response(answer(board, request))

    return handle


def _counts(board: Board, answer: Callable[[Board, web.Request], object]) -> Handler:
    """Like ``_with``, but half a state is no answer."""

    async def handle(request: web.Request) -> web.Response:
        if not board.caught_up:
            raise web.HTTPServiceUnavailable(
                text="the board has not read all counts yet; /readyz says what is missing", headers={"Retry-After": "1"}
            )
        return json_response(answer(board, request))

    return handle


def _campaign(board: Board, name: str, *, configured: bool) -> dict[str, object]:
    campaign = board.known.get(name) or Campaign(id=name)
    platforms = board.state.platforms(name)
    return {
        "id": name,
        "configured": configured,
        "name": campaign.name,
        "team": campaign.team,
        "group": campaign.group,
        "timezone": campaign.timezone,
        "totals": _named(board.state.lifetime(name)),
        "platforms": {platform: _named(counters) for platform, counters in platforms.items()},
        **_closed(board, name),
    }


def _zone(campaign: Campaign | None) -> str:
    """The zone of a campaign's hours and days; for one that is on no set any more, the usual one."""
    return DEFAULT_TIMEZONE if campaign is None else campaign.timezone


def _progress(topic: str, partition: int, cell: Progress) -> dict[str, object]:
    return {
        "topic": topic,
        "partition": partition,
        "stamp": cell.stamp,
        "durable": cell.durable,
        "base": cell.base,
        "record_time": None if cell.record_time is None else from_ms(cell.record_time),
        "read": cell.read,
        "outcomes": dict(zip(OUTCOMES, cell.outcomes, strict=True)),
        "reasons": cell.reasons,
        "campaign_set": cell.sets[-1].version if cell.sets else None,
        "caught_up": cell.caught_up,
        "written_at": from_ms(cell.written_at),
    }


def _named(counters: Counters) -> dict[str, int]:
    return dict(zip(METRICS, counters, strict=True))
