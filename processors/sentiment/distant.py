"""Distant supervision: the label that the opinion words and emoji of a text point to, when they all point one way."""

from typing import Final

from processors.sentiment.lexicon import polarity
from processors.sentiment.signs import negated
from processors.sentiment.tokens import tokens

_FEWEST_SIGNS: Final = 2
_TURNED: Final = {"+": "-", "-": "+", "": ""}


def guess(text: str) -> str | None:
    """``positive`` or ``negative`` for two signs or more that agree, ``neutral`` for none, None when in doubt.

    A denied sign counts as its opposite.
    """
    found = tokens(text)
    signs = [
        _TURNED[polarity(token)] if denied else polarity(token)
        for token, denied in zip(found, negated(found), strict=True)
    ]
    likes, dislikes = signs.count("+"), signs.count("-")
    if likes == dislikes == 0:
        return "neutral"
    if min(likes, dislikes) > 0 or max(likes, dislikes) < _FEWEST_SIGNS:
        return None
    return "positive" if likes else "negative"
