"""Sentiment toward one of several brands: the clauses that speak of it, and comparisons that turn it round."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Final, NamedTuple

from models.persian import ZWNJ
from models.relevance.cues import HEADS
from models.relevance.names import EVERYDAY, NAMES
from processors.match.folding import Folded, fold, fold_text
from processors.sentiment.model import Sentiment, SentimentModel
from processors.sentiment.tokens import LONGEST, Word, read

_TOKEN: Final = re.compile(rf"\w+(?:{ZWNJ}+\w+)*|[^\w\s]|\n")
_ENDS: Final = frozenset(".!?؟؛;\n…")
_COMMAS: Final = frozenset("،,:-–")
#: A clause that turns against the one before begins with them.
_TURNS: Final = frozenset(
    ["اما", "ولی", "لیکن", "ولیکن", "درحالیکه", "حالآنکه", "برعکس", "عوضش", "درعوض", "درمقابل", "درمقابلش"]
)
_TURNS_OF_TWO: Final = frozenset(["در عوض", "در مقابل", "در حالیکه", "در حالی", "به عکس", "بر عکس"])
_FIRST_OF_TWO: Final = frozenset(pair.partition(" ")[0] for pair in _TURNS_OF_TWO)
#: What stands before the name that the other one is better or worse than.
_THAN: Final = "از"
_UNLIKE: Final = frozenset(["برخلاف", "برعکس", "خلاف"])
_BETTER: Final = re.compile("(?:.{2,}تر(?:ه|ن|ین|ی|است|م)?|به|سرتر|سرتره|بیشتر|کمتر)")
_AND: Final = "و"
_WHICH: Final = "که"
_TOLD_BEFORE: Final = 2
#: Where other brands are looked for (code points): a press article, and a bound on the cost of a hostile one.
_LONGEST: Final = 20_000
_names_of: Final = attrgetter("names")

Spans = Sequence[tuple[int, int]]


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    ours: bool
    other: bool


class Asked(NamedTuple):
    """A text, where in it the target stands (code points), and the text folded, if at hand."""

    text: str
    spans: Spans
    folded: Folded | None = None


def toward(model: SentimentModel, text: str, spans: Spans) -> Sentiment:
    """The sentiment toward what stands at the spans: that of its clauses where other brands have theirs.

    Without spans, or without another known brand, it is that of the whole text.
    """
    return toward_each(model, [Asked(text, spans)])[0]


def toward_each(model: SentimentModel, asked: Iterable[Asked]) -> list[Sentiment]:
    """The same of many texts, each as if alone."""
    parts = list(map(_read_part, asked))
    scored = model.score_read([words for words, _ in parts])
    return [_turn(found) if turned else found for found, (_, turned) in zip(scored, parts, strict=True)]


def _read_part(asked: Asked) -> tuple[Sequence[Word], bool]:
    """The part of a text that speaks of the target, read, and whether what it says is said of the opposite."""
    text, spans, folded = asked
    if len(text) > LONGEST:
        part, turned = focus(text[:_LONGEST], [span for span in spans if span[1] <= _LONGEST])
        return read(fold_text(part[:LONGEST])), turned
    words = read(folded.text if folded else fold_text(text))
    if not spans or _names_nobody_else(words, text, spans):
        return words, False
    part, turned = _focus(text, spans)
    return words if part == text else read(fold_text(part[:LONGEST])), turned


def focus(text: str, spans: Spans) -> tuple[str, bool]:
    """The part of the text that speaks of the target, and whether what it says is said of the opposite."""
    if not spans or _names_nobody_else(read(fold(text).text), text, spans):
        return text, False
    return _focus(text, spans)


def _focus(text: str, spans: Spans) -> tuple[str, bool]:
    tokens = _tokens(text, spans)
    if not any(one.other for one in tokens):
        return text, False
    clauses = _clauses(tokens)
    ours = _ours(clauses)
    if not ours:
        return text, False
    turned = any(_is_compared(clause) for clause in ours)
    part = " ".join(text[clause[0].start : clause[-1].end] for clause in ours)
    return part, turned


def _names_nobody_else(words: Sequence[Word], text: str, spans: Spans) -> bool:
    """A quick look that most texts pass: no known name but the target's, and no everyday word after a head."""
    found = set(chain.from_iterable(map(_names_of, words)))
    named = found & NAMES
    if not named or (named <= EVERYDAY and HEADS.isdisjoint(found)):
        return True
    return named <= {_canonical(text[low:high]) for low, high in spans}


def _tokens(text: str, spans: Spans) -> list[_Token]:
    tokens: list[_Token] = []
    first, last = min(low for low, _ in spans), max(high for _, high in spans)
    before = ""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = _canonical(match.group())
        ours = first < end and start < last and any(low < end and start < high for low, high in spans)
        tokens.append(_Token(word, start, end, ours, not ours and _is_brand(word, before)))
        before = word
    return tokens


@lru_cache(maxsize=1 << 15)
def _canonical(token: str) -> str:
    return fold(token).text.replace(ZWNJ, "") or token


def _is_brand(word: str, before: str) -> bool:
    """A known name; one that is an ordinary word too only after a noun that says so (بانک ملت)."""
    return word in NAMES and (word not in EVERYDAY or before in HEADS)


def _clauses(tokens: list[_Token]) -> list[list[_Token]]:
    """Stretches between the ends of sentences, commas, turns, and ``و`` before another brand."""
    clauses: list[list[_Token]] = [[]]
    for at, token in enumerate(tokens):
        if token.text in _ENDS or token.text in _COMMAS:
            clauses.append([])
            continue
        if _turns(tokens, at) or (token.text == _AND and _goes_on(clauses[-1], tokens[at + 1 : at + 1 + _TOLD_BEFORE])):
            clauses.append([])
        clauses[-1].append(token)
    return [clause for clause in clauses if clause]


def _turns(tokens: list[_Token], at: int) -> bool:
    text = tokens[at].text
    if text in _TURNS:
        return True
    return text in _FIRST_OF_TWO and at + 1 < len(tokens) and f"{text} {tokens[at + 1].text}" in _TURNS_OF_TWO


def _goes_on(clause: list[_Token], after: list[_Token]) -> bool:
    """Whether a clause says enough of a brand for an ``و`` before another one to begin a new clause."""
    return (
        len(clause) > _TOLD_BEFORE
        and any(one.ours or one.other for one in clause)
        and any(one.ours or one.other for one in after)
    )


def _ours(clauses: list[list[_Token]]) -> list[list[_Token]]:
    """The clauses that name the target, and those after them that name nobody.

    A clause that only says whom the next one differs from (برخلاف …) brings the next one in.
    """
    ours: list[list[_Token]] = []
    about_us = False
    for clause in clauses:
        mine = any(one.ours for one in clause)
        others = any(one.other for one in clause)
        if mine:
            about_us = True
        elif others:
            about_us = bool(ours) and ours[-1] is clauses[clauses.index(clause) - 1] and _only_unlike(ours[-1])
            if about_us:
                ours.append(clause)
            about_us = False
            continue
        if about_us:
            ours.append(clause)
    return ours


def _only_unlike(clause: list[_Token]) -> bool:
    return clause[0].text in _UNLIKE and len(clause) <= 1 + _TOLD_BEFORE


def _is_compared(clause: list[_Token]) -> bool:
    """Whether the target is what the other one is better (or worse) than, or unlike."""
    for at, token in enumerate(clause):
        before = clause[at - 1].text if at else ""
        if token.ours and before in _UNLIKE:
            return at + 1 == len(clause) or clause[at + 1].text != _WHICH
        if token.ours and before == _THAN and any(one.other for one in clause):
            return any(_BETTER.fullmatch(one.text) for one in clause)
    return False


def _turn(found: Sentiment) -> Sentiment:
    """Praise of the other is blame of this one."""
    scores = dict(found.scores)
    if "positive" not in scores or "negative" not in scores:
        return found
    scores["positive"], scores["negative"] = scores["negative"], scores["positive"]
    return Sentiment({"positive": "negative", "negative": "positive"}.get(found.label, found.label), scores)
