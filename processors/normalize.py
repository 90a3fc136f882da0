"""Spelling and spacing of matched posts as hazm writes them; addresses and tags stay byte for byte."""

import re
from functools import cached_property
from typing import Final

from processors.pieces import Pieces
from processors.spelling import Spelling

#: URLs and bare domains, e-mail addresses, handles and hashtags: normalisation would tear them apart.
#: Names have at most eight labels and a top level: without a bound a hostile post would cost the square of its length.
_PROTECTED: Final = re.compile(
    r"""
    # Most places are Persian letters: one look for what may begin (the last four equal letters but for their case).
    (?-i: [A-Za-z0-9._%+\-@#＠＃İıſK] )
    (?:
      (?P<url> (?: (?<=[a-z]) [a-z0-9+.-]{0,20}:// | (?<=w) ww\. ) [^\s<>"«»“”]+ )
    | (?<=[a-z0-9._%+-]) [a-z0-9._%+-]{0,63} @ [a-z0-9-]{1,63} (?: \.[a-z0-9-]{1,63} ){1,8}
    | (?<=[@#＠＃]) [\w\u200c\u0610-\u061a\u064b-\u065f\u0670]+ (?: \.[a-z0-9_]+ )*
    | (?<=[a-z0-9-]) (?<!\w[a-z0-9-]) [a-z0-9-]{0,62}\. (?: [a-z0-9-]{1,63}\. ){0,7} [a-z]{2,24} (?!\w)
      (?: /[^\s<>"«»“”،؛؟]* )?
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TRAILING: Final = ".,:;!?'()[]{}…،؛؟*_~\u200c"
_BLANK: Final = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200c"
#: Beside a protected token where it is all there is between two blanks, or at an end of the text.
_APART: Final = ("", " ", "\n")
#: hazm is not idempotent: one change may make room for the next. Real posts settle within three rounds.
_ROUNDS: Final = 8


class Normalizer:
    """Normalises text between protected tokens until nothing changes any more.

    The first text loads hazm, which takes about five seconds. A post costs some hundred microseconds: it is for posts
    that matched.
    """

    @cached_property
    def _hazm(self) -> Spelling:
        return Spelling()

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self._hazm)

    def normalize(self, text: str) -> str:
        """The text with one spelling of letters and digits, and half-spaces where Persian writes them."""
        known: dict[str, str] = {}
        for _ in range(_ROUNDS):
            before = text
            text, settled = self._once(text, known)
            if settled or text == before:
                break
        return text

    def _once(self, text: str, known: dict[str, str]) -> tuple[str, bool]:
        """One round, and whether it is certain that another one would change nothing; ``known`` is shared by them.

        It is where nothing in the stretches between protected tokens changes once more, and those tokens, which hold
        no blank, stand between blanks: so they did before, and are found once more.
        """
        parts: list[str] = []
        done = 0
        settled = True
        for match in _PROTECTED.finditer(text):
            start = match.start()
            token = match.group()
            if match["url"]:
                token = token.rstrip(_TRAILING)
            between, stays = self._between(text[done:start], known)
            parts += between, token
            done = start + len(token)
            settled = settled and stays and text[start - 1 : start] in _APART and text[done : done + 1] in _APART
        between, stays = self._between(text[done:], known)
        parts.append(between.rstrip(_BLANK))
        return "".join((parts[0].lstrip(_BLANK), *parts[1:])), settled and stays

    def _spell(self, text: str, known: dict[str, str]) -> str:
        """Hazm's spelling; it tears decimals apart (۱۲ ٫ ۵), which is mended."""
        text = self._pieces.normalize(text, known)
        return (_TORN_DECIMAL.sub("٫", text) if "٫" in text else text).strip(_BLANK)

    def _between(self, text: str, known: dict[str, str]) -> tuple[str, bool]:
        """Normalise a stretch without protected tokens; whether it is set apart from them stays as it is.

        Besides, whether it is certain that it would stay so, and be without protected tokens, once more.
        """
        core = text.strip(_BLANK)
        if not core:
            return _space(text), True
        spelled = self._spell(core, known)
        stays = spelled != "" and known.get(spelled) == spelled and not (spelled != core and _PROTECTED.search(spelled))
        if core == text:
            return spelled, stays
        start = text.index(core[0])
        return _space(text[:start]) + spelled + _space(text[start + len(core) :]), stays


_TORN_DECIMAL: Final = re.compile(r"(?<=\d) ٫ (?=\d)")


def _space(blank: str) -> str:
    """One space or line break, at most one empty line; nothing for half-spaces alone."""
    return "\n" * min(blank.count("\n"), 2) or " " * bool(blank.strip("\u200c"))
