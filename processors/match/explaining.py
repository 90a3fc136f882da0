"""Why a text matches a campaign or not: token by token for what counts, with the reason for what only looks like it.

For people who write campaigns; it takes milliseconds per text. What counts is decided by the matcher itself; only
places that it did not accept are looked at again here, to name the rule that they break.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from typing import Final

import msgspec

from models.campaign import Campaign, CampaignSet
from models.persian import LETTER_RANGES, ZWNJ
from processors.match.canonical import Canonical, canonical
from processors.match.folding import CASE_CHANGE, TAG_UNDERSCORE, fold
from processors.match.matcher import Matcher
from processors.match.patterns import KeywordPattern
from processors.match.reasons import FOUND, MISSED, REFUSED_PREFIXES, REFUSED_SUFFIXES, Words
from processors.match.registry import terms_of
from processors.match.results import Match, Rule
from processors.match.words import PLAIN, Form, words_of
from processors.query.facts import Facts
from processors.query.syntax import parse
from processors.query.tree import And, Near, Node, Not, Or, Term

_MARKS: Final = f"{ZWNJ}{CASE_CHANGE}{TAG_UNDERSCORE}"
_SEPARATING: Final = re.compile(rf"[\s{_MARKS}_\-]+")
_LETTERS_BEFORE: Final = re.compile(rf"[{LETTER_RANGES}]+\Z|[^\W\d_{LETTER_RANGES}]+\Z")
_LETTERS_AFTER: Final = re.compile(rf"[{LETTER_RANGES}]+|[^\W\d_{LETTER_RANGES}]+")
_REST: Final = re.compile(rf"[{LETTER_RANGES}{ZWNJ}]+")
#: Letters that writers mix up and the rules keep apart.
_ALIKE: Final = {"ا": "[اآ]", "آ": "[اآ]"}
_CONTEXT: Final = 200


class Token(msgspec.Struct, frozen=True):
    """A piece of the text and how it is read; ``role``: word, separator, suffix."""

    text: str
    reads: str
    role: str


class Occurrence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place that counts (``rule``) or only looks like it (``reason``); code points ``start:end`` of the text."""

    keyword: str
    start: int
    end: int
    text: str
    en: str
    fa: str
    rule: str = ""
    reason: str = ""
    tokens: tuple[Token, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """One campaign and one text. ``because`` says what kept the campaign from matching in spite of ``found``."""

    id: str
    matched: bool
    found: tuple[Occurrence, ...]
    missed: tuple[Occurrence, ...]
    because: tuple[Occurrence, ...]


class Explainer:
    """A campaign set, ready to be explained. Raises ValueError as ``Matcher`` does."""

    def __init__(self, campaign_set: CampaignSet) -> None:
        self._matcher = Matcher(campaign_set)
        self._campaigns = tuple(map(_Explained, campaign_set.campaigns))

    def explain(self, text: str, facts: Facts = Facts()) -> list[Explanation]:  # noqa: B008 - immutable
        """The campaigns that match the text or come near it, by id."""
        matched = {one.campaign_id: one.matches for one in self._matcher.text(text, facts)}
        post = canonical(text)
        found = (campaign.explain(post, matched.get(campaign.id)) for campaign in self._campaigns)
        return [one for one in found if one.matched or one.found or one.missed]


class _Explained:
    """One campaign's terms."""

    def __init__(self, campaign: Campaign) -> None:
        self.id = campaign.id
        self._campaign = campaign
        self._query = parse(campaign.query) if campaign.query else None
        terms = [_Searched(word, PLAIN) for word in (*campaign.keywords, *campaign.all_of)]
        asked = [term for term, wanted in _signed(self._query, positive=True) if wanted] if self._query else []
        self._terms = (*terms, *(_Searched(term.text, Form(term.exact, term.wildcard)) for term in asked))
        self._none_of = tuple(_Searched(word, PLAIN) for word in campaign.none_of)
        self._excepted = tuple(_Searched(word, PLAIN) for word in campaign.except_)

    def explain(self, post: Canonical, matches: tuple[Match, ...] | None) -> Explanation:
        """The verdict, ``matches`` (None: none), with its reasons."""
        accepted = [(term, Match(term.written, *span)) for term in self._terms for span in term.spans(post)]
        counted = [match for _, match in accepted] if matches is None else list(matches)
        found = tuple(_occurrence(post, match) for match in dict.fromkeys(counted))
        missed = tuple(miss for term in self._terms for miss in term.misses(post))
        because = () if matches is not None else tuple(self._because(post, counted))
        return Explanation(self.id, matches is not None, found, tuple(dict.fromkeys(missed)), because)

    def _because(self, post: Canonical, counted: list[Match]) -> Iterator[Occurrence]:
        if not counted:
            return
        excepted = [(span, word) for word in self._excepted for span in word.spans(post)]
        for match in counted:
            for (start, end, _), word in excepted:
                if start <= match.start and match.end <= end:
                    yield _missed(post, match.keyword, (start, end), "except", word.written)
        yield from (
            _missed(post, word.written, span[:2], "none_of", word.written)
            for word in self._none_of
            for span in word.spans(post)
        )
        for needed in self._campaign.all_of:
            if not KeywordPattern(needed).find(post):
                yield _missed(post, needed, (0, 0), "all_of", needed)
        if self._query is not None and not self._campaign.keywords:
            yield from self._query_reasons(post, self._query)

    def _query_reasons(self, post: Canonical, query: Node) -> Iterator[Occurrence]:
        reasons: list[Occurrence] = []
        for term, wanted in _signed(query, positive=True):
            spans = _Searched(term.text, Form(term.exact, term.wildcard)).spans(post)
            if wanted and not spans:
                reasons.append(_missed(post, term.written, (0, 0), "query_lacks", term.written))
            if not wanted and spans:
                reasons.append(_missed(post, term.written, spans[0][:2], "query_not", term.written))
        yield from reasons or [_missed(post, "", (0, 0), "query", "")]


class _Searched:
    """One term: where it is, and where something like it is."""

    def __init__(self, written: str, form: Form) -> None:
        self.written = written + "*" * form.wildcard
        self._form = form
        self._text = written
        self._words = words_of(written)
        self._pattern = KeywordPattern(written, form)

    def spans(self, post: Canonical) -> list[tuple[int, int, Rule]]:
        """Start, end and rule of every occurrence that counts."""
        return [(hit.start, hit.end, hit.rule) for hit in self._pattern.find(post)]

    def misses(self, post: Canonical) -> Iterator[Occurrence]:
        """Every place where only the letters are alike, with the first rule that it breaks."""
        taken = [(start, end) for start, end, _ in self.spans(post)]
        folded = fold(post.original)
        for place in self._loose.finditer(folded.text):
            start, end = folded.span(*place.span())
            if not any(start < stop and begin < end for begin, stop in taken):
                reason = self._reason(post, place, (start, end))
                if reason is not None:
                    yield _missed(post, self.written, (start, end), *reason)

    @cached_property
    def _loose(self) -> re.Pattern[str]:
        """The letters in their order, stretched or not, with little between them."""
        words = [f"[{ZWNJ}_ \n-]{{0,2}}".join(map(_loosely, groupby(word))) for word in self._words]
        return re.compile(rf"(?:{ZWNJ}?ی)?[^\w]{{0,4}}[_]?[^\w]{{0,2}}".join(words))

    def _reason(self, post: Canonical, place: re.Match[str], span: tuple[int, int]) -> tuple[str, str] | None:
        """The rule that is broken, and by what; None where the letters only happen to follow each other."""
        if any(url.starts and url.starts[0] <= span[0] and span[1] <= url.ends[-1] for url in post.urls):
            return "url", ""
        text, written = place.string, place.group()
        before, after = text[max(0, place.start() - _CONTEXT) : place.start()], text[place.end() :]
        begins, inside, ends = _edge_before(before, written), self._inside(written), self._edge_after(written, after)
        if inside:
            return None if begins or ends else inside
        if begins and ends:
            return None
        return begins or ends or ("other", "")

    def _inside(self, written: str) -> tuple[str, str] | None:
        """What is wrong between the first and the last letter."""
        plain, wanted = _SEPARATING.sub("", written), "".join(self._words)
        for char, other in zip(_runs(wanted), _runs(re.sub(r"\W", "", plain)), strict=False):
            if char[0] != other[0] and other[0] in "اآ":
                return "letters", other[0]
        if len(self._words) == 1 and (gap := re.search(r"\s|-|_", written)):
            return "one_word", _SEPARATING.sub(" ", written) if gap else ""
        if odd := re.search(rf"[^\w\s{_MARKS}-]", written):
            return ("separator", odd.group()) if odd.group() not in wanted else None
        if len(re.findall("\n", written)) > 1:
            return "line_breaks", ""
        lengths = zip(_runs(wanted), _runs(plain), strict=False)
        if any(len(other) != len(one) and (len(other) < 3 or len(other) < len(one)) for one, other in lengths):  # noqa: PLR2004 - the repeats rule
            return "repeat", ""
        return None

    def _edge_after(self, written: str, after: str) -> tuple[str, str] | None:
        if written[-1].isdecimal() and re.match(rf"[{ZWNJ}.,٫٬]?\d", after):
            return "number", ""
        rest = _REST.match(after)
        spelled = canonical(self._text + (rest[0] if rest else ""))
        if self._pattern.find(spelled):
            return None
        if self._form.exact and KeywordPattern(self._text).find(spelled):
            return "quoted", ""
        compound = after[:1] == ZWNJ
        following = _LETTERS_AFTER.match(after.lstrip(ZWNJ))
        if following is None or _is_persian(following[0]) != _is_persian(written[-1]):
            return None
        if following[0] in REFUSED_SUFFIXES:
            return "suffix", following[0]
        return ("half_space_after" if compound else "word_after"), following[0]


def _edge_before(before: str, written: str) -> tuple[str, str] | None:
    if written[0].isdecimal():
        return ("number", "") if re.search(rf"\d[{ZWNJ}.,٫٬]?\Z", before) else None
    compound = before[-1:] == ZWNJ
    word = _LETTERS_BEFORE.search(before.rstrip(ZWNJ))
    if word is None or _is_persian(word[0]) != _is_persian(written):
        return None
    if word[0] in REFUSED_PREFIXES:
        return "prefix", word[0]
    return ("half_space_before" if compound else "word_before"), word[0]


def _is_persian(word: str) -> bool:
    return re.match(f"[{LETTER_RANGES}]", word) is not None


def _loosely(run: tuple[str, Iterable[str]]) -> str:
    char = _ALIKE.get(run[0], re.escape(run[0]))
    return f"{char}(?:{char})*" if run[0].isalpha() else char * len(list(run[1]))


def _runs(text: str) -> list[str]:
    return ["".join(run) for _, run in groupby(text)]


def _signed(node: Node, *, positive: bool) -> Iterator[tuple[Term, bool]]:
    """Every term with whether it is wanted."""
    match node:
        case Not():
            yield from _signed(node.child, positive=not positive)
        case And() | Or():
            for child in node.children:
                yield from _signed(child, positive=positive)
        case Near() | Term():
            yield from ((term, positive) for term in terms_of(node))


def _occurrence(post: Canonical, match: Match) -> Occurrence:
    text = post.original
    tokens, suffix = tuple(_tokens(text, match)), ""
    if tokens and tokens[-1].role == "suffix":
        suffix = tokens[-1].reads
    words = FOUND[match.rule]
    return Occurrence(
        match.keyword,
        match.start,
        match.end,
        text[match.start : match.end],
        words.en.format(detail=suffix),
        words.fa.format(detail=suffix),
        rule=match.rule,
        tokens=tokens,
    )


def _tokens(text: str, match: Match) -> Iterator[Token]:
    """The words and separators of a span, and the suffix behind it."""
    written = text[match.start : match.end]
    for part in re.findall(rf"[\s_{ZWNJ}\-]+|[^\s_{ZWNJ}\-]+", written):
        reads = fold(part).text
        role = "separator" if _SEPARATING.fullmatch(reads) else "word"
        yield Token(part, " " if role == "separator" else reads, role)
    if match.rule in ("suffix", "ezafe"):
        folded = fold(text[match.end : match.end + _CONTEXT])
        if rest := _REST.match(folded.text):
            start, end = folded.span(*rest.span())
            yield Token(text[match.end + start : match.end + end], rest[0].replace(ZWNJ, ""), "suffix")


def _missed(post: Canonical, keyword: str, span: tuple[int, int], code: str, detail: str) -> Occurrence:
    words: Words = MISSED[code]
    start, end = span
    shown = post.original[start:end]
    return Occurrence(
        keyword, start, end, shown, words.en.format(detail=detail), words.fa.format(detail=detail), reason=code
    )
