"""How one person types Persian: keyboard, half-spaces, digits. A person keeps to it."""

import re
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, Self

_ARABIC_KEYBOARD: Final = str.maketrans("یک", "يك")
_LATIN_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
#: A half-space before a word part; single letters (خاله‌م) stay joined by it, as nearly everyone writes them.
_HALF_SPACE: Final = re.compile("(.)\u200c(?=\\w{2})")
#: What people stretch, and the vowel they hold.
_STRETCHABLE: Final = re.compile(r"\b(وای|خیلی|عالی|چرا|واقعا)\b")
_TANVIN: Final = re.compile(r"\b(واقعا|لطفا|دقیقا|اصلا|عمیقا|حتما)\b")
_STRETCH: Final = (3, 7)

#: How many people in a hundred keep half-spaces, write spaces, join; and shares of people with the other habits.
_HALF_SPACES: Final = (45, 35, 20)
_ARABIC_KEYBOARDS: Final = 0.08
_DIGITS: Final = 0.35
_TANVINS: Final = 0.2
#: Shares of the press.
_CARELESS_SITES: Final = 0.25
_OLD_SITES: Final = 0.15


@dataclass(frozen=True)
class Habits:
    """The spelling of one author."""

    half_space: Literal["kept", "space", "joined"]
    arabic_keyboard: bool
    latin_digits: bool
    tanvin: bool
    #: Probability that a post has a stretched word.
    stretches: float

    @classmethod
    def draw(cls, rng: Random) -> Self:
        """Somebody's habits."""
        return cls(
            half_space=rng.choices(("kept", "space", "joined"), _HALF_SPACES)[0],
            arabic_keyboard=rng.random() < _ARABIC_KEYBOARDS,
            latin_digits=rng.random() < _DIGITS,
            tanvin=rng.random() < _TANVINS,
            stretches=rng.choice((0.0, 0.0, 0.1, 0.5)),
        )

    @classmethod
    def draw_newsroom(cls, rng: Random) -> Self:
        """Those of a site: editors agree on half-spaces, and old software knows only Arabic letters."""
        joins = rng.random() < _CARELESS_SITES
        return cls(
            half_space="space" if joins else "kept",
            arabic_keyboard=rng.random() < _OLD_SITES,
            latin_digits=rng.random() < _OLD_SITES,
            tanvin=rng.random() < 1 - _CARELESS_SITES,
            stretches=0.0,
        )

    def apply(self, text: str, rng: Random) -> str:
        """The text as this person would have typed it."""
        if rng.random() < self.stretches:
            text = _STRETCHABLE.sub(lambda word: _stretched(word[1], rng), text, count=1)
        if self.tanvin:
            text = _TANVIN.sub(r"\1ً", text)
        if self.half_space != "kept":
            text = _HALF_SPACE.sub(self._separated, text)
        if self.latin_digits:
            text = text.translate(_LATIN_DIGITS)
        return text.translate(_ARABIC_KEYBOARD) if self.arabic_keyboard else text

    def _separated(self, place: re.Match[str]) -> str:
        # Joined to a silent he the word would be read differently: خسته‌ایم is never خستهایم.
        return place[1] + ("" if self.half_space == "joined" and place[1] != "ه" else " ")


def _stretched(word: str, rng: Random) -> str:
    held = -2 if word == "وای" else -1
    return word[:held] + word[held] * rng.randint(*_STRETCH) + word[len(word) + held + 1 :]


#: What editors see to.
NEWSROOM: Final = Habits(half_space="kept", arabic_keyboard=False, latin_digits=False, tanvin=True, stretches=0.0)
