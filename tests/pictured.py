"""A board as it looks after a week of the sample: for the browser, and for looking at.

``python -m tests.pictured`` serves it on port 8099 until Ctrl-C.
"""

import asyncio
import math
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Self

from aiohttp import web
from aiokafka import TopicPartition
from msgspec.structs import replace

from listener.alerting.backtest import Report, Span, backtest_minutes
from listener.alerting.http import AlertRoutes, add_alert_routes
from listener.board.access import LOCAL, AccessSettings
from listener.board.access.part import AccessPart
from listener.board.api import board_app
from listener.board.board import Board
from listener.board.parts import BoardPart
from listener.board.store import MentionStore
from listener.board.web.part import PagePart
from listener.http import serve
from models.campaign import Campaign, CampaignSet
from models.cells import METRIC_INDEX, METRICS, WINDOWS, CellName, lifetime_key, pack_cell, window_key
from models.feedback import Answered, Feedback
from models.incident import Explanation, Incident, Quote, Share, Signal, Split, Suspicion, Without
from models.mention import Found
from models.outcome import Outcome
from models.progress import Progress, SetInForce, pack_progress, progress_key
from models.series import ClosedMinute, pack_minute
from processors.windows import local_seconds, to_ms
from tests.boarding import NAMESPACE, Mentions, Reading
from tests.kpi_source import SampleKpis
from tests.mentioning import TOPIC, Change, Log, put, said, sample_changes

#: The end of the sample day, 22:00 in Tehran.
UNTIL = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
DAYS = 8
_SOURCE = "social.posts.v1"
_PLATFORMS = ("twitter", "instagram", "telegram", "eitaa", "bale")
_ARTICLES = (
    ("خبرگزاری نمونه", "khabar.example", "بریمو سرویس تازه‌ای برای تحویل شبانه معرفی کرد"),
    ("روزنامه", "rooz.example", "اختلال گسترده در شبکهٔ هزارسباد؛ کاربران گله‌مندند"),
    ("فناوری", "tech.example", "تردونه نسخهٔ تازهٔ برنامه‌اش را منتشر کرد"),
)


def pictured_board(campaigns: CampaignSet, seed: int = 4, days: int = DAYS) -> Board:
    """Closed minutes of some days for every campaign, cells that agree with them, and a progress cell."""
    board = Board(NAMESPACE, reading=Reading())
    sets = TopicPartition(NAMESPACE.campaigns, 0)
    board.take(sets, [(0, campaigns.version.encode(), campaigns.to_json())])
    rng = Random(seed)  # noqa: S311 - a picture, not a secret
    end = to_ms(UNTIL) // 1000
    for number, campaign in enumerate(campaigns.campaigns):
        minutes = [_minute(rng, campaign.id, number, at, end) for at in range(end - days * 86_400, end, 60)]
        board.take(
            TopicPartition(NAMESPACE.series, 0),
            [(at, one.key, pack_minute(one)) for at, one in enumerate(minutes)],
        )
        _count(board, campaign.id, campaign.timezone, minutes)
    outcomes = [0] * len(Outcome)
    for outcome, amount in zip(Outcome, (9120, 40_311, 12, 208, 31, 17), strict=True):
        outcomes[outcome] = amount
    cell = Progress(stamp=9, durable=9, outcomes=tuple(outcomes), sets=(SetInForce("v1", 0),), topic_id="t")
    board.state.apply("progress", [(progress_key(_SOURCE, 0), pack_progress(cell))])
    return board


def _minute(rng: Random, campaign: str, number: int, minute: int, end: int) -> ClosedMinute:
    """Busy evenings, quiet nights; the second campaign has a spike in its last hour."""
    hour = (minute / 3600 + 3.5) % 24
    rate = (0.9 / (1 + number)) * max(0.05, math.sin((hour - 5) / 24 * 2 * math.pi) ** 2 + hour / 40)
    if number == 1 and minute >= end - 3600:
        rate *= 6
    counts: dict[str, dict[str, int]] = {}
    for share, platform in enumerate(_PLATFORMS, 1):
        amount = sum(rng.random() < rate / share for _ in range(2))
        if amount:
            negative = sum(rng.random() < 0.3 for _ in range(amount))
            positive = sum(rng.random() < 0.4 for _ in range(amount - negative))
            counts[platform] = {
                "mentions": amount,
                "mentions_negative": negative,
                "mentions_positive": positive,
                "mentions_neutral": amount - negative - positive,
                "likes": amount * rng.randint(0, 40),
            }
    if rng.random() < rate / 40:
        counts["news"] = {"press_mentions": 1, "press_neutral": 1}
    return ClosedMinute(campaign, minute, counts, completeness=0.97 if number == 1 else 1.0, delay_s=96)


def _count(board: Board, campaign: str, zone: str, minutes: Sequence[ClosedMinute]) -> None:
    """The same as cells: minutes, local hours and days, lifetime."""
    sums: dict[tuple[str, int, str], dict[str, int]] = {}
    for minute in minutes:
        local = local_seconds(minute.minute * 1000, zone)
        starts = {"minute": minute.minute, "hour": local // 3600 * 3600, "day": local // 86_400 * 86_400, "lifetime": 0}
        for table, start in starts.items():
            for platform, counts in minute.counts.items():
                totals = sums.setdefault((table, start, platform), {})
                for name, amount in counts.items():
                    totals[name] = totals.get(name, 0) + amount
    for (table, start, platform), totals in sums.items():
        name = CellName(campaign, _SOURCE, 0, platform).text()
        values = [0] * len(METRICS)
        for metric, amount in totals.items():
            values[METRIC_INDEX[metric]] = amount
        key = lifetime_key(name) if table == "lifetime" else window_key(name, start, WINDOWS[table])
        board.state.apply(table, [(key, pack_cell(1, values))])


def article_changes(campaigns: CampaignSet) -> list[Change]:
    """Some articles of the press in the last day."""
    changes: list[Change] = []
    for number, campaign in enumerate(campaigns.campaigns):
        for at, (_, domain, title) in enumerate(_ARTICLES):
            moment = UNTIL - timedelta(hours=1 + 3 * at + number)
            changes += put(
                said(
                    f"{number:02x}{at:02x}" * 16,
                    90_000 + 10 * number + at,
                    campaign=campaign.id,
                    kind="article",
                    platform="news",
                    publisher=domain,
                    title=title,
                    text=f"{title}\nمتن خبر به نقل از منابع آگاه.",
                    url=f"https://{domain}/news/{number}{at}",
                    story=f"story{at % 2}",
                    event_time=moment,
                    observed_at=moment,
                    matches=(Found(campaign.keywords[0], 0, len(title.split()[0]), "exact"),),
                )
            )
    return changes


def _incident(campaign: str, opened: datetime, over: datetime | None, **more: Any) -> Incident:
    """Of everything that an incident may have, something."""
    quote = Quote(
        "twitter:7",
        "twitter",
        opened - timedelta(minutes=4),
        "از صبح قطع است & <b>باز</b> نمی‌شود",
        url="https://x.test/7",
    )
    explanation = Explanation(
        splits=(
            Split("platform", (Share("twitter", 74), Share("telegram", 21), Share("other", 5))),
            Split("sentiment", (Share("negative", 81), Share("not negative", 19))),
            Split("term", (Share("قطع", 44), Share("پشتیبانی", 31), Share("other", 25))),
            Split("author", (Share("3fa9b2c1d0", 9), Share("other", 91))),
        ),
        without=(
            Without("story", "از صبح قطع است", 140, fires=False),
            Without("author", "3fa9b2c1d0", 21, fires=True),
        ),
        first=quote,
        earliest=(quote,),
        examples=(quote,),
        suspicions=(Suspicion("same_text", 38),),
        sampled=240,
    )
    return Incident(
        campaign=campaign,
        id=f"{campaign}-{opened:%Y%m%dt%H%M}",
        **{
            "kind": "spike",
            "severity": "critical",
            "started_at": opened - timedelta(minutes=10),
            "opened_at": opened,
            "updated_at": over or opened,
            "observed": 240,
            "expected": 31.4,
            "direction": "rising",
            "platform": "twitter",
            "authors": 180,
            "stories": 12,
            "negative": 194,
            "engagement": 900,
            "signals": (Signal("mentions", "fast", 0.71, 240, 31.4),),
            "completeness": 0.9987,
            "delay_s": 38.0,
            "rule": "watch-1 (spikes-2)",
            "false_per_week": 1.0,
            "explanation": explanation,
            "resolved_at": over,
        }
        | more,
    )


class PicturedAlerts:
    """Incidents to look at, and a back-test of the closed minutes on the board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        opened = UNTIL - timedelta(minutes=20)
        yesterday = UNTIL - timedelta(hours=26)
        self.incidents = [
            _incident("berimo", opened, None),
            _incident(
                "berimo",
                yesterday,
                yesterday + timedelta(hours=3),
                severity="warning",
                kind="negative",
                direction="falling",
                answers=("acknowledge",),
                occasions=("Nowruz",),
            ),
            _incident(
                "berimo",
                UNTIL - timedelta(days=4),
                UNTIL - timedelta(days=4, hours=-1),
                severity="info",
                quiet="planned",
                explanation=None,
            ),
            _incident("hezarsabad", opened, None),
        ]
        self.said: list[Answered] = []

    def of(self, campaign: str) -> list[Incident]:
        return [one for one in self.incidents if one.campaign == campaign]

    def answers(self, incident: str) -> list[str]:
        return [one.answer for one in self.said if one.incident == incident]

    async def say(self, said: Feedback) -> None:
        assert isinstance(said, Answered)
        self.said.append(said)

    async def run(self, campaign: Campaign, false_per_week: float, span: Span) -> Report:
        asked = replace(campaign, alerts=replace(campaign.alerts, false_per_week=false_per_week))
        # Two days teach enough for a picture.
        first = int(UNTIL.timestamp()) - 2 * 86_400
        minutes = list(self._board.closed.minutes(campaign.id, first, (span.end_ms or 0) // 1000))
        return await asyncio.to_thread(backtest_minutes, asked, minutes, span)

    def routes(self) -> AlertRoutes:
        """Those of a board without a key for links."""
        find = {one.id: one for one in self.incidents}.get
        return AlertRoutes(None, self.say, find, self.of, self._board.known.get, UNTIL.timestamp)


class PicturedAlerting(BoardPart):
    """The routes of ``PicturedAlerts``."""

    def __init__(self, alerts: PicturedAlerts) -> None:
        self._alerts = alerts

    def install(self, app: web.Application) -> None:
        add_alert_routes(app, self._alerts.routes())


class Pictured:
    """The served board. ``port`` is known inside the context."""

    def __init__(self, access: AccessSettings = LOCAL, posts: int = 1500, port: int = 0, days: int = DAYS) -> None:
        self._access, self._posts, self.port, self._days = access, posts, port, days
        self._stack = AsyncExitStack()
        self.log = Log()

    async def __aenter__(self) -> Self:
        directory = self._stack.enter_context(tempfile.TemporaryDirectory())
        self.store = self._stack.enter_context(MentionStore(Path(directory)))
        campaigns, changes = sample_changes(self._posts)
        self.board = pictured_board(campaigns, days=self._days)
        await self.add([*changes, *article_changes(campaigns)])
        self.mentions = Mentions(self.board, self.store)
        self.kpis = SampleKpis(campaigns, to_ms(UNTIL))
        self.page = PagePart(
            self.board, self.store, self.mentions.routes, self.board.closed, lambda: self.mentions.complete, self.kpis
        )
        self.page.live._look_s = 0.05
        self.page.pages._now = lambda: UNTIL + timedelta(seconds=96)
        self.alerts = PicturedAlerts(self.board)
        self.page.pages.alerts = self.page.pages.backtests = self.alerts
        parts: list[BoardPart] = [
            AccessPart(self.board, self._access),
            self.mentions,
            self.page,
            PicturedAlerting(self.alerts),
        ]
        self.app: web.Application = board_app(self.board, parts)
        self.port = await self._stack.enter_async_context(serve(self.app, "127.0.0.1", self.port))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def add(self, changes: list[Change]) -> None:
        """More mentions."""
        await self.store.mentions(TOPIC, 0, self.log.append(changes), self.log.end)

    def close_minute(self, campaign: str, **counts: int) -> None:
        """One more minute of a campaign."""
        latest = self.board.closed.latest(campaign)
        assert latest is not None
        minute = ClosedMinute(campaign, latest.minute + 60, {"twitter": counts} if counts else {})
        self.board.take(TopicPartition(NAMESPACE.series, 0), [(0, minute.key, pack_minute(minute))])


async def _serve() -> None:
    async with Pictured(port=8099) as pictured:
        print(f"http://127.0.0.1:{pictured.port}/")  # noqa: T201 - for people
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
