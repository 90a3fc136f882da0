"""What speaks for and against a name being the campaign's: the words around it, its shape, its sector's words."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from models.campaign import Campaign
from models.relevance.cues import BRANDS, HEADS, PERSONS, SIGNS
from models.relevance.homonyms import LONGER, OTHER_READING
from processors.match.folding import Folded, fold, fold_text
from processors.sentiment.lexicon import Token
from processors.sentiment.tokens import read

#: Raised when a feature changes: artefacts trained on others are refused.
FEATURES_VERSION: Final = 1
#: Stands for the name; a private-use character, which folding leaves alone and no post needs.
_NAME: Final = "\ue000"
_MASK: Final = f" {_NAME} "
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

#: Words of names that are part of a longer one.
_IN_LONGER: Final = frozenset(word for name in LONGER for word in name.split(" "))
#: What is asked of every word and token, without a loop of our own.
_TOKENS: Final = attrgetter("tokens")
_ROOT: Final = attrgetter("root")
_SECTORS: Final = attrgetter("sectors")

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
    return find_named(text, spans, of, keyword_of(text, spans), folded)


def find_named(text: str, spans: Spans, of: Profile, keyword: str, folded: Folded | None) -> Found:
    """The same with the keyword, which ``keyword_of`` gives, at hand too."""
    found = list(chain.from_iterable(map(_TOKENS, read(_masked(text, spans, folded)))))
    stems = list(map(_ROOT, found))
    # A sign is its own stem.
    places = [at for at, stem in enumerate(stems) if stem == _NAME] if _NAME in stems else []
    near: set[str] = set()
    left: set[str] = set()
    right: set[str] = set()
    others = set(_shapes(text, spans))
    for place in places:
        low = max(0, place - _NEAR)
        before = [one.text for one in found[low:place]]
        after = [one.text for one in found[place + 1 : place + 1 + _NEAR]]
        near.update(stems[low : place + _NEAR + 1])
        left.update(_runs(" ".join(before)[-_RUN_REACH:] + " "))
        right.update(_runs(" " + " ".join(after)[:_RUN_REACH]))
        others.update(_beside(before, after, stems, place))
    others.update(_sectors(found, places, of))
    others.update(_other_reading(found, places, keyword))
    return Found(set(stems), near, left, right, others)


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
    return masked.replace("#", " ").replace("@ ", " ").replace(" " + _MASK, _MASK).replace(_MASK + " ", _MASK)


def _with_masks(text: str, spans: Spans) -> str:
    if not spans:
        return text[:_LONGEST]
    start = done = max(0, spans[0][0] - _BEFORE)
    parts: list[str] = []
    for low, high in spans:
        if done <= low < start + _LONGEST:
            parts += text[done:low], _MASK
            done = high
    return "".join([*parts, text[done : done + _AFTER]])


def _beside(before: Sequence[str], after: Sequence[str], stems: Sequence[str], place: int) -> list[str]:
    """The tokens that touch the name, alone and together; ``before`` and ``after``: those around it as they stand."""
    first, last = stems[place - 1] if place else "^", stems[place + 1] if place + 1 < len(stems) else "$"
    far, farther = stems[place - 2] if place > 1 else "^", stems[place + 2] if place + 2 < len(stems) else "$"
    made = [f"*-1 {first}", f"*+1 {last}", f"*-2 {far} {first}", f"*+2 {last} {farther}", f"*± {first} {last}"]
    if before and before[-1] in PERSONS:
        made.append("*person-1")
    if after and after[0] in PERSONS:
        made.append("*person1")
    if first in HEADS or (before and before[-1] in HEADS):
        made.append("*head")
    return made


def _shapes(text: str, spans: Spans) -> list[str]:
    """What is glued to the names, and how many there are."""
    made = [f"names {min(_MOST, len(spans))}"]
    for low, high in spans[:_MOST]:
        before, after = text[max(0, low - 1) : low], text[high : high + 1]
        made.append("*glue " + ("x" if before.isalnum() else before if before in _OPENING else ""))
        made.append("*tail " + ("x" if after.isalpha() else after if after in _CLOSING else ""))
    return made


def _other_reading(found: Sequence[Token], places: Sequence[int], keyword: str) -> list[str]:
    """Words of the keyword's other readings, near each name; names that are only part of a longer one."""
    made = ["other unknown"]
    if other := OTHER_READING.get(keyword):
        around = (found[max(0, place - _TOLD) : place + _TOLD + 1] for place in places)
        signs = max((sum(one.text in other or one.root in other for one in some) for some in around), default=0)
        made = [f"other ≥{least}" for least in range(1, min(signs, 4) + 1)]
    if keyword in _IN_LONGER:
        texts = ["", *(one.text for one in found), ""]
        longer = sum(
            f"{texts[place]} {keyword}" in LONGER or f"{keyword} {texts[place + 2]}" in LONGER for place in places
        )
        made += ["longer"] * (longer > 0) + ["only longer"] * (0 < longer == len(places))
    return made


def _sectors(found: Sequence[Token], places: Sequence[int], of: Profile) -> Sequence[str]:
    """How many words of the campaign's sectors there are, near the name and at all, and of the strongest other one."""
    counts: dict[str, int] = {}
    beside = 0
    for at in [at for at, sectors in enumerate(map(_SECTORS, found)) if sectors]:
        token = found[at]
        if token.text not in of.own:
            for sector in token.sectors:
                counts[sector] = counts.get(sector, 0) + 1
            near = any(abs(at - place) <= _NEAR for place in places)
            beside += near and not of.sectors.isdisjoint(token.sectors)
    unknown = "" if of.sectors else "?"
    if not counts:
        return _counted(unknown, 0, 0, 0)
    mine = max([counts.get(sector, 0) for sector in of.sectors], default=0)
    others = max([count for sector, count in counts.items() if sector not in of.sectors], default=0)
    strong = [f"*sector {sector}" for sector, count in counts.items() if count > 1]
    return [*_counted(unknown, mine, beside, max(-3, min(3, mine - others))), *strong]


@lru_cache(maxsize=_REMEMBERED)
def _counted(unknown: str, mine: int, beside: int, lead: int) -> tuple[str, ...]:
    return (
        *(f"own{unknown} ≥{least}" for least in range(1, min(mine, 6) + 1)),
        *(f"beside{unknown} ≥{least}" for least in range(1, min(beside, 4) + 1)),
        f"lead{unknown} {lead}",
        f"*own{unknown} {min(mine, 3)}",
    )
