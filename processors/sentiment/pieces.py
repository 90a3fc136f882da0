"""What a model knows of the pieces of texts: worked out once for each, and laid one after the other for many texts."""

from collections.abc import Mapping, Sequence
from itertools import chain, count, pairwise, repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.sentiment.lookup import Ints
from processors.sentiment.rows import Concepts, Runs, Stems, sums_of
from processors.sentiment.signs import GAP, GAPS
from processors.sentiment.tokens import Word

#: Tokens of pieces that are remembered.
_REMEMBERED: Final = 1 << 16
#: Whole numbers of a record: what a token says, its stem, that denied, its concept, that denied, and its word.
_NUMBERS: Final = 6
_UNKNOWN: Final = (0, 0)
#: Stands after each text; and the number of its word.
_END: Final = Word((), (GAP,) * GAPS, (), joins=False, right=False, left=False)
_GAP: Final = -1


class Texts(NamedTuple):
    """The tokens of texts one after the other, ``GAP`` after each text."""

    #: The number of the text of each token.
    owners: Ints
    says: Ints
    #: The numbers of stems and concepts, as they are and denied.
    stems: Ints
    denied_stems: Ints
    concepts: Ints
    denied_concepts: Ints
    #: A number for each word as written, with its first token; 0 at others.
    words: Ints
    #: The sum of the runs of characters of these words.
    sums: NDArray[np.float64]


class _Memory:
    """Piece → a record for each token, as bytes; word as written → its number."""

    def __init__(self, gap: bytes) -> None:
        self.records: Final = {_END: gap}
        self.size = 0
        self._numbers: Final[dict[str, int]] = {"": 0}
        self._next: Final = count(1)

    def number(self, word: str) -> int:
        """The number of a word; 0 for none."""
        known = self._numbers.get(word)
        return self._numbers.setdefault(word, next(self._next)) if known is None else known


class Pieces:
    """What a model knows of the pieces of texts; safe between threads.

    When too much is remembered, all is forgotten at once, so that what a batch is made of agrees on numbers.
    """

    def __init__(self, places: Mapping[str, int], table: NDArray[np.float64], stems: Stems, concepts: Concepts) -> None:
        self._runs: Final = Runs(places)
        self._table: Final = table
        self._stems: Final = stems.numbers
        self._concepts: Final = concepts.numbers
        self._record: Final = np.dtype([("numbers", np.int32, _NUMBERS), ("sums", np.float64, table.shape[1])])
        self._memory = self._empty()

    def _empty(self) -> _Memory:
        gap = np.zeros(GAPS, self._record)
        gap["numbers"] = GAP.says, 0, 0, 0, 0, _GAP
        return _Memory(gap.tobytes())

    def texts(self, texts: Sequence[Sequence[Word]]) -> Texts:
        """What is known of texts."""
        memory = self._memory
        if memory.size > _REMEMBERED:
            memory = self._memory = self._empty()
        pieces: list[Word] = []
        for text in texts:
            pieces += text
            pieces.append(_END)
        known = memory.records
        if new := dict.fromkeys([piece for piece in pieces if piece not in known]):
            self._learn(list(new), memory)
        records = np.frombuffer(b"".join(map(known.__getitem__, pieces)), self._record)
        says, stems, denied_stems, concepts, denied_concepts, words = records["numbers"].T.astype(np.intp)
        ends = np.flatnonzero(words == _GAP)[GAPS - 1 :: GAPS]
        owners = np.repeat(np.arange(len(texts)), np.diff(ends, prepend=-1))
        return Texts(owners, says, stems, denied_stems, concepts, denied_concepts, words, records["sums"])

    def sums(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The sum of the known runs of characters of each word, each run once."""
        return sums_of(self._table, self._runs.rows(words))

    def _learn(self, new: Sequence[Word], memory: _Memory) -> None:
        """Remember new pieces. Of a piece no more words are written than it has tokens."""
        numbers: list[int] = []
        words: list[str] = []
        ends = [0]
        stems, concepts = self._stems.get, self._concepts.get
        for piece in new:
            for token, word in zip(piece.tokens, chain(piece.words, repeat("")), strict=False):
                words.append(word)
                numbers += token.says, *stems(token.stem, _UNKNOWN), *concepts(token.concept, _UNKNOWN)
                numbers.append(memory.number(word))
            ends.append(len(words))
        records = np.empty(len(words), self._record)
        records["numbers"] = np.fromiter(numbers, np.int32, len(numbers)).reshape(-1, _NUMBERS)
        records["sums"] = self.sums(words)
        data, size = records.tobytes(), self._record.itemsize
        spans = zip(new, pairwise(ends), strict=True)
        memory.size += len(words)
        memory.records.update((piece, data[low * size : high * size]) for piece, (low, high) in spans)
