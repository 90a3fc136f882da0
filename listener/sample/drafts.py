"""The posts of the day as their authors wrote them, before anybody liked, edited or observed them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from listener.sample.grammar import Grammar, grammar
from listener.sample.people import BRAND_ACCOUNTS, Cast, Person
from listener.sample.subjects import KINDS, PART_SHARE, SUBJECTS, Subject, draw_kind, draw_platform, part_of_day

#: Likes in the end, as a log-normal share of the followers: 2 % in the middle.
_APPEAL: Final = (-3.9, 1.0)
_SUPPORT_SHARE: Final = 0.6
_OFFICIAL_PLATFORMS: Final = ("twitter", "instagram", "telegram")
#: The post that everybody saw: hour, followers of its author, likes in the end, reposts that the source delivers.
VIRAL_HOUR: Final = 18.15
_VIRAL_FOLLOWERS: Final = 912
_VIRAL_LIKES: Final = 48_300
_VIRAL_REPOSTS: Final = 70
#: A post this popular is reposted by accounts that the source follows.
_REPOSTED_FROM: Final = 120
_MOST_REPOSTS: Final = 3
#: Posts from days ago that a source finds only today.
_LATE_POSTS: Final = 9
_DIGITS: Final = {"twitter": 19, "instagram": 19, "telegram": 5, "eitaa": 5, "bale": 6, "rubika": 6}
_OTHER_DIGITS: Final = 8


@dataclass(frozen=True)
class Draft:
    """A post; ``likes`` is what it gets in the end, ``found_after`` how long it stays out of a source's sight."""

    post_id: str
    platform: str
    author: Person
    text: str
    created: datetime
    subject: Subject
    likes: float
    lang: str = "fa"
    in_reply_to: str | None = None
    repost_of: str | None = None
    found_after: timedelta = timedelta()

    @property
    def watched(self) -> bool:
        """Whether it is about a brand."""
        return bool(self.subject.brand)


class Writer:
    """Writes the posts of a day. ``midnight``: its local beginning; ``taken``: ids that are in use, and will be."""

    def __init__(self, rng: Random, midnight: datetime, taken: set[str]) -> None:
        self._rng = rng
        self._midnight = midnight
        self._cast = Cast(rng)
        self._taken = taken
        #: What can be answered: by subject and platform.
        self._written: dict[tuple[str, str], list[Draft]] = defaultdict(list)

    def originals(self, posts: int) -> list[Draft]:
        """So many posts by people and outlets; one of them is the joke of the evening."""
        subjects = self._rng.choices(SUBJECTS, [subject.share for subject in SUBJECTS], k=posts - 1)
        return [self._viral(), *(self._original(subject) for subject in subjects)]

    def announcements(self) -> Iterator[Draft]:
        """What the brands publish, on all their channels within minutes."""
        for subject in SUBJECTS:
            if subject.announced is not None:
                for platform in _OFFICIAL_PLATFORMS:
                    text = grammar(subject.name).write("official", self._rng)
                    author = self._cast.brand(subject.brand, platform)
                    moment = self._at(subject.announced + self._rng.uniform(0, 0.08))
                    yield self._draft(subject, platform, author, text, moment)

    def support(self, drafts: list[Draft]) -> Iterator[Draft]:
        """The brands' answers to some of those who address them."""
        for draft in drafts:
            words, brand = grammar(draft.subject.name), draft.subject.brand
            asked = "support" in words and f"@{BRAND_ACCOUNTS[brand][0]}" in draft.text
            if not asked or self._rng.random() > _SUPPORT_SHARE:
                continue
            author = self._cast.brand(brand, draft.platform)
            text = words.write("support", self._rng, someone=draft.author.handle)
            moment = draft.created + timedelta(seconds=self._rng.randint(240, 3000))
            answer = self._draft(draft.subject, draft.platform, author, text, moment)
            yield replace(answer, in_reply_to=draft.post_id, likes=self._rng.randint(0, 3))

    def reposts(self, drafts: list[Draft]) -> Iterator[Draft]:
        """Reposts of what is popular on the platform that delivers them as posts of their own."""
        for draft in drafts:
            if draft.platform == "twitter" and draft.likes >= _REPOSTED_FROM:
                times = _VIRAL_REPOSTS if draft.likes == _VIRAL_LIKES else self._rng.randint(0, _MOST_REPOSTS)
                for _ in range(times):
                    yield self._repost(draft)

    def late_finds(self) -> Iterator[Draft]:
        """Posts from three to nine days ago about the brands, that a source comes upon today."""
        brands = [subject for subject in SUBJECTS if subject.name == subject.brand]
        for number in range(_LATE_POSTS):
            draft = self._original(brands[number % len(brands)])
            age = timedelta(seconds=self._rng.randint(3 * 86_400, 9 * 86_400))
            yield replace(draft, created=draft.created - age, found_after=age)

    def _viral(self) -> Draft:
        subject = next(subject for subject in SUBJECTS if subject.name == "outage")
        author = replace(self._cast.person("twitter"), followers=_VIRAL_FOLLOWERS)
        text = grammar(subject.name).write("viral", self._rng)
        draft = replace(self._draft(subject, "twitter", author, text, self._at(VIRAL_HOUR)), likes=_VIRAL_LIKES)
        self._written[subject.name, draft.platform].append(draft)
        return draft

    def _original(self, subject: Subject) -> Draft:
        words, rng = grammar(subject.name), self._rng
        kind = draw_kind(rng, frozenset(kind for kind in KINDS if kind in words))
        platform = draw_platform(rng, kind)
        written = self._written[subject.name, platform]
        if kind == "reply":
            if written:
                return self._reply(words, written)
            kind = "chat"
        author = self._cast.outlet(platform) if kind == "channel" else self._cast.person(platform)
        hour = subject.hour(rng)
        text = author.habits.apply(words.write(_rule(rng, words, kind, hour), rng), rng)
        draft = self._draft(subject, platform, author, text, self._at(hour))
        written.append(draft)
        return replace(draft, lang="en") if kind == "english" else draft

    def _reply(self, words: Grammar, written: list[Draft]) -> Draft:
        """An answer to one of these; those at the beginning of the list are answered most."""
        rng = self._rng
        topic = written[int(len(written) * rng.random() ** 2)]
        author = self._cast.person(topic.platform)
        text = author.habits.apply(words.write("reply", rng, someone=topic.author.handle), rng)
        moment = topic.created + timedelta(seconds=round(60 + rng.expovariate(1 / 1500)))
        reply = self._draft(topic.subject, topic.platform, author, text, moment)
        return replace(reply, in_reply_to=topic.post_id, likes=reply.likes / 2)

    def _repost(self, draft: Draft) -> Draft:
        author = self._cast.person(draft.platform)
        moment = draft.created + timedelta(seconds=round(min(self._rng.expovariate(1 / 5000), 18_000)))
        text = f"RT @{draft.author.handle}: {draft.text}"
        copy = self._draft(draft.subject, draft.platform, author, text, moment)
        return replace(copy, repost_of=draft.post_id, likes=0, lang=draft.lang)

    def _draft(self, subject: Subject, platform: str, author: Person, text: str, created: datetime) -> Draft:
        likes = author.followers * self._rng.lognormvariate(*_APPEAL) * subject.heat + self._rng.randint(0, 4)
        return Draft(self._new_id(platform, author), platform, author, text, created, subject, likes)

    def _new_id(self, platform: str, author: Person) -> str:
        digits = _DIGITS.get(platform, _OTHER_DIGITS)
        while True:
            native = str(self._rng.randrange(10 ** (digits - 1), 10**digits))
            post_id = f"{platform}:{author.handle}/{native}" if platform == "telegram" else f"{platform}:{native}"
            if post_id not in self._taken:
                self._taken.add(post_id)
                return post_id

    def _at(self, hour: float) -> datetime:
        return (self._midnight + timedelta(hours=hour)).replace(microsecond=0)


def _rule(rng: Random, words: Grammar, kind: str, hour: float) -> str:
    """The rule for a kind of post; sometimes one that knows what time it is."""
    part = part_of_day(hour) if kind == "chat" else None
    return part if part and part in words and rng.random() < PART_SHARE else kind
