"""Full-text search in which any spelling finds any spelling: letters, digits, case, marks, half-spaces and spaces.

Words are those of the matcher's canonical form. Where a writer may leave a space, a half-space or nothing (می‌خواهم,
می خواهم, میخواهم) the index also holds neighbours joined, and a query asks for a word or for it joined with a
neighbour. What comes out is plain words with spaces between them: no tokenizer's idea of Persian is needed.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from models.persian import ZWNJ
from processors.match.canonical import canonical
from processors.match.folding import fold

#: Longest query that is read, in characters, and most words of it.
MAX_QUERY: Final = 200
MAX_WORDS: Final = 16

#: Letters and digits of any script, or one symbol that people search for (emoji and the like).
_WORD: Final = re.compile("[^\\W_]+|[\u2600-\u27bf\U0001f000-\U0001faff]")
_COMPOUND: Final = re.compile(f"[^\\W_]+(?:{ZWNJ}[^\\W_]+)+")
_PHRASE: Final = re.compile(r'"([^"]*)"?|([^"]+)')
#: Separators that the index joins over as it does over a half-space.
_JOINED_OVER: Final = re.compile(rf"[\s{ZWNJ}_\-\x1e\x1f]+")


class SearchForm(NamedTuple):
    """One text as it is indexed: its words, the words of its normalised form, and neighbours joined."""

    words: str
    normal: str
    joins: str


def search_form(text: str, normalized: str = "") -> SearchForm:
    """What the index holds of a text; ``normal`` is empty where it adds nothing."""
    words, joins = _words_and_joins(text)
    normal, more = _words_and_joins(normalized) if normalized else ([], [])
    known = {*words, *joins}
    joins += [joined for joined in more if joined not in known]
    return SearchForm(
        " ".join(words), "" if set(normal) <= set(words) else " ".join(normal), " ".join(dict.fromkeys(joins))
    )


def search_query(written: str) -> str | None:
    """What somebody typed as an FTS5 expression over ``SearchForm``; None when there is no word in it.

    All words must be there, in any order; ``"in quotes"`` in this order; ``word*`` at the beginning of a word. There is
    no other syntax: whatever else is typed is text.
    """
    parts: list[str] = []
    left = MAX_WORDS
    for match in _PHRASE.finditer(written[:MAX_QUERY]):
        quoted, plain = match.groups()
        words = _words(quoted if plain is None else plain)[:left]
        left -= len(words)
        if not words:
            continue
        if plain is None:
            parts.append(f"{{words normal}} : {_quote(' '.join(words))}")
        else:
            parts += _conditions(plain, words)
    return " AND ".join(parts) or None


def _conditions(plain: str, words: Sequence[str]) -> Iterator[str]:
    """One condition per word: itself, or joined with the word before or behind it."""
    begun = {word for piece in re.findall(r"(\S+)\*", plain) for word in _words(piece)[-1:]}
    joined = [first + second for first, second in pairwise(words)]
    for at, word in enumerate(words):
        alone = _quote(word) + " *" * (word in begun)
        beside = dict.fromkeys(_quote(one) for one in joined[max(0, at - 1) : at + 1])
        yield f"({' OR '.join([alone, *beside])})"


def _words(text: str) -> list[str]:
    read = canonical(text)
    return [*_WORD.findall(read.words.text), *(word for url in read.urls for word in _WORD.findall(url.text))]


def _words_and_joins(text: str) -> tuple[list[str], list[str]]:
    """The words of a text, and its neighbours joined: two with nothing but a separator between them, and compounds."""
    folded = fold(text)
    read = canonical(text, folded).words.text
    found = list(_WORD.finditer(read))
    joins = [
        first[0] + second[0]
        for first, second in pairwise(found)
        if _JOINED_OVER.fullmatch(read, first.end(), second.start())
    ]
    joins += [match[0].replace(ZWNJ, "") for match in _COMPOUND.finditer(read) if match[0].count(ZWNJ) > 1]
    return _words(text), joins


def _quote(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
