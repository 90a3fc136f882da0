r"""Texts from templates: the vocabulary is data, this only draws from it.

A rule is a name and its alternatives, one a line. In a line ``[a|b|]`` stands for one of those (or nothing), ``{name}``
for what that rule gives (another thing each time, in one text), ``{=name}`` for the same again, ``{2..9}`` for a number
in Persian digits, ``{latin}`` for three Latin ones, ``\n`` for a line break.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib import resources
from random import Random
from typing import Final

import yaml

_PLACE: Final = re.compile(r"\[([^\[\]]*)\]|\{([^{}]*)\}")
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)")
_LATIN: Final = "latin"
_SAME: Final = "="
_SPACES: Final = re.compile(r" +(?=[ \n،؛.!؟?]|$)|(?<=\n) +")
_PERSIAN_DIGITS: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
#: So often something else is tried before a word comes twice in a text.
_TRIES: Final = 20

_COMMON: Final = "common"
_INCLUDE: Final = "include"
#: Rules that give whole posts; the rest is vocabulary, which other files may include.
POST_RULES: Final = frozenset({"chat", "reply", "photo", "channel", "forum", "video", "english", "official", "support"})

Rules = Mapping[str, tuple[str, ...]]


class Grammar:
    """The rules of one subject."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def __contains__(self, rule: str) -> bool:
        return rule in self._rules

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all rules."""
        return tuple(self._rules)

    def alternatives(self, rule: str) -> tuple[str, ...]:
        """The lines of a rule as they are written."""
        return self._rules[rule]

    def write(self, rule: str, rng: Random, **given: str) -> str:
        """One text of a rule; ``given`` is vocabulary for this text alone. Raises KeyError for an unknown rule."""
        text = _Draw(self._rules, rng, given).one_of(rule)
        return _SPACES.sub("", text.replace("\\n", "\n")).strip()


class _Draw:
    """The writing of one text: remembers what was drawn."""

    def __init__(self, rules: Rules, rng: Random, given: Mapping[str, str]) -> None:
        self._rules = rules
        self._rng = rng
        self._given = given
        self._drawn: dict[str, list[str]] = defaultdict(list)

    def one_of(self, rule: str) -> str:
        for _ in range(_TRIES):
            text = self._rng.choice(self._rules[rule])
            while (filled := _PLACE.sub(self._fill, text)) != text:
                text = filled
            if text not in self._drawn[rule]:
                break
        self._drawn[rule].append(text)
        return text

    def _fill(self, place: re.Match[str]) -> str:
        choices: str | None = place[1]
        if choices is not None:
            return self._rng.choice(choices.split("|"))
        name: str = place[2]
        if bounds := _RANGE.fullmatch(name):
            return str(self._rng.randint(int(bounds[1]), int(bounds[2]))).translate(_PERSIAN_DIGITS)
        if name == _LATIN:
            return str(self._rng.randint(100, 999))
        if name in self._given:
            return self._given[name]
        rule = name.removeprefix(_SAME)
        return self._drawn[rule][0] if rule != name and self._drawn[rule] else self.one_of(rule)


@cache
def grammar(subject: str) -> Grammar:
    """The rules of ``texts/<subject>.yaml``, and the vocabulary that it includes; its own rules win."""
    return Grammar(_rules(subject))


def _rules(subject: str) -> Rules:
    file = resources.files(__package__) / "texts" / f"{subject}.yaml"
    written: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))
    base = written.pop(_INCLUDE, _COMMON)
    own = {name: tuple(lines.splitlines()) for name, lines in written.items()}
    if subject == _COMMON:
        return own
    return {name: lines for name, lines in _rules(base).items() if name not in POST_RULES} | own
