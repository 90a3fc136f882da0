"""Where a report's numbers come from: files of records, or a board."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from listener.errors import UsageProblem
from listener.kpis.evaluation import evaluated
from listener.kpis.reading import article_matcher, count_files, err, latest_believed, post_matcher
from listener.kpis.standing import standing_json
from models.article import Article
from models.campaign import DEFAULT_TIMEZONE, Campaign, CampaignSet
from models.feedback import TargetSet
from models.incident import Incident
from models.outcome import OUTCOMES
from models.post import Post
from processors.kpis.aims import aims
from processors.kpis.batch import PRESS_PLATFORM, Batch
from processors.kpis.evaluate import group_of
from processors.kpis.periods import Span, custom
from processors.match import Matcher
from processors.stories import story_id
from processors.windows import from_ms, to_ms

_TIMEOUT_S: Final = 30.0
_TEXT: Final = 280
_MOST: Final = 200


@dataclass(frozen=True)
class TopMention:
    """A mention that moved most; ``engagement`` is likes, comments and shares."""

    text: str
    url: str | None
    platform: str
    moment: int
    counts: dict[str, int | None]
    engagement: int
    sentiment: str | None = None
    story: str | None = None


def once_each(ranked: Iterable[TopMention], most: int) -> list[TopMention]:
    """The first of each story: the copies of a text say the same again."""
    found: dict[str, TopMention] = {}
    for one in ranked:
        found.setdefault(one.story or story_id(one.text), one)
        if len(found) == most:
            break
    return list(found.values())


@dataclass(frozen=True)
class Top:
    """The mentions that moved most, and who spoke most: (publisher or platform, mentions)."""

    mentions: tuple[TopMention, ...]
    sources: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Completeness:
    """How much of what happened is in the numbers.

    ``outcomes``: all records by outcome; ``newest``: the newest record time (epoch ms). Of the report's period:
    ``mean`` and ``least`` share of the inputs that had been read when a minute was closed, over ``minutes`` of them;
    None where nobody closed any, as with files.
    """

    outcomes: dict[str, int]
    newest: int | None
    mean: float | None = None
    least: float | None = None
    minutes: int = 0

    @property
    def read(self) -> int:
        """Records read in all."""
        return sum(self.outcomes.values())


class ReportSource(Protocol):
    """What a report asks."""

    @property
    def campaign(self) -> Campaign:
        """Whose report it is."""

    @property
    def now(self) -> int:
        """The moment up to which there are records, epoch milliseconds."""

    def kpis(self, start: int, end: int) -> dict[str, Any]:
        """Every KPI over a span, those beside the 24 included."""

    def targets(self) -> list[dict[str, Any]]:
        """Where the targets stand."""

    def top(self, start: int, end: int, most: int) -> Top:
        """The top of a span."""

    def completeness(self, start: int, end: int) -> Completeness:
        """How much is in the numbers of a span."""

    def incidents(self, start: int, end: int) -> list[Incident] | None:
        """Spikes and the like that were open in a span, oldest first; None where nobody watched."""

    def target_changes(self) -> list[TargetSet]:
        """What became of the targets, oldest first; empty where nobody recorded it."""


class FileSource:
    """Files of records, counted here."""

    def __init__(self, campaigns: CampaignSet, name: str, files: Sequence[Path]) -> None:
        found = {one.id: one for one in campaigns.campaigns}
        if name not in found:
            raise UsageProblem(f"--campaign: there is no campaign {name!r}; there are {', '.join(found)}.")
        self.campaign = found[name]
        self._group = group_of(self.campaign, campaigns.campaigns)
        self._said: list[tuple[Post | Article, int]] = []
        matcher = Matcher(campaigns)
        match_post, match_article = post_matcher(matcher), article_matcher(matcher)

        def post(one: Post) -> Sequence[str]:
            return self._keep(one, to_ms(one.created_at), match_post(one))

        def article(one: Article) -> Sequence[str]:
            return self._keep(one, to_ms(one.published_at), match_article(one))

        self._batch = Batch(campaigns, post, article, latest=latest_believed())
        count_files(self._batch, files, err)

    @property
    def now(self) -> int:
        """The largest record time."""
        if self._batch.now is None:
            raise UsageProblem("the files hold no valid record: there is nothing to report.")
        return self._batch.now

    def kpis(self, start: int, end: int) -> dict[str, Any]:
        """Every KPI over a span."""
        zone = self.campaign.timezone
        return evaluated(
            self._batch.figures,
            self.campaign,
            lambda *_: custom(start, end, zone),
            self.now,
            explicit_now=True,
            beside=True,
            group=self._group,
        )

    def targets(self) -> list[dict[str, Any]]:
        """Where the targets stand."""
        return [standing_json(aim) for aim in aims(self._batch.figures, self.campaign, self.now)]

    def top(self, start: int, end: int, most: int) -> Top:
        """The top of a span; an edited post is shown as it is now."""
        span = Span(start, end)
        posts = {one.post_id: (one, at) for one, at in self._said if isinstance(one, Post) and span.holds(at)}
        articles = {one.article_id: one for one, at in self._said if isinstance(one, Article) and span.holds(at)}
        ranked = sorted((self._top(one, at) for one, at in posts.values()), key=lambda top: -top.engagement)
        ranked = once_each(ranked, most)
        sources: Counter[str] = Counter(one.platform for one, _ in posts.values())
        sources.update(one.publisher.domain for one in articles.values())
        return Top(tuple(ranked), tuple(sources.most_common(most)))

    def completeness(self, _start: int, _end: int) -> Completeness:
        """How much is in the numbers; files have no minutes that somebody closed."""
        return Completeness({name: self._batch.outcomes.get(name, 0) for name in OUTCOMES}, self._batch.now)

    def incidents(self, _start: int, _end: int) -> None:
        """Files are counted, not watched."""

    def target_changes(self) -> list[TargetSet]:
        """Only a board records them."""
        return []

    def _keep(self, one: Post | Article, at: int, matched: Sequence[str]) -> Sequence[str]:
        if self.campaign.id in matched:
            self._said.append((one, at))
        return matched

    def _top(self, post: Post, at: int) -> TopMention:
        counts = self._batch.post_counts(post.post_id)
        engagement = sum(counts[name] or 0 for name in ("likes", "comments", "shares"))
        return TopMention((post.text or "")[:_TEXT], post.url, post.platform, at, counts, engagement)


class BoardSource:
    """A board over HTTP; ``token`` where it asks for one."""

    def __init__(self, url: str, name: str, token: str | None = None) -> None:
        self._url, self._token = url.rstrip("/"), token
        known = {one["id"]: one for one in self._get("/api/campaigns")["campaigns"]}
        if name not in known:
            raise UsageProblem(f"--campaign: the board knows no campaign {name!r}; it knows {', '.join(known)}.")
        self.campaign = Campaign(
            id=name, name=known[name]["name"], timezone=known[name].get("timezone") or DEFAULT_TIMEZONE
        )
        self._path = f"/api/campaigns/{urllib.parse.quote(name)}"
        self._standing = self._get(f"{self._path}/kpis")
        self._progress = self._get("/api/progress")["partitions"]

    @property
    def now(self) -> int:
        """The moment that the board evaluates at."""
        return _ms(self._standing["now"])

    def kpis(self, start: int, end: int) -> dict[str, Any]:
        """Every KPI over a span."""
        query = urllib.parse.urlencode({"from": _time(start), "to": _time(end), "all": "1"})
        found: dict[str, Any] = self._get(f"{self._path}/kpis?{query}")["kpis"]
        return found

    def targets(self) -> list[dict[str, Any]]:
        """Where the targets stand."""
        found: list[dict[str, Any]] = self._standing["targets"]
        return found

    def top(self, start: int, end: int, most: int) -> Top:
        """The top of a span, from the board's mentions."""
        query = urllib.parse.urlencode({"from": _time(start), "to": _time(end), "limit": _MOST})
        found = self._get(f"{self._path}/top?{query}")
        mentions = tuple(once_each((_mention(one) for one in found["top"]), most))
        said = [one for one in found["platforms"] if one["name"] != PRESS_PLATFORM] + found["publishers"]
        sources = sorted(((one["name"], one["mentions"]) for one in said), key=lambda one: -one[1])
        return Top(mentions, tuple(sources[:most]))

    def completeness(self, start: int, end: int) -> Completeness:
        """How much is in the numbers."""
        outcomes: Counter[str] = Counter()
        for one in self._progress:
            outcomes.update(one["outcomes"])
        newest = max((_ms(one["record_time"]) for one in self._progress if one["record_time"]), default=None)
        query = urllib.parse.urlencode({"from": _time(start), "to": _time(end)})
        found = self._get(f"{self._path}/kpis?{query}").get("completeness") or {"mean": None, "least": None}
        return Completeness(dict(outcomes), newest, **found)

    def incidents(self, start: int, end: int) -> list[Incident]:
        """Those that were open in a span, oldest first."""
        found = msgspec.convert(self._get(f"{self._path}/incidents")["incidents"], list[Incident])
        overlap = [one for one in found if to_ms(one.started_at) < end and (_over(one) or end) > start]
        return sorted(overlap, key=lambda one: one.started_at)

    def target_changes(self) -> list[TargetSet]:
        """What became of the targets."""
        told = self._standing.get("target_history", [])
        return [msgspec.convert(one | {"type": "target", "campaign": self.campaign.id}, TargetSet) for one in told]

    def _get(self, path: str) -> Any:
        return _get(self._url, path, self._token)


def campaigns_of(board: str, token: str | None = None) -> list[str]:
    """The ids of every campaign that a board shows to this token."""
    return [one["id"] for one in _get(board.rstrip("/"), "/api/campaigns", token)["campaigns"]]


def _get(board: str, path: str, token: str | None) -> Any:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if not board.startswith(("http://", "https://")):
        raise UsageProblem(f"--board: {board} is no http(s) address.")
    request = urllib.request.Request(board + path, headers=headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise UsageProblem(f"--board: {path} answers {error.code}: {error.read().decode()[:200]}") from error
    except (OSError, ValueError) as error:
        raise UsageProblem(f"--board: {board} does not answer: {error}") from error


def _over(one: Incident) -> int | None:
    """When an incident was over, epoch ms; None while it is open."""
    return None if one.resolved_at is None else to_ms(one.resolved_at)


def _mention(one: dict[str, Any]) -> TopMention:
    text = one["title"] or one["text"]
    at = _ms(one["event_time"])
    return TopMention(
        text[:_TEXT], one["url"], one["platform"], at, one["counts"], one["engagement"], one["sentiment"], one["story"]
    )


def _time(moment: int) -> str:
    return from_ms(moment).isoformat()


def _ms(text: str) -> int:

    return to_ms(datetime.fromisoformat(text))
