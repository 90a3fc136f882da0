"""Spelling of a text put together from that of its pieces, which other texts had too.

Nearly all of hazm's rules look at characters beside each other. So a text is cut at its blanks, and what becomes of a
piece is worked out once. Pieces between which a rule may reach over the blank (می شود, کتاب ها, سلام !) are read
together as one piece, and that is remembered too. Where rules reach further (quotation marks, a stretched word that
another one may hold), the whole text goes through all rules. Results are equal to those of the rules (property-tested).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from models.persian import ZWNJ
from processors.remembered import Remembered
from processors.spelling import APART, NEVER, Spelling

_BLANK: Final = " "
#: What reaches from one end of a text to the other, and blanks that are not one blank.
_REACHING: Final = re.compile('["\t\r\xa0]|\n\n\n')
_LETTER: Final = "[آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئءأؤa-zA-Z]"
#: What no rule changes that looks at characters, half-spaces between letters, and marks behind it; most pieces.
_SIMPLE: Final = re.compile(
    rf"((?:[^\s\d%.:!،؛؟?»«\[\](){{}}/\\ـ{ZWNJ}]|(?<={_LETTER}){ZWNJ}(?={_LETTER}))+…?)([.:]{{1,2}}|[،؛]|[؟!]+)?"
)
#: What a rule may change even so: stretched letters, the plural of a word in ه.
_NOT_SIMPLE: Final = re.compile(r"([^\W\d_])\1\1|هها")
_CLOSING: Final = frozenset(".:!،؛؟»])}")
_OPENING: Final = frozenset("«[({")
_MI: Final = frozenset(["می", "نمی"])
_YEH: Final = "ی"
#: hazm's rules join these to what stands before them, ی only before a blank.
_AFFIXES: Final = frozenset(
    [*("تر", "تری", "ترین", "گر", "گری", "ها", "های", "هایی"), *("ام", "ایم", "اش", "اند", "ای", "اید", "ات", _YEH)]
)
#: A piece is read together with the next one if its right side and the other's left side have one of these in common.
_COMPOUND: Final = 1
_JOINS_LEFT: Final = 2
_JOINS_RIGHT: Final = 4
#: Besides, of left sides: می, which a rule joins at the beginning of a text, but not of a line.
_MI_FIRST: Final = 8
#: Pieces that are remembered, and how long (code points) they may be; longer ones are not put together.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 60
_LONGEST: Final = 300


_Verbs = Sequence[tuple[str, str]]


class _Piece(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What is known of a piece of text."""

    #: What becomes of it, verbs with می aside; None: it stays as it is, and has nothing that is changed everywhere.
    written: str | None
    #: What it is to the piece after it, and to the one before it.
    right: int = _JOINS_LEFT
    left: int = _JOINS_RIGHT
    #: Its last token, where that may begin a compound; how its first one goes with the tokens before it.
    last: str = ""
    joints: Mapping[str, int] = NEVER
    #: Its last token, if it is joined to the one before it unless the next one goes on with a form of the verb.
    pending: str = ""
    #: A mark at its end is set apart from a line break behind it; one at its beginning from one before it.
    closed: bool = False
    opened: bool = False
    #: What is changed wherever it stands in the text: verbs with می in it, and a stretched word (the piece).
    verbs: _Verbs = ()
    stretched: str = ""
    #: Whether what becomes of it stays as it is, whatever stands beside it.
    settled: bool = False


_UNCHANGED: Final = _Piece(None)
_MARKED: Final = _Piece(None, closed=True)
#: Nothing is left of the piece.
_EMPTY: Final = _Piece("", right=0, left=0)
#: It cannot be told apart from what stands beside it.
_BOUND: Final = _Piece(None, right=0, left=0)


class Pieces:
    """``Spelling`` for texts that are made of known pieces."""

    def __init__(self, rules: Spelling) -> None:
        self._rules: Final = rules
        self._known: Final = Remembered(self._piece, _REMEMBERED, _LONGEST_REMEMBERED)

    def normalize(self, text: str, known: dict[str, str]) -> str:
        """What ``Spelling.normalize`` gives. ``known``, shared by the rounds over one text, takes what is certain."""
        if text not in known:
            spelled = self._rules.letters(text)
            found = None if _REACHING.search(spelled) else self._joined(spelled)
            known[text], settled = found or (self._rules.normalize(spelled), False)
            if settled:
                known[known[text]] = known[text]
        return known[text]

    def _joined(self, text: str) -> tuple[str, bool] | None:
        """The text from its pieces, and whether nothing in it would change once more; None where they do not tell."""
        written: list[str] = []
        changed: list[_Piece] = []
        break_before = ""
        for line in text.split("\n"):
            if (read := self._read(line)) is None:
                return None
            pieces, found = read
            if found and break_before:
                if found[0].left & _MI_FIRST:
                    return None
                break_before += _BLANK * found[0].opened
            for at, one in enumerate(found):
                if one.written is not None:
                    pieces[at] = one.written
                    changed.append(one)
            written += break_before, _BLANK.join(pieces)
            break_before = " \n" if found and found[-1].closed else "\n"
        return _everywhere("".join(written), changed)

    def _read(self, line: str) -> tuple[list[str], list[_Piece]] | None:
        """The pieces of a line, those as one that must be read together; None where one is bound."""
        pieces = line.split(_BLANK)
        found = list(map(self._known.__getitem__, pieces))
        before = _EMPTY
        for one in found:
            meet = before.right & one.left
            if (meet and (meet != _COMPOUND or one.joints[before.last] != APART)) or not one.left or one.pending:
                return self._read_together(pieces, found)
            before = one
        return pieces, found

    def _read_together(self, given: Sequence[str], known: Sequence[_Piece]) -> tuple[list[str], list[_Piece]] | None:
        rules = self._rules
        pieces: list[str] = []
        found: list[_Piece] = []
        before = _EMPTY
        for piece, one in zip(given, known, strict=True):
            if one is _EMPTY:
                continue
            if (meet := before.right & one.left) and (meet != _COMPOUND or one.joints[before.last] != APART):
                pieces[-1] = f"{pieces[-1]} {piece}"
                found[-1] = before = self._known[pieces[-1]]
            elif before.pending and rules.goes_on(before.pending, rules.tokens(piece)[0]):
                return None
            else:
                pieces.append(piece)
                found.append(one)
                before = one
            if before is _BOUND:
                return None
        return pieces, found

    def _piece(self, text: str) -> _Piece:
        return self._simple(text) or (self._any(text) if len(text) <= _LONGEST else _BOUND)

    def _simple(self, text: str) -> _Piece | None:
        """A word, or what else is no mark, and perhaps a mark behind it; None where rules may change it."""
        found = _SIMPLE.fullmatch(text)
        if found is None or _NOT_SIMPLE.search(text) or self._rules.is_rare(text):
            return None
        word, mark = found.groups()
        if mark and (word == _YEH or word in _MI):
            # Rules for these ask for the blank behind, and there is one for a moment before a mark.
            return None
        last, right = ("", _JOINS_LEFT) if mark else (word, self._right(word))
        left, verbs = self._left(word), self._rules.joined_verbs(word)
        if verbs:
            settled = self._settled(text, verbs, closed=bool(mark))
            return _Piece(
                text, right, left, last, self._rules.joints(word), closed=bool(mark), verbs=verbs, settled=settled
            )
        if right != _JOINS_LEFT or left != _JOINS_RIGHT:
            return _Piece(None, right, left, last, self._rules.joints(word), closed=bool(mark))
        return _MARKED if mark else _UNCHANGED

    def _any(self, text: str) -> _Piece:
        tokens, spaced, written, stretched = self._rules.steps(text)
        if not tokens:
            return _EMPTY
        if ZWNJ in (spaced[0][0], spaced[-1][-1]):
            return _BOUND
        verbs = self._rules.joined_verbs(written)
        closed, opened = spaced[-1][-1] in _CLOSING, spaced[0][0] in _OPENING
        return _Piece(
            written if verbs or stretched or written != text else None,
            self._right(spaced[-1]),
            self._left(tokens[0]),
            spaced[-1],
            self._rules.joints(tokens[0]),
            pending=tokens[-1] if spaced[-1] != tokens[-1] else "",
            closed=closed,
            opened=opened,
            verbs=verbs,
            stretched=text if stretched else "",
            settled=not opened and self._settled(written, verbs, closed=closed),
        )

    def _settled(self, written: str, verbs: _Verbs, *, closed: bool) -> bool:
        separated = _separated(written, verbs)
        return self._simple(separated) is (_MARKED if closed else _UNCHANGED)

    def _right(self, last: str) -> int:
        """What a piece with this last token is to the piece after it."""
        together = last in _MI or last == _YEH or last[-1] in _OPENING
        return _JOINS_LEFT | _COMPOUND * self._rules.begins(last) | _JOINS_RIGHT * together

    def _left(self, first: str) -> int:
        """What a piece with this first token is to the piece before it."""
        together = first in _AFFIXES or first[0] in _CLOSING
        return (
            _JOINS_RIGHT
            | _COMPOUND * (self._rules.joints(first) is not NEVER)
            | _JOINS_LEFT * together
            | _MI_FIRST * (first in _MI)
        )


def _everywhere(text: str, changed: Sequence[_Piece]) -> tuple[str, bool] | None:
    """The text with its verbs separated, and whether all is settled.

    None where stretched words may hold each other, or where more lines turned out to be empty than may be.
    """
    if "\n\n\n" in text or len({one.stretched for one in changed if one.stretched}) > 1:
        return None
    for one in changed:
        text = _separated(text, one.verbs)
    return text, all(one.settled for one in changed)


def _separated(text: str, verbs: _Verbs) -> str:
    for verb, apart in verbs:
        text = text.replace(verb, apart)
    return text
