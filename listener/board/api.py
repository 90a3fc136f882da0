"""The board's HTTP interface: JSON for people and programs, health, metrics."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from listener import __version__
from listener.board.metrics import BoardCollector
from listener.board.state import Counters
from listener.http import Handler, Health, health_app, json_response
from models.campaign import Campaign
from models.cells import METRICS, WINDOWS
from models.outcome import OUTCOMES
from models.progress import Progress
from processors.windows import from_ms

if TYPE_CHECKING:
    from listener.board.service import Board

MINUTE: Final = "minute"


def board_app(board: "Board") -> web.Application:
    """The routes over one board."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(BoardCollector(board))

    def live() -> Health:
        return Health(ok=True)

    def ready() -> Health:
        return Health(board.caught_up, {"caught_up": board.caught_up, "lag_records": board.lag})

    app = health_app(live, ready, registry)
    app.router.add_get("/api/campaigns", _with(board, campaigns))
    app.router.add_get("/api/campaigns/{id}/series", _with(board, series))
    app.router.add_get("/api/progress", _with(board, progress))
    app.router.add_get("/api/version", _with(board, version))
    return app


def campaigns(board: "Board", _request: web.Request) -> object:
    """Every campaign with its lifetime totals; one that has left the files but has counts is marked."""
    known = {campaign.id: campaign for campaign in board.campaigns.campaigns}
    ids = sorted(known.keys() | board.state.campaigns())
    return {"campaigns": [_campaign(board, name, known.get(name)) for name in ids]}


def series(board: "Board", request: web.Request) -> object:
    """The windows of a campaign in which something was counted, oldest first.

    ``window``: minute (UTC), hour or day (the campaign's wall clock). ``from`` inclusive, ``to`` exclusive.
    """
    name = request.match_info["id"]
    campaign = next((one for one in board.campaigns.campaigns if one.id == name), None)
    if campaign is None and name not in board.state.campaigns():
        raise web.HTTPNotFound(text=f"there is no campaign {name!r}")
    window = request.query.get("window", MINUTE)
    if window not in WINDOWS:
        raise web.HTTPBadRequest(text=f"`window` is {window!r}, but must be one of {', '.join(WINDOWS)}")
    first, end = _moment(request, "from"), _moment(request, "to")
    windows = board.state.totals[window].get(name, {})
    body: dict[str, object] = {"campaign": name, "window": window}
    if window != MINUTE and campaign is not None:
        body["timezone"] = campaign.timezone
    body["series"] = [
        {"start": _start(start, window), **_named(counters)}
        for start, counters in sorted(windows.items())
        if any(counters) and (first is None or start >= first) and (end is None or start < end)
    ]
    return body


def progress(board: "Board", _request: web.Request) -> object:
    """How far the counting is, per source partition, and how far this board has read."""
    positions: dict[str, dict[str, int]] = {}
    for tp, position in sorted(board.positions.items()):
        positions.setdefault(tp.topic, {})[str(tp.partition)] = position
    return {
        "partitions": [_progress(*where, cell) for where, cell in sorted(board.state.progress.items())],
        "positions": positions,
        "caught_up": board.caught_up,
    }


def version(_board: "Board", _request: web.Request) -> object:
    """Which program this is."""
    return {"version": __version__}


def _with(board: "Board", answer: Callable[["Board", web.Request], object]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return json_response(answer(board, request))

    return handle


def _campaign(board: "Board", name: str, campaign: Campaign | None) -> dict[str, object]:
    platforms = board.state.platforms.get(name, {})
    body: dict[str, object] = {"id": name, "configured": campaign is not None}
    if campaign is not None:
        body |= {one: getattr(campaign, one) for one in ("name", "team", "group", "timezone")}
    body["totals"] = _named(board.state.lifetime(name))
    body["platforms"] = {platform: _named(counters) for platform, counters in sorted(platforms.items())}
    return body


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


def _start(start: int, window: str) -> str:
    """RFC 3339 in UTC for minutes; the wall clock, without an offset, for hours and days."""
    text = from_ms(start * 1000).replace(tzinfo=None).isoformat()
    return f"{text}Z" if window == MINUTE else text


def _moment(request: web.Request, name: str) -> int | None:
    """A query parameter as window-start seconds."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise web.HTTPBadRequest(text=f"`{name}` is {text!r}, but must be a time like 2026-11-20T10:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
