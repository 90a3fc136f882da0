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
    (?= [a-z0-9._%+\-@#＠＃] )  # most places are Persian letters: one look instead of four
    (?:
      (?P<url> (?: [a-z][a-z0-9+.-]{0,20}:// | www\. ) [^\s<>"«»“”]+ )
    | [a-z0-9._%+-]{1,64} @ [a-z0-9-]{1,63} (?: \.[a-z0-9-]{1,63} ){1,8}
    | [@#＠＃] [\w\u200c\u0610-\u061a\u064b-\u065f\u0670]+ (?: \.[a-z0-9_]+ )*
    | (?<!\w) (?: [a-z0-9-]{1,63}\. ){1,8} [a-z]{2,24} (?!\w) (?: /[^\s<>"«»“”،؛؟]* )?
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TRAILING: Final = ".,:;!?'()[]{}…،؛؟*_~\u200c"
_BLANK: Final = " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\u200c"
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
            before, text = text, self._once(text, known)
            if text == before:
                break
        return text

    def _once(self, text: str, known: dict[str, str]) -> str:
        """One round; ``known`` is shared by the rounds."""
        parts: list[str] = []
        done = 0
        for match in _PROTECTED.finditer(text):
            token = match.group()
            if match["url"]:
                token = token.rstrip(_TRAILING)
            parts += self._between(text[done : match.start()], known), token
            done = match.start() + len(token)
        parts.append(self._between(text[done:], known).rstrip(_BLANK))
        return "".join((parts[0].lstrip(_BLANK), *parts[1:]))

    def _spell(self, text: str, known: dict[str, str]) -> str:
        """Hazm's spelling; it tears decimals apart (۱۲ ٫ ۵), which is mended."""
        text = self._pieces.normalize(text, known)
        return _TORN_DECIMAL.sub("٫", text) if "٫" in text else text

    def _between(self, text: str, known: dict[str, str]) -> str:
        """Normalise a stretch without protected tokens; whether it is set apart from them stays as it is."""
        core = text.strip(_BLANK)
        if not core:
            return _space(text)
        spelled = self._spell(core, known).strip(_BLANK)
        if core == text:
            return spelled
        start = text.index(core[0])
        return _space(text[:start]) + spelled + _space(text[start + len(core) :])


_TORN_DECIMAL: Final = re.compile(r"(?<=\d) ٫ (?=\d)")


def _space(blank: str) -> str:
    """One space or line break, at most one empty line; nothing for half-spaces alone."""
    return "\n" * min(blank.count("\n"), 2) or " " * bool(blank.strip("\u200c"))
