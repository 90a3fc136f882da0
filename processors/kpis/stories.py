"""Which articles are one story: the same headline, or mostly the same words."""

from typing import Final

from datasketch import MinHash, MinHashLSH  # type: ignore[import-untyped]

from processors.match.folding import fold

#: Share of three-word runs that two copies of a story have in common (an estimate by MinHash, error about 0.06).
ALIKE: Final = 0.6
_PERMUTATIONS: Final = 128
_RUN: Final = 3
#: Headlines shorter than this are too common to tell a story.
_HEADLINE_WORDS: Final = 5


class Stories:
    """Gives each article the id of the first article that tells the same story."""

    def __init__(self) -> None:
        self._alike = MinHashLSH(threshold=ALIKE, num_perm=_PERMUTATIONS)
        self._headlines: dict[str, str] = {}
        self._told: dict[str, str] = {}

    def of(self, article: str, title: str, body: str) -> str:
        """The story of an article; an article that is told again keeps its story."""
        if article in self._told:
            return self._told[article]
        headline = fold(title).text.split()
        words = [*headline, *fold(body).text.split()]
        sketch = MinHash(num_perm=_PERMUTATIONS)
        for start in range(max(1, len(words) - _RUN + 1)):
            sketch.update(" ".join(words[start : start + _RUN]).encode())
        story = self._known(headline, sketch) or article
        self._alike.insert(article, sketch)
        if len(headline) >= _HEADLINE_WORDS:
            self._headlines.setdefault(" ".join(headline), story)
        self._told[article] = story
        return story

    def _known(self, headline: list[str], sketch: MinHash) -> str | None:
        same = self._headlines.get(" ".join(headline))
        if same is not None:
            return same
        alike = sorted(self._told[key] for key in self._alike.query(sketch))
        return alike[0] if alike else None
