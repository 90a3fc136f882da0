"""Which story a text tells: equal for near-duplicates and syndicated copies, as a function of the text alone.

The id is the smallest of the hashes of all stretches of ``SHINGLE`` letters (MinHash with one permutation): two texts
that share a part J of their stretches (Jaccard) have one id with probability J. What differs between copies of one
text is set aside first: keyboards, marks, white space and half-spaces, punctuation, links, the handles before it, the
hashtags behind it. No state, no order of arrival: any worker gives the same id, today and in a replay.

A store that sees both texts can do better than chance: ``signature`` and ``similarity`` estimate J itself.
"""

from hashlib import blake2b
from typing import Final
from zlib import crc32

import numpy as np
from datasketch import MinHash  # type: ignore[import-untyped]

from processors.match.canonical import without_urls
from processors.match.folding import Folded, fold

#: Letters in a stretch, four or five words: longer ones are rarer by chance, shorter ones survive more changes.
SHINGLE: Final = 20
#: Texts with fewer letters have the story of their letters: a changed word makes another text of them.
SHORTEST: Final = 40
#: From here on two signatures tell of one story.
SAME_STORY: Final = 0.5
#: Of a very long text only the beginning (code points) counts, so that its cost is bounded.
_LONGEST: Final = 20_000
_PERMUTATIONS: Final = 64
_SEED: Final = 1
_ID_BYTES: Final = 8
#: Bytes of a character in UTF-32.
_WIDTH: Final = 4


def _template(permutations: int) -> MinHash:
    return MinHash(permutations, seed=_SEED, hashfunc=crc32, scheme="affine64")


# CRC is linear: its own smallest value chooses far worse than a permutation of it (recall 61 instead of 76 %).
_ONE: Final = _template(1)
_MANY: Final = _template(_PERMUTATIONS)

#: The finalizer of MurmurHash3 (Appleby), which datasketch puts before its permutation, and that permutation.
_MIX: Final = np.uint64(33)
_MIXERS: Final = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_FACTOR: Final = np.uint64(_ONE.permutations[0].item())
_SUMMAND: Final = np.uint64(_ONE.permutations[1].item())


def story_id(text: str, folded: Folded | None = None) -> str:
    """16 hexadecimal digits, equal for texts that tell one story; ``folded`` is the text folded, if at hand."""
    letters = story_letters(text, folded)
    if len(letters) < SHORTEST:
        return _digest(b"text", letters.encode("utf-8", "surrogatepass"))
    return _digest(b"part", _smallest(letters))


def signature(text: str) -> bytes:
    """512 bytes from which ``similarity`` tells how much of two texts is the same."""
    return _hashes(_MANY, story_letters(text))


def similarity(one: bytes, other: bytes) -> float:
    """An estimate (±0.06) of the share of stretches that two texts have in common, from their signatures."""
    pairs = zip(*(memoryview(side).cast("Q") for side in (one, other)), strict=True)
    return sum(1 for a, b in pairs if a == b) / _PERMUTATIONS


def same_story(one: bytes, other: bytes) -> bool:
    """Whether two signatures are of one story: half of the stretches or more in common."""
    return similarity(one, other) >= SAME_STORY


def story_letters(text: str, folded: Folded | None = None) -> str:
    """The letters and digits that tell the story, in canonical spelling, nothing between them."""
    if folded is None or len(text) > _LONGEST:
        folded = fold(text[:_LONGEST])
    words, _ = without_urls(folded)
    # Fillers of links are white space to ``split``.
    written = words.text.split()
    told = _letters(_told(written)) or _letters(written)
    return told or text[:_LONGEST].strip()


def _told(words: list[str]) -> list[str]:
    """Without the handles before and the tags behind."""
    start, end = 0, len(words)
    while start < end and (words[start][0] == "@" or words[start] == "rt"):
        start += 1
    while end > start and words[end - 1][0] in "#@":
        end -= 1
    return words[start:end]


def _letters(words: list[str]) -> str:
    return "".join(filter(str.isalnum, "".join(words)))


def _hashes(template: MinHash, letters: str) -> bytes:
    hashed = template.copy()
    hashed.update_batch(_stretches(letters))
    return bytes(hashed.hashvalues.tobytes())


def _smallest(letters: str) -> bytes:
    """``_hashes(_ONE, letters)``, without what datasketch does around it (three quarters of its time)."""
    hashed = np.fromiter(map(crc32, _stretches(letters)), np.uint64)
    for multiplier in _MIXERS:
        hashed ^= hashed >> _MIX
        hashed *= multiplier
    hashed ^= hashed >> _MIX
    return bytes((hashed * _FACTOR + _SUMMAND).min(keepdims=True).tobytes())


def _stretches(letters: str) -> list[bytes]:
    """Every stretch of ``SHINGLE`` letters; of letters that have none, the letters."""
    data = letters.encode("utf-32-le", "surrogatepass")
    last = max(1, len(letters) - SHINGLE + 1) * _WIDTH
    return [data[at : at + SHINGLE * _WIDTH] for at in range(0, last, _WIDTH)]


def _digest(kind: bytes, data: bytes) -> str:
    return blake2b(data, digest_size=_ID_BYTES, person=kind).hexdigest()
