"""What the newsrooms of the day publish: stories of agencies that many sites print, and pieces of their own."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from random import Random
from typing import Final

from listener.sample.grammar import Grammar, grammar
from listener.sample.habits import NEWSROOM, Habits

#: Newsrooms work by day: articles by local hour from midnight, relative.
_RHYTHM: Final = (6, 3, 2, 1, 1, 3, 10, 26, 44, 52, 56, 58, 52, 46, 44, 46, 50, 48, 44, 40, 36, 32, 24, 14)
#: Of the stories of the day: those that an agency wrote, and how many sites print such a one.
_FROM_AGENCY: Final = 0.38
_COPIES: Final = (2, 7)
#: Minutes until the last site has it.
_SPREAD_MIN: Final = 150
_SAME_HEADLINE: Final = 0.4
_SHORTENED: Final = 0.3
_CREDITED: Final = 0.8
_CLOSED: Final = 0.5
#: Links to other news under the text: they name brands that the article is not about.
_RELATED: Final = 0.22
_SUMMARY_ONLY: Final = 0.15
_SUMMARY: Final = 180
#: Articles from days ago that a feed shows only today.
LATE_ARTICLES: Final = 6


@dataclass(frozen=True)
class Beat:
    """A file of ``texts`` with stories of several kinds; ``share``: of all stories, relative."""

    name: str
    share: float
    section: str


@dataclass(frozen=True)
class Breaking:
    """A story that must be told: which, the local hour, how many sites print it."""

    beat: str
    kind: str
    section: str
    hour: float
    copies: int


BEATS: Final = (
    Beat("press_everyday", 62.0, "society"),
    Beat("press_hezarsabad", 9.0, "economy"),
    Beat("press_berimo", 7.0, "technology"),
    Beat("press_abnoos", 7.0, "economy"),
    Beat("press_tordooneh", 6.0, "economy"),
    Beat("press_parastootel", 8.0, "technology"),
    Beat("press_toofan", 3.0, "sport"),
)
BREAKING: Final = (
    Breaking("press_toofan", "preview", "sport", 9.6, 6),
    Breaking("press_toofan", "report", "sport", 17.85, 10),
    Breaking("press_outage", "begins", "technology", 18.15, 13),
    Breaking("press_outage", "statement", "technology", 18.95, 11),
    Breaking("press_outage", "back", "technology", 20.25, 9),
    Breaking("press_outage", "compensation", "economy", 21.4, 7),
)
_SECTIONS: Final = {"society": "جامعه", "economy": "اقتصاد", "technology": "فناوری", "sport": "ورزش"}


@dataclass(frozen=True)
class Site:
    """A newsroom with a feed. ``prints``: sections, or ``general`` for all."""

    name: str
    domain: str
    prints: frozenset[str]
    habits: Habits = NEWSROOM


@dataclass(frozen=True)
class Draft:
    """An article as its site first publishes it. ``addition``: what an update adds, if its agency has news."""

    site: Site
    number: int
    title: str
    body: str
    section: str
    author: str
    published: datetime
    addition: str = ""
    summary_only: bool = False
    found_after: timedelta = timedelta()

    @property
    def canonical_url(self) -> str:
        """Its one address."""
        return f"https://{self.site.domain}/news/{self.number}"

    @property
    def article_id(self) -> str:
        """SHA-256 of the address, in hexadecimal."""
        return hashlib.sha256(self.canonical_url.encode()).hexdigest()


@dataclass
class _Story:
    """What all sites that print it share."""

    words: Grammar
    kind: str
    section: str
    begun: datetime
    facts: Mapping[str, str]
    headline: str
    text: str
    agency: str = ""
    addition: str = ""


@dataclass
class Newsrooms:
    """Writes the articles of a day. ``midnight``: its local beginning; ``taken``: addresses in use, and to be."""

    rng: Random
    midnight: datetime
    taken: set[str]
    _headlines: list[str] = field(default_factory=list)

    def articles(self, count: int) -> Iterator[Draft]:
        """So many: first the stories that must be told, then others."""
        return islice(self._all(count), count)

    def late_finds(self) -> Iterator[Draft]:
        """Articles from three to six days ago about brands, that a feed shows only today."""
        for number in range(LATE_ARTICLES):
            beat = BEATS[1 + number % (len(BEATS) - 1)]
            for draft in self._printed(self._story(beat.name, _any_kind(self.rng, beat.name), beat.section), 1):
                age = timedelta(seconds=self.rng.randint(3 * 86_400, 6 * 86_400))
                yield Draft(**(draft.__dict__ | {"published": draft.published - age, "found_after": age}))

    def _all(self, count: int) -> Iterator[Draft]:
        for one in BREAKING:
            story = self._story(one.beat, one.kind, one.section, hour=one.hour)
            yield from self._printed(story, min(one.copies, count))
        while True:
            (beat,) = self.rng.choices(BEATS, [beat.share for beat in BEATS])
            story = self._story(beat.name, _any_kind(self.rng, beat.name), beat.section)
            yield from self._printed(story, self.rng.randint(*_COPIES) if story.agency else 1)

    def _story(self, beat: str, kind: str, section: str, hour: float | None = None) -> _Story:
        rng, words = self.rng, grammar(beat)
        facts = _facts(words.write(f"{kind}.facts", rng)) if f"{kind}.facts" in words else {}
        headline = words.write(f"{kind}.headline", rng, **facts)
        self._headlines.append(headline)
        agency = hour is not None or rng.random() < _FROM_AGENCY
        return _Story(
            words,
            kind,
            section,
            self.midnight + timedelta(hours=_hour(rng) if hour is None else hour),
            facts,
            headline,
            words.write(f"{kind}.text", rng, **facts),
            rng.choice(_pairs("agency"))[0] if agency else "",
            words.write(f"{kind}.update", rng, **facts) if f"{kind}.update" in words else "",
        )

    def _printed(self, story: _Story, copies: int) -> Iterator[Draft]:
        """The story as so many sites print it, the first one at once."""
        able = [site for site in sites() if site.prints & {"general", story.section}]
        for number, site in enumerate(self.rng.sample(able, min(copies, len(able)))):
            # Half of the sites have it within a fifth of the time.
            wait = _SPREAD_MIN * 60 * self.rng.random() ** 2.3 if number else 0.0
            yield self._print(story, site, story.begun + timedelta(seconds=round(wait)))

    def _print(self, story: _Story, site: Site, published: datetime) -> Draft:
        rng = self.rng
        same = rng.random() < _SAME_HEADLINE
        title = story.headline if same else story.words.write(f"{story.kind}.headline", rng, **story.facts)
        return Draft(
            site,
            self._new_number(site),
            site.habits.apply(title, rng),
            site.habits.apply(self._body(story, site), rng),
            _SECTIONS[story.section],
            grammar("press").write("reporter", rng),
            published,
            story.addition,
            summary_only=rng.random() < _SUMMARY_ONLY,
        )

    def _body(self, story: _Story, site: Site) -> str:
        rng, press = self.rng, grammar("press")
        given = {"site": site.name, "agency": story.agency or site.name}
        paragraphs = story.text.split("\n\n")
        if len(paragraphs) > 2 and rng.random() < _SHORTENED:  # noqa: PLR2004 - the first two are the news
            paragraphs.pop()
        if rng.random() < _CREDITED:
            paragraphs[0] = f"{press.write('credit', rng, **given)} {paragraphs[0]}"
        if rng.random() < _RELATED and self._headlines:
            paragraphs.append(press.write("related", rng, other=rng.choice(self._headlines)))
        if rng.random() < _CLOSED:
            paragraphs.append(press.write("closing", rng, **given))
        return "\n\n".join(paragraphs)

    def _new_number(self, site: Site) -> int:
        while True:
            number = self.rng.randrange(100_000, 10_000_000)
            if (place := f"{site.domain}/{number}") not in self.taken:
                self.taken.add(place)
                return number


def summary(body: str) -> str:
    """What a feed shows of a text: its beginning, cut after a word."""
    first = body.split("\n\n", 1)[0]
    return first if len(first) <= _SUMMARY else first[:_SUMMARY].rpartition(" ")[0] + " …"


@cache
def sites() -> tuple[Site, ...]:
    """All newsrooms; most keep half-spaces, some run on old software that knows only Arabic letters."""
    rng = Random("sites")  # noqa: S311 - a story, not a secret
    return tuple(
        Site(name, f"{domain}.example", frozenset(prints.split()), Habits.draw_newsroom(rng))
        for name, domain, prints in _pairs("site")
    )


def _pairs(rule: str) -> list[list[str]]:
    return [line.split(" = ") for line in grammar("press").alternatives(rule)]


def _facts(line: str) -> dict[str, str]:
    pairs = (fact.split("=", 1) for fact in line.split(";"))
    return {name.strip(): value.strip() for name, value in pairs}


def _any_kind(rng: Random, beat: str) -> str:
    """One of the kinds of stories of a file, but those that only a time of the day makes true."""
    only_then = {one.kind for one in BREAKING if one.beat == beat}
    kinds = [name.removesuffix(".text") for name in grammar(beat).rules if name.endswith(".text")]
    return rng.choice([kind for kind in kinds if kind not in only_then])


def _hour(rng: Random) -> float:
    return rng.choices(range(len(_RHYTHM)), _RHYTHM)[0] + rng.random()
