"""How many different ones: exact while they are few, then a sketch of a known error.

The sketch is Apache DataSketches' HyperLogLog with 2^14 registers: relative standard error 1.04 / √2^14, 0.8 %.
Source: Flajolet et al., HyperLogLog, AofA 2007. Sketches of parts merge into that of the whole; exact sets do, too.
"""

from typing import Final

from datasketches import hll_sketch, hll_union, tgt_hll_type  # type: ignore[import-untyped]

#: Up to so many are kept as a set.
EXACT: Final = 10_000
_LG_K: Final = 14
#: Relative standard error beyond ``EXACT``.
ERROR: Final = 1.04 / 2 ** (_LG_K / 2)


class Distinct:
    """A growing set of texts, of which only the size is wanted."""

    def __init__(self) -> None:
        self.known: set[str] | None = set()
        self.sketch = hll_sketch(_LG_K, tgt_hll_type.HLL_8)

    @property
    def exact(self) -> bool:
        """Whether the count is exact."""
        return self.known is not None

    def add(self, text: str) -> None:
        """One more, perhaps known already."""
        self.sketch.update(text)
        if self.known is not None:
            self.known.add(text)
            if len(self.known) > EXACT:
                self.known = None

    def merge(self, other: "Distinct") -> None:
        """Everything of another set."""
        union = hll_union(_LG_K)
        union.update(self.sketch)
        union.update(other.sketch)
        self.sketch = union.get_result(tgt_hll_type.HLL_8)
        if self.known is not None and other.known is not None:
            self.known |= other.known
            if len(self.known) > EXACT:
                self.known = None
        else:
            self.known = None

    def count(self) -> int:
        """How many; beyond ``EXACT`` within ``ERROR`` in two cases of three."""
        return round(self.sketch.get_estimate()) if self.known is None else len(self.known)
