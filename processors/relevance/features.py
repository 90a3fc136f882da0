"""What speaks for and against a name being the campaign's: the words around it, its shape, its sector's words."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from models.campaign import Campaign
from models.relevance.cues import BRANDS, HEADS, PERSONS, SIGNS
from models.relevance.homonyms import LONGER, OTHER_READING
from processors.match.folding import Folded, fold, fold_text
from processors.sentiment.lexicon import Token
from processors.sentiment.tokens import read, tokens_of

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
#: Length of a text → what takes all its runs at once.
_RUNS_OF_LENGTH: Final[dict[int, Callable[[str], tuple[str, ...]]]] = {
    length: itemgetter(*(slice(at, at + size) for size in _RUNS for at in range(length - size + 1)))
    for length in range(max(_RUNS), _RUN_REACH + 2)
}
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


def find(text: str, spans: Spans, of: Profile, folded: Folded | None = None) -> Found:
    """The same by kind, which is how they are scored: no string is made that another text has had.

    ``folded`` is the text folded, if at hand.
    """
    found = tokens_of(read(_masked(text, spans, folded)))
    stems = [one.root for one in found]
    written = [one.text for one in found]
    places = [at for at, token in enumerate(written) if token == _NAME] if spans or _NAME in text else []
    made = Found(set(stems), set(), set(), set(), set(_shapes(text, spans)))
    for place in places:
        before, after = written[max(0, place - _NEAR) : place], written[place + 1 : place + 1 + _NEAR]
        made.near.update(stems[max(0, place - _NEAR) : place + _NEAR + 1])
        made.left.update(_runs(" ".join(before)[-_RUN_REACH:] + " "))
        made.right.update(_runs(" " + " ".join(after)[:_RUN_REACH]))
        made.others.update(_beside(written, stems, place))
    made.others.update(_sectors(found, places, of))
    made.others.update(_other_reading(written, stems, places, keyword_of(text, spans)))
    return made


def _runs(text: str) -> tuple[str, ...]:
    """Every run of characters of a text of at most ``_RUN_REACH`` + 1 of them."""
    if len(text) < max(_RUNS):
        return (text,) if len(text) in _RUNS else ()
    return _RUNS_OF_LENGTH[len(text)](text)


def _masked(text: str, spans: Spans, folded: Folded | None) -> str:
    """The stretch that is read in canonical letters, each name replaced by the mask."""
    if folded is not None and folded.is_regular:
        masked = _with_masks(folded.text, spans)
    else:
        masked = fold_text(_with_masks(text, spans))
    if not spans:
        return masked
    return (
        masked.replace("#", " ")
        .replace("@ ", " ")
        .replace(f"  {_NAME}", f" {_NAME}")
        .replace(f"{_NAME}  ", f"{_NAME} ")
    )


def _with_masks(text: str, spans: Spans) -> str:
    if not spans:
        return text[:_LONGEST]
    start = done = max(0, spans[0][0] - _BEFORE)
    parts: list[str] = []
    for low, high in spans:
        if done <= low < start + _LONGEST:
            parts += text[done:low], f" {_NAME} "
            done = high
    return "".join([*parts, text[done : done + _AFTER]])


def _beside(found: Sequence[str], stems: Sequence[str], place: int) -> list[str]:
    """The tokens that touch the name, alone and together."""
    far, before = ["^", "^", *stems[max(0, place - 2) : place]][-2:]
    after, farther = [*stems[place + 1 : place + 3], "$", "$"][:2]
    made = [f"*-1 {before}", f"*+1 {after}", f"*-2 {far} {before}", f"*+2 {after} {farther}", f"*± {before} {after}"]
    made += [f"*person{at}" for at in (-1, 1) if _at(found, place + at) in PERSONS]
    if before in HEADS or _at(found, place - 1) in HEADS:
        made.append("*head")
    return made


def _at(found: Sequence[str], at: int) -> str:
    return found[at] if 0 <= at < len(found) else ""


def _shapes(text: str, spans: Spans) -> list[str]:
    """What is glued to the names, and how many there are."""
    made = [f"names {min(_MOST, len(spans))}"]
    for low, high in spans[:_MOST]:
        before, after = text[max(0, low - 1) : low], text[high : high + 1]
        made.append("*glue " + ("x" if before.isalnum() else before if before in _OPENING else ""))
        made.append("*tail " + ("x" if after.isalpha() else after if after in _CLOSING else ""))
    return made


def _other_reading(found: Sequence[str], stems: Sequence[str], places: Sequence[int], keyword: str) -> list[str]:
    """Words of the keyword's other readings, near each name; names that are only part of a longer one."""
    other = OTHER_READING.get(keyword, frozenset())
    longer, signs = 0, 0
    for place in places:
        if other:
            around = range(max(0, place - _TOLD), min(len(found), place + _TOLD + 1))
            signs = max(signs, sum(found[at] in other or stems[at] in other for at in around))
        before, after = f"{_at(found, place - 1)} {keyword}", f"{keyword} {_at(found, place + 1)}"
        longer += before in LONGER or after in LONGER
    made = [f"other ≥{least}" for least in range(1, min(signs, 4) + 1)] if other else ["other unknown"]
    if longer:
        made.append("longer")
        if longer == len(places):
            made.append("only longer")
    return made


def _sectors(found: Sequence[Token], places: Sequence[int], of: Profile) -> list[str]:
    """How many words of the campaign's sectors there are, near the name and at all, and of the strongest other one."""
    counts: dict[str, int] = {}
    beside = 0
    for at in [at for at, one in enumerate(found) if one.sectors]:
        token = found[at]
        if token.text not in of.own:
            for sector in token.sectors:
                counts[sector] = counts.get(sector, 0) + 1
            near = any(abs(at - place) <= _NEAR for place in places)
            beside += near and not of.sectors.isdisjoint(token.sectors)
    mine = max((counts.get(sector, 0) for sector in of.sectors), default=0)
    others = max((count for sector, count in counts.items() if sector not in of.sectors), default=0)
    lead = max(-3, min(3, mine - others))
    strong = [f"*sector {sector}" for sector, count in counts.items() if count > 1]
    return [*_counted("" if of.sectors else "?", mine, beside, lead), *strong]


@lru_cache(maxsize=_REMEMBERED)
def _counted(unknown: str, mine: int, beside: int, lead: int) -> tuple[str, ...]:
    return (
        *(f"own{unknown} ≥{least}" for least in range(1, min(mine, 6) + 1)),
        *(f"beside{unknown} ≥{least}" for least in range(1, min(beside, 4) + 1)),
        f"lead{unknown} {lead}",
        f"*own{unknown} {min(mine, 3)}",
    )
