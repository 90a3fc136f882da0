"""The recount and the fold were written apart from the same rules: on any history they must come to the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.recount.counting import Recount, recount
from models.article import ARTICLES_TOPIC, Article
from models.campaign import Campaign, CampaignSet
from models.cells import METRICS
from models.entity import PostEntity, pack_entity, unpack_entity
from models.outcome import OUTCOMES
from models.post import POSTS_TOPIC, Post
from processors.articles import ARTICLE_KIND
from processors.kinds import Bounds
from processors.posts import fold_post
from processors.retention import entity_expired
from processors.windows import minute_start, to_ms

WORDS = ("a", "b", "c")
CAMPAIGNS = CampaignSet(tuple(Campaign(id=word, keywords=(word,)) for word in WORDS))
START = datetime(2018, 5, 5, 18, 46, 39, 488_000, tzinfo=UTC)
NOW_MS = to_ms(START + timedelta(days=400))
Minutes = dict[tuple[str, timedelta], dict[str, int]]


@dataclass(frozen=True)
class Found:
    campaign_id: str


class WordMatcher:
    words = "text"

    @property
    def prefilter(self) -> "WordMatcher":
        return self

    def find_each(self, raws: Sequence[bytes], _texts: Sequence[bytes]) -> list[int]:
        words = [(msgspec.json.decode(raw).get(self.words) or "").split() for raw in raws]
        return [index for index, found in enumerate(words) if set(WORDS).intersection(found)]

    def post(self, text: str, **_: object) -> list[Found]:
        return [Found(word) for word in WORDS if word in text.split()]


LIMITS = (timedelta(), timedelta(minutes=10), timedelta(hours=48), timedelta(days=8))
GAPS = st.one_of(
    st.sampled_from([timedelta(milliseconds=ms) for ms in (-1, 0, 0, 1, 999, 30_000, 60_000)]),
    st.builds(lambda limit, more: limit + timedelta(milliseconds=more), st.sampled_from(LIMITS), st.integers(-2, 2)),
    st.sampled_from([timedelta(hours=-49), timedelta(hours=-1), timedelta(hours=5), timedelta(days=3)]),
)
VALUES = st.one_of(
    st.none(),
    st.integers(0, 12),
    st.sampled_from([49, 50, 100, 101, 998, 999, 1000, 1001, 12_500, 12_600, 12_601, 999_900, 1_000_000, 1_100_000]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """Records of two posts in the order of arrival; observation times wander around the limits of every rule."""
    now = START
    records = []
    for number in range(draw(st.integers(1, 12))):
        now += draw(GAPS)
        op = draw(st.sampled_from(["create", "update", "update", "engagement", "engagement", "engagement", "delete"]))
        record = {
            "event_id": str(number),
            "schema_version": 1,
            "observed_at": now.isoformat(),
            "op": op,
            "post_id": draw(st.sampled_from(["p", "p", "p", "q"])),
            "platform": "twitter",
            "created_at": (START + draw(st.sampled_from([timedelta(), timedelta(), timedelta(minutes=1)]))).isoformat(),
            "counts": {"likes": draw(VALUES), "views": draw(VALUES)},
            "counts_precision": draw(st.sampled_from(["exact", "exact", "rounded"])),
        }
        if op in ("create", "update"):
            record["text"] = draw(st.sampled_from(["a", "a b", "b", "c a", ""]))
        records.append(msgspec.json.encode(record))
        if draw(st.integers(0, 9)) == 9:
            records.append(msgspec.json.encode(record | {"event_id": "again", "source": "other"}))
    return records


def fold(records: Sequence[bytes], *, retention: bool) -> tuple[Counter[str], Minutes]:
    """What the fold of posts comes to, entity by entity; entities go through their packed form."""
    entities: dict[str, bytes] = {}
    outcomes: Counter[str] = Counter()
    minutes: dict[tuple[str, timedelta], Counter[str]] = {}
    record_time: int | None = None
    for record in records:
        post = msgspec.json.decode(record, type=Post)
        text = post.text if post.op in ("create", "update") else ""
        matched = [found.campaign_id for found in WordMatcher().post(text or "")]
        entity: PostEntity | None = unpack_entity(entities[post.post_id]) if post.post_id in entities else None
        if retention and entity is not None and entity_expired(entity, record_time):
            entity = None
        bounds = Bounds() if retention else Bounds(behind=None)
        folded = fold_post(entity, post, matched, record_time, bounds, WORDS)
        if folded.entity is not None:
            entities[post.post_id] = pack_entity(folded.entity)
        outcomes[OUTCOMES[folded.outcome]] += 1
        for delta in folded.deltas:
            key = (delta.campaign, timedelta(seconds=minute_start(delta.time)))
            minutes.setdefault(key, Counter())[METRICS[delta.metric]] += delta.amount
        observed = to_ms(post.observed_at)
        record_time = observed if record_time is None else max(record_time, observed)
    return outcomes, without_zeros(minutes)


def without_zeros(minutes: "dict[tuple[str, timedelta], Counter[str]] | Minutes") -> Minutes:
    found = {key: {metric: count for metric, count in counts.items() if count} for key, counts in minutes.items()}
    return {key: counts for key, counts in found.items() if counts}


def recounted(records: Sequence[bytes], *, retention: bool) -> Recount:
    return recount(
        ((0, record, NOW_MS, POSTS_TOPIC) for record in records), CAMPAIGNS, WordMatcher(), retention=retention
    )


@settings(max_examples=600, deadline=None)
@given(histories())
def test_fold_and_recount_agree(records: list[bytes]) -> None:
    outcomes, minutes = fold(records, retention=False)
    result = recounted(records, retention=False)
    assert (outcomes, minutes) == (result.outcomes, without_zeros(dict(result.minutes)))


@st.composite
def snapshots(draw: st.DrawFn) -> list[bytes]:
    """Engagement of one post near the limits of falls and of rounding."""
    size = draw(st.sampled_from([0, 1, 2, 998, 1_000, 12_500, 999_900, 1_000_000, 2_500_000]))
    near = [size, size + 1, size + 2, size + 100, size + 101, size + 100_000, size // 2, max(0, size // 2 - 1), 0]
    values = draw(st.lists(st.sampled_from([*near, None]), min_size=2, max_size=8))
    rounded = st.sampled_from(["rounded", "rounded", "exact"])
    return [
        msgspec.json.encode(
            {
                "event_id": str(number),
                "schema_version": 1,
                "observed_at": (START + timedelta(minutes=15 + number)).isoformat(),
                "op": "engagement" if number else "create",
                "post_id": "p",
                "platform": "twitter",
                "created_at": START.isoformat(),
                "counts": {"shares": value},
                "counts_precision": draw(rounded),
                "text": "a",
            }
        )
        for number, value in enumerate(values)
    ]


@settings(max_examples=600, deadline=None)
@given(snapshots())
def test_fold_and_recount_agree_on_falls_and_rounding(records: list[bytes]) -> None:
    _, minutes = fold(records, retention=False)
    assert minutes == without_zeros(dict(recounted(records, retention=False).minutes))


@settings(max_examples=600, deadline=None)
@given(histories())
def test_fold_and_recount_agree_on_lateness_and_forgotten_posts(records: list[bytes]) -> None:
    outcomes, minutes = fold(records, retention=True)
    result = recounted(records, retention=True)
    assert outcomes == result.outcomes
    totals: dict[tuple[str, str], int] = Counter()
    for (campaign, _), counts in minutes.items():
        for metric, count in counts.items():
            totals[campaign, metric] += count
    for campaign, counts in result.totals.items():
        for metric, count in counts.items():
            assert totals[campaign, metric] == count


@settings(max_examples=300, deadline=None)
@given(histories())
def test_levels_are_never_negative_for_mentions_and_zero_after_the_last_delete(records: list[bytes]) -> None:
    end = (START + timedelta(days=300)).isoformat()
    deletes = [
        msgspec.json.encode(msgspec.json.decode(records[0]) | {"op": "delete", "post_id": post, "observed_at": end})
        for post in "pq"
    ]
    before = recounted(records, retention=False)
    assert all(0 <= counts["mentions_net"] <= counts["mentions"] for counts in before.totals.values())
    after = recounted([*records, *deletes], retention=False)
    for counts in after.totals.values():
        assert {metric: count for metric, count in counts.items() if metric.endswith("_net") and count} == {}


def as_articles(records: Sequence[bytes]) -> list[bytes]:
    """The same story about articles: what has no counterpart (engagement) is left out."""
    found = []
    for record in map(msgspec.json.decode, records):
        if record["op"] != "engagement":
            url = f"https://news.example/{record['post_id']}"
            one = {name: record[name] for name in ("event_id", "schema_version", "observed_at", "op")}
            one |= {"article_id": record["post_id"] * 64, "url": url, "canonical_url": url, "title": "title"}
            one |= {"published_at": record["created_at"], "publisher": {"domain": "news.example"}}
            found.append(msgspec.json.encode(one | {"summary": record.get("text") or None}))
    return [record.replace(b"p" * 64, b"a" * 64).replace(b"q" * 64, b"b" * 64) for record in found]


@settings(max_examples=300, deadline=None)
@given(histories())
def test_fold_and_recount_agree_on_articles(records: list[bytes]) -> None:
    articles = as_articles(records)
    entities: dict[str, PostEntity] = {}
    outcomes: Counter[str] = Counter()
    minutes: dict[tuple[str, timedelta], Counter[str]] = {}
    record_time: int | None = None
    for raw in articles:
        article = ARTICLE_KIND.decode(raw)
        assert isinstance(article, Article)
        text = article.summary if article.op != "delete" else ""
        matched = [found.campaign_id for found in WordMatcher().post(text or "")]
        entity = entities.get(article.article_id)
        folded = ARTICLE_KIND.fold(entity, article, matched, record_time, Bounds(behind=None), WORDS)
        if folded.entity is not None:
            entities[article.article_id] = folded.entity
        outcomes[OUTCOMES[folded.outcome]] += 1
        for delta in folded.deltas:
            key = (delta.campaign, timedelta(seconds=minute_start(delta.time)))
            minutes.setdefault(key, Counter())[METRICS[delta.metric]] += delta.amount
        record_time = max(record_time or 0, to_ms(article.observed_at))
    rows = ((0, record, NOW_MS, ARTICLES_TOPIC) for record in articles)
    result = recount(rows, CAMPAIGNS, ArticleMatcher())
    assert (outcomes, without_zeros(minutes)) == (result.outcomes, without_zeros(dict(result.minutes)))


class ArticleMatcher(WordMatcher):
    """Articles keep their words in the summary."""

    words = "summary"
