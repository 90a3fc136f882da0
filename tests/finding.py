"""The quick look of campaign sets that tests make up."""

from collections.abc import Callable

from processors.overlay import Find


def one_by_one(may_match: Callable[[bytes], bool]) -> Find:
    """Asks for one lower-cased raw record after the other."""
    return lambda raws, _texts: [index for index, raw in enumerate(raws) if may_match(raw.lower())]
