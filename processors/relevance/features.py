"""What speaks for and against a name being the campaign's: the words around it, its shape, its sector's words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from models.campaign import Campaign
from models.relevance.cues import BRANDS, CUES, HEADS, PERSONS, SIGNS
from models.relevance.homonyms import LONGER, OTHER_READING
from processors.match.folding import fold
from processors.sentiment.views import stem, tokens

#: Raised when a feature changes: artefacts trained on others are refused.
FEATURES_VERSION: Final = 1
#: Stands for the name; a private-use character, which folding leaves alone and no post needs.
_NAME: Final = "\ue000"
#: Code points before the first and after the last name that are read, and the most that are read at all.
_BEFORE: Final = 400
_AFTER: Final = 400
_LONGEST: Final = 1_600
#: Tokens on each side that are near a name; those that touch it.
_NEAR: Final = 6
_TOLD: Final = 5
_MOST: Final = 3
_RUN_REACH: Final = 12
_RUNS: Final = (3, 4)
#: Words whose analysis is kept: the frequent words of posts.
_REMEMBERED: Final = 1 << 15
_OPENING: Final = '#@_«"('
_CLOSING: Final = '_»")،.:؟!\u200c'
_WORD: Final = re.compile(r"\w+")
_KEYWORD: Final = re.compile(r"[\W_]+")

Spans = Sequence[tuple[int, int]]


class Profile(NamedTuple):
    """What is known of a campaign: its id (may be empty), its sectors, and the words of its name and keywords."""

    campaign: str
    sectors: frozenset[str]
    own: frozenset[str]


def profile(campaign: str, names: Iterable[str]) -> Profile:
    """The profile of a campaign with these names and keywords."""
    own = frozenset(word for name in names for word in _WORD.findall(fold(name).text.replace("\u200c", "")))
    sectors = {sector for table in (SIGNS, BRANDS) for sector, words in table.items() if words & own}
    return Profile(campaign, frozenset(sectors), own)


def profile_of(campaign: Campaign) -> Profile:
    """The profile of a configured campaign."""
    return profile(campaign.id, (campaign.name, campaign.id, campaign.group, *campaign.keywords, *campaign.all_of))


def keyword_of(text: str, spans: Spans) -> str:
    """The first name as it stands in the text, in canonical letters without separators; empty without spans."""
    return _keyword(text[slice(*spans[0])]) if spans else ""


@lru_cache(maxsize=_REMEMBERED)
def _keyword(written: str) -> str:
    return _KEYWORD.sub("", fold(written).text)


class Found(NamedTuple):
    """The features of a text by kind; a feature is its kind's prefix and what is here.

    Those that begin with ``*`` are about the name itself; training crosses them with the keyword and the campaign.
    """

    #: Stems in the text, and those near a name.
    words: set[str]
    near: set[str]
    #: Runs of characters before and after a name.
    left: set[str]
    right: set[str]
    others: set[str]


#: The prefixes of the kinds, in the order of ``Found``.
PREFIXES: Final = ("w ", "*w ", "*<", "*>", "")


def features(text: str, spans: Spans, of: Profile) -> set[str]:
    """Features of a text whose names stand at ``spans`` (code points), in the eyes of a campaign."""
    return {prefix + one for prefix, kind in zip(PREFIXES, find(text, spans, of), strict=True) for one in kind}


def find(text: str, spans: Spans, of: Profile) -> Found:
    """The same by kind, which is how they are scored: no string is made that another text has had."""
    found = tokens(_masked(text, spans))
    known = list(map(_word, found))
    stems = [one.stem for one in known]
    places = [at for at, token in enumerate(found) if token == _NAME]
    near = {at for place in places for at in range(max(0, place - _NEAR), min(len(found), place + _NEAR + 1))}
    made = Found(set(stems), {stems[at] for at in near}, set(), set(), set(_shapes(text, spans)))
    for place in places:
        left = " ".join(found[max(0, place - _NEAR) : place])[-_RUN_REACH:] + " "
        right = " " + " ".join(found[place + 1 : place + 1 + _NEAR])[:_RUN_REACH]
        made.left.update([left[at : at + size] for size in _RUNS for at in range(len(left) - size + 1)])
        made.right.update([right[at : at + size] for size in _RUNS for at in range(len(right) - size + 1)])
        made.others.update(_beside(found, stems, place))
    made.others.update(_sectors(found, known, near, of))
    made.others.update(_other_reading(found, stems, places, keyword_of(text, spans)))
    return made


class _Word(NamedTuple):
    """What is known of a token wherever it stands."""

    stem: str
    sectors: frozenset[str]


@lru_cache(maxsize=_REMEMBERED)
def _word(token: str) -> _Word:
    root = stem(token)
    return _Word(root, sectors_of(token) or sectors_of(root))


def _masked(text: str, spans: Spans) -> str:
    """The stretch of text that is read, each name replaced by the mask."""
    if not spans:
        return text[:_LONGEST]
    start = done = max(0, spans[0][0] - _BEFORE)
    parts: list[str] = []
    for low, high in spans:
        if done <= low < start + _LONGEST:
            parts += text[done:low], f" {_NAME} "
            done = high
    return "".join([*parts, text[done : done + _AFTER]]).replace("#", " ").replace("@ ", " ")


def _beside(found: Sequence[str], stems: Sequence[str], place: int) -> Iterable[str]:
    """The tokens that touch the name, alone and together."""
    before, after = ["^", "^", *stems[:place]], [*stems[place + 1 :], "$", "$"]
    yield f"*-1 {before[-1]}"
    yield f"*+1 {after[0]}"
    yield f"*-2 {before[-2]} {before[-1]}"
    yield f"*+2 {after[0]} {after[1]}"
    yield f"*± {before[-1]} {after[0]}"
    yield from (f"*person{at}" for at in (-1, 1) if _at(found, place + at) in PERSONS)
    yield from ["*head"] * (_at(stems, place - 1) in HEADS or _at(found, place - 1) in HEADS)


def _at(found: Sequence[str], at: int) -> str:
    return found[at] if 0 <= at < len(found) else ""


def _shapes(text: str, spans: Spans) -> Iterable[str]:
    """What is glued to the names, and how many there are."""
    for low, high in spans[:_MOST]:
        before, after = text[max(0, low - 1) : low], text[high : high + 1]
        yield "*glue " + ("x" if before.isalnum() else before if before in _OPENING else "")
        yield "*tail " + ("x" if after.isalpha() else after if after in _CLOSING else "")
    yield f"names {min(_MOST, len(spans))}"


def _other_reading(found: Sequence[str], stems: Sequence[str], places: Sequence[int], keyword: str) -> Iterable[str]:
    """Words of the keyword's other readings, near each name; names that are only part of a longer one."""
    other = OTHER_READING.get(keyword, frozenset())
    longer, signs = 0, 0
    for place in places:
        around = range(max(0, place - _TOLD), min(len(found), place + _TOLD + 1))
        signs = max(signs, sum(found[at] in other or stems[at] in other for at in around))
        before, after = f"{_at(found, place - 1)} {keyword}", f"{keyword} {_at(found, place + 1)}"
        longer += before in LONGER or after in LONGER
    yield from (f"other ≥{least}" for least in range(1, min(signs, 4) + 1))
    yield from ["other unknown"] * (not other)
    yield from ["longer"] * (longer > 0)
    yield from ["only longer"] * (longer == len(places) > 0)


def _sectors(found: Sequence[str], known: Sequence[_Word], near: set[int], of: Profile) -> Iterable[str]:
    """How many words of the campaign's sectors there are, near the name and at all, and of the strongest other one."""
    counts: Counter[str] = Counter()
    beside = 0
    for at, (_, sectors) in enumerate(known):
        if sectors and found[at] not in of.own:
            counts.update(sectors)
            beside += at in near and not of.sectors.isdisjoint(sectors)
    mine = max((counts[sector] for sector in of.sectors), default=0)
    others = max((count for sector, count in counts.items() if sector not in of.sectors), default=0)
    unknown = "" if of.sectors else "?"
    yield from (f"own{unknown} ≥{least}" for least in range(1, min(mine, 6) + 1))
    yield from (f"beside{unknown} ≥{least}" for least in range(1, min(beside, 4) + 1))
    yield f"lead{unknown} {max(-3, min(3, mine - others))}"
    yield f"*own{unknown} {min(mine, 3)}"
    yield from (f"*sector {sector}" for sector, count in counts.items() if count > 1)


@lru_cache(maxsize=_REMEMBERED)
def sectors_of(word: str) -> frozenset[str]:
    """The sectors that have this word among their cues."""
    return frozenset(sector for sector, cues in CUES.items() if word in cues)
