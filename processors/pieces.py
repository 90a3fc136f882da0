"""Spelling of a text put together from that of its pieces, which other texts had too.

Nearly all of hazm's rules look at characters beside each other. So a text is cut at its blanks, and what becomes of a
piece is worked out once. Pieces between which a rule may reach over the blank (می شود, کتاب ها, سلام !) are read
together as one piece, and that is remembered too. Where rules reach further (odd quotation marks, a stretched word
that another one may hold), the whole text goes through all rules. Results are equal to those of the rules
(property-tested).
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from models.persian import ZWNJ
from processors.remembered import Remembered
from processors.spelling import NO_TAILS, Spelling

_BLANK: Final = " "
_QUOTE: Final = '"'
#: Two quotation marks reach from one end of a text to the other; there are blanks that are not one blank.
_REACHING: Final = ("\t", "\r", "\xa0", "\n\n\n")
_LETTER: Final = "[آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئءأؤa-zA-Z]"
_CHARS: Final = rf"[^\s\d%\".:!،؛؟?»«\[\](){{}}/\\ـ{ZWNJ}]+"
#: Marks before a word or sign, the word, and marks behind it, or marks alone: what most pieces are.
_SIMPLE: Final = re.compile(
    rf"([«\[({{]*)({_CHARS}(?:{ZWNJ}(?<={_LETTER}{ZWNJ})(?={_LETTER}){_CHARS})*)([.:!،؛؟»\])}}]*)|[.:!،؛؟»\])}}]+"
)
_STRETCHED: Final = re.compile(r"([^\W\d_])\1\1")
_DOUBLE: Final = "هها"
_DOTS: Final = "..."
_CLOSING: Final = frozenset(".:!،؛؟»])}")
_OPENING: Final = frozenset("«[({")
_MI: Final = frozenset(["می", "نمی"])
_YEH: Final = "ی"
#: A line break goes for a letter with the rules for ه, and not for a blank with the one for می.
_BEGINNING: Final = _MI | {"ه"}
#: hazm's rules join these to what stands before them, ی only before a blank.
_AFFIXES: Final = frozenset(
    [*("تر", "تری", "ترین", "گر", "گری", "ها", "های", "هایی"), *("ام", "ایم", "اش", "اند", "ای", "اید", "ات", _YEH)]
)
#: Pieces that are remembered, and how long (code points) they may be; longer ones are not put together.
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 60
_LONGEST: Final = 300


class _Piece(msgspec.Struct, eq=False, gc=False):
    """What is known of a piece of text."""

    #: What becomes of it, verbs with می aside; None: it stays as it is, and has nothing that is changed everywhere.
    written: str | None = None
    #: Whether it is read together with any piece before it, and with any after it.
    joins_before: bool = False
    joins_after: bool = False
    #: Besides, it is with a piece after it whose first token is one of the tails that its last token may have.
    first: str = ""
    tails: frozenset[str] = NO_TAILS
    #: Its last token, if it is joined to the one before it unless the next one goes on with a form of the verb.
    pending: str = ""
    #: Its first token means one thing to a rule where a text begins, and another where another line does.
    begins: bool = False
    #: A mark at its end is set apart from a line break behind it; one at its beginning from one before it.
    closed: bool = False
    opened: bool = False
    #: What is changed wherever it stands in the text: verbs with می in it, and a stretched word (the piece).
    verbs: Sequence[tuple[str, str]] = ()
    stretched: str = ""
    #: Whether what becomes of it stays so; None before somebody asks.
    stays: bool | None = None


#: Words that stay as they are, whatever stands beside them; marks, which stand behind what is before them.
_UNCHANGED: Final = _Piece()
_MARKED: Final = _Piece(closed=True)
_MARKS: Final = _Piece(joins_before=True, closed=True)
#: Nothing is left of the piece.
_EMPTY: Final = _Piece("")
#: It cannot be told apart from what stands beside it.
_BOUND: Final = _Piece()


class _Line(NamedTuple):
    """What becomes of the pieces of a line; those as one that must be read together."""

    written: list[str]
    pieces: list[_Piece]
    changed: list[_Piece]


class Pieces:
    """``Spelling`` for texts that are made of known pieces."""

    def __init__(self, rules: Spelling) -> None:
        self._rules: Final = rules
        self._known: Final = Remembered(self._piece, _REMEMBERED, _LONGEST_REMEMBERED)

    def normalize(self, text: str, known: dict[str, str]) -> str:
        """What ``Spelling.normalize`` gives. ``known``, shared by the rounds over one text, takes what is certain."""
        if text not in known:
            known[text], settled = self._joined(text) or (self._rules.normalize(text), False)
            if settled:
                known[known[text]] = known[text]
        return known[text]

    def _joined(self, text: str) -> tuple[str, bool] | None:
        """The text from its pieces, and whether nothing in it would change once more; None where they do not tell."""
        text = self._rules.letters(text)
        if _QUOTE in text:
            text = self._rules.quotes(text)
            if text.count(_QUOTE) > 1:
                return None
        if any(map(text.__contains__, _REACHING)):
            return None
        written: list[str] = []
        changed: list[_Piece] = []
        break_before = ""
        for given in text.split("\n"):
            if (line := self._line(given)) is None:
                return None
            if line.pieces and break_before:
                if line.pieces[0].begins:
                    return None
                break_before += _BLANK * line.pieces[0].opened
            written += break_before, _BLANK.join(line.written)
            changed += line.changed
            break_before = " \n" if line.pieces and line.pieces[-1].closed else "\n"
        return self._everywhere("".join(written), changed)

    def _line(self, line: str) -> _Line | None:
        """A line, read from its pieces; None where one is bound."""
        pieces = list(filter(None, line.split(_BLANK)))
        found = list(map(self._known.__getitem__, pieces))
        together = changes = False
        before = unchanged = _UNCHANGED
        for at, one in enumerate(found):
            if one is unchanged is before:
                continue
            if one is _EMPTY:
                left = [piece for piece, known in zip(pieces, found, strict=True) if known is not _EMPTY]
                return self._line(_BLANK.join(left))
            if at and (before.joins_after or one.joins_before or one.first in before.tails):
                together = True
                pieces[at] = f"{pieces[at - 1]} {pieces[at]}"
                pieces[at - 1], found[at - 1] = "", _EMPTY
                one = found[at] = self._known[pieces[at]]  # noqa: PLW2901
            elif before.pending and self._rules.goes_on(before.pending, self._rules.tokens(pieces[at])[0]):
                return None
            if one is _BOUND:
                return None
            changes = changes or one.written is not None
            before = one
        if together:
            pieces, found = list(filter(None, pieces)), [one for one in found if one is not _EMPTY]
        if not changes:
            return _Line(pieces, found, [])
        written = [piece if one.written is None else one.written for piece, one in zip(pieces, found, strict=True)]
        return _Line(written, found, [one for one in found if one.written is not None])

    def _everywhere(self, text: str, changed: Sequence[_Piece]) -> tuple[str, bool] | None:
        """The text with its verbs separated, and whether all is settled.

        None where stretched words may hold each other, or where more lines turned out to be empty than may be.
        """
        if "\n\n\n" in text or len({one.stretched for one in changed if one.stretched}) > 1:
            return None
        verbs = [pair for one in changed for pair in one.verbs]
        for one in changed:
            if one.stays is None:
                one.stays = self._stays(one)
        settled = all(one.stays for one in changed) and all(text.count(pair[0]) == verbs.count(pair) for pair in verbs)
        return _separated(text, verbs), settled

    def _stays(self, piece: _Piece) -> bool:
        """Whether what has become of a piece stays so: it does alone, and is no more to its neighbours than before."""
        text = _separated(piece.written or "", piece.verbs)
        line = self._line(text)
        if line is None or line.changed or not line.pieces or _BLANK.join(line.written) != text:
            return False
        first, last = line.pieces[0], line.pieces[-1]
        return (
            first.joins_before <= piece.joins_before
            and last.joins_after <= piece.joins_after
            and first.first in ("", piece.first)
            and last.tails <= piece.tails
            and last.pending in ("", piece.pending)
            and (first.begins, first.opened, last.closed) == (piece.begins, piece.opened, piece.closed)
        )

    def _piece(self, text: str) -> _Piece:
        return self._simple(text) or (self._any(text) if len(text) <= _LONGEST else _BOUND)

    def _simple(self, text: str) -> _Piece | None:
        """A word, or what else is no mark, perhaps with marks around it, or marks; None where rules may change it."""
        rules = self._rules
        found = _SIMPLE.fullmatch(text)
        if found is None or _DOTS in text or _DOUBLE in text or _STRETCHED.search(text) or rules.is_rare(text):
            return None
        opening, word, closing = found.groups()
        if not word:
            return _MARKS
        if (opening or closing) and (word in _MI or word == _YEH or (opening and word in _AFFIXES)):
            # Rules for these ask for the blanks beside them, and there is one for a moment between them and a mark.
            return None
        affix, verbs = word in _AFFIXES, rules.joined_verbs(word)
        first = word if word in rules.ends and not opening else ""
        tails = NO_TAILS if closing else rules.tails(word)
        if not (opening or affix or verbs or first or tails or word in _BEGINNING):
            return _MARKED if closing else _UNCHANGED
        return _Piece(
            written=text if verbs else None,
            joins_before=affix,
            joins_after=word in _MI or word == _YEH,
            first=first,
            tails=tails,
            begins=word in _BEGINNING,
            closed=bool(closing),
            opened=bool(opening),
            verbs=verbs,
        )

    def _any(self, text: str) -> _Piece:
        rules = self._rules
        tokens, spaced, written, stretched = rules.steps(text)
        if not tokens:
            return _EMPTY
        first, last = tokens[0], spaced[-1]
        if ZWNJ in (spaced[0][0], last[-1]):
            return _BOUND
        verbs = rules.joined_verbs(written)
        return _Piece(
            written=written if verbs or stretched or written != text else None,
            joins_before=first in _AFFIXES or first[0] in _CLOSING,
            joins_after=last in _MI or last == _YEH or last[-1] in _OPENING,
            first=first if first in rules.ends else "",
            tails=rules.tails(last),
            pending=tokens[-1] if last != tokens[-1] and tokens[-1] in rules.begun else "",
            begins=first in _BEGINNING,
            closed=last[-1] in _CLOSING,
            opened=first[0] in _OPENING,
            verbs=verbs,
            stretched=text if stretched else "",
        )


def _separated(text: str, verbs: Sequence[tuple[str, str]]) -> str:
    for verb, apart in verbs:
        text = text.replace(verb, apart)
    return text
