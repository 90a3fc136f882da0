"""The explanation of an incident, from the mentions in it and those of the same hours on the days before."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.campaign import Campaign
from models.incident import Explanation, Incident, Quote, Share, Split, Without
from models.mention import Mention
from processors.incidents.explain.coordination import suspicions
from processors.incidents.explain.rerun import History
from processors.incidents.explain.shares import OTHER, split, split_by
from processors.incidents.explain.terms import telling, words
from processors.incidents.series import measure_of, platform_of

_EXAMPLES: Final = 3
_EARLIEST: Final = 3
#: Authors, stories and platforms that a counterfactual is tried for.
_TRIED: Final = 3
_TITLE: Final = 80
#: Texts that are read for the terms.
_TEXTS: Final = 1500
_QUOTE: Final = 280
_AUTHOR: Final = 10


@dataclass(frozen=True)
class Evidence:
    """Mentions of the incident, and of the same hours on each of some days before.

    None: they could not be asked for.
    """

    now: Sequence[Mention]
    usual: Sequence[Sequence[Mention]]


def explain(
    campaign: Campaign,
    incident: Incident,
    counts: tuple[Mapping[str, float], Mapping[str, float]],
    evidence: Evidence | None,
    history: History | None = None,
) -> Explanation:
    """Take the excess apart. ``counts``: observed and usual amounts by series since the incident started."""
    from_counts = _from_counts(*counts)
    if evidence is None:
        return Explanation(splits=tuple(from_counts.values()))
    now = sorted(evidence.now, key=lambda one: (one.event_time, one.entity))
    seen = Evidence(now, evidence.usual)
    splits = from_counts | _from_mentions(campaign, seen)
    authors = frozenset(one.author for day in evidence.usual for one in day if one.author)
    return Explanation(
        splits=tuple(splits.values()),
        without=tuple(_without(incident, splits, now, history)) if history is not None else (),
        first=_quote(now[0]) if now else None,
        earliest=tuple(_earliest(now)),
        examples=tuple(_quote(one) for one in _examples(now)),
        suspicions=suspicions(now, authors),
        sampled=len(now),
    )


def _from_counts(observed: Mapping[str, float], expected: Mapping[str, float]) -> dict[str, Split]:
    """What the closed minutes say without any mention: platforms, negative or not, engagement by platform."""

    def platforms(measure: str) -> tuple[dict[str, float], dict[str, float]]:
        first, second = (
            {
                platform_of(name): amount
                for name, amount in amounts.items()
                if measure_of(name) == measure and platform_of(name)
            }
            for amounts in (observed, expected)
        )
        return first, second

    tone = [
        {
            "negative": amounts.get("negative", 0.0),
            "not negative": amounts.get("mentions", 0.0) - amounts.get("negative", 0.0),
        }
        for amounts in (observed, expected)
    ]
    found = {
        "platform": split("platform", *platforms("mentions")),
        "sentiment": split("sentiment", tone[0], tone[1]),
        "engagement": split("engagement", *platforms("engagement")),
    }
    return {by: one for by, one in found.items() if one is not None}


def _from_mentions(campaign: Campaign, seen: Evidence) -> dict[str, Split]:
    now, usual = seen.now, seen.usual
    own = frozenset(word for keyword in (*campaign.keywords, *campaign.all_of) for word in words(keyword))
    # Every text costs a third of a millisecond: of many, the same share of all periods stands for them.
    every = 1 + (len(now) + sum(map(len, usual))) // _TEXTS
    some, usual_some = now[::every], [day[::every] for day in usual]
    texts = {id(one): words(one.text) for period in (some, *usual_some) for one in period}
    terms = telling([texts[id(one)] for one in some], [texts[id(one)] for day in usual_some for one in day], own)

    def term(mention: Mention) -> str:
        return next((word for word in terms if word in texts[id(mention)]), OTHER)

    keys: dict[str, Callable[[Mention], str]] = {
        "source": lambda one: one.publisher or one.platform,
        "author": lambda one: OTHER if one.author is None else one.author[:_AUTHOR],
        "story": lambda one: one.story or OTHER,
        "sentiment": lambda one: one.sentiment or OTHER,
        "relevance": lambda one: OTHER if one.relevant is None else "relevant" if one.relevant else "not relevant",
    }
    found = {by: split_by(by, key, now, usual) for by, key in keys.items()}
    found["term"] = split_by("term", term, some, usual_some)
    told = {by: one for by, one in found.items() if one is not None and any(part.name != OTHER for part in one.parts)}
    for by in ("author", "story"):
        if by in told:
            told[by] = _named(told[by], now, keys[by], title=by == "story")
    return told


def _named(found: Split, now: Sequence[Mention], key: Callable[[Mention], str], *, title: bool) -> Split:
    """A story by its first text, an author with a link to what was most engaged with."""
    by_key: dict[str, list[Mention]] = defaultdict(list)
    for mention in now:
        by_key[key(mention)].append(mention)

    def named(part: Share) -> Share:
        members = by_key.get(part.name, ())
        if part.name == OTHER or not members:
            return part
        best = max(members, key=lambda one: (one.url is not None, engagement(one)))
        name = _title(members[0]) if title else part.name
        return Share(name, part.percent, part.observed, part.expected, best.url)

    return Split(found.by, tuple(map(named, found.parts)))


def _without(
    incident: Incident, splits: Mapping[str, Split], now: Sequence[Mention], history: History
) -> Iterable[Without]:
    """The rule run again without the largest author, story and platform each."""
    started, opened = (int(one.timestamp()) for one in (incident.started_at, incident.opened_at))
    for by, key in (("author", _author), ("story", lambda one: one.story or "")):
        groups: dict[str, list[Mention]] = defaultdict(list)
        for mention in now:
            if key(mention):
                groups[key(mention)].append(mention)
        largest = sorted(groups, key=lambda name: (-len(groups[name]), name))[:_TRIED]
        for name in largest if by == "author" else largest[:1]:
            fires = history.fires_without(started, opened, groups[name])
            if fires is not None:
                yield Without(by, _title(groups[name][0]) if by == "story" else name, len(groups[name]), fires)
    if "platform" in splits:
        part = splits["platform"].parts[0]
        fires = history.fires_without(started, opened, (), platform=part.name)
        if fires is not None:
            yield Without("platform", part.name, part.observed, fires)


def _author(mention: Mention) -> str:
    return (mention.author or "")[:_AUTHOR]


def _earliest(now: Sequence[Mention]) -> Iterable[Quote]:
    """The first mention of each source, the first three sources."""
    firsts: dict[str, Mention] = {}
    for mention in now:
        firsts.setdefault(mention.publisher or mention.platform, mention)
    return [_quote(mention) for mention in list(firsts.values())[:_EARLIEST]]


def _examples(now: Sequence[Mention]) -> list[Mention]:
    """Three, each of another story, the most engaged with first; of equal ones the earliest."""
    chosen: dict[str, Mention] = {}
    for mention in sorted(now, key=lambda one: (-engagement(one), one.event_time, one.entity)):
        if mention.relevant is not False:
            chosen.setdefault(mention.story or mention.entity, mention)
    return list(chosen.values())[:_EXAMPLES]


def engagement(mention: Mention) -> int:
    """Likes, shares, comments, quotes and saves, as far as they are known."""
    counts = mention.counts
    return sum(one or 0 for one in (counts.likes, counts.shares, counts.comments, counts.quotes, counts.saves))


def _title(mention: Mention) -> str:
    text = " ".join((mention.title or mention.text).split())
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1].rstrip()}…"


def _quote(mention: Mention) -> Quote:
    text = " ".join(mention.text.split())
    return Quote(
        entity=mention.entity,
        platform=mention.platform,
        at=mention.event_time,
        text=text if len(text) <= _QUOTE else f"{text[: _QUOTE - 1].rstrip()}…",
        author=(mention.author or "")[:_AUTHOR] or None,
        publisher=mention.publisher,
        url=mention.url,
        engagement=engagement(mention),
    )
