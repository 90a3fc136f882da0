"""How to read the stamp of a changelog value, by table: of two values, the one of higher stamp counts."""

from collections.abc import Callable
from typing import Any, Final

from models.cells import ENTITIES, PROGRESS, TABLES, cell_stamp
from models.entity import entity_stamp
from models.progress import unpack_progress


def _progress_rank(value: bytes) -> tuple[int, int]:
    return unpack_progress(value).rank


#: How to read the stamp of a table's values; stamps of one table compare with one another.
STAMPS: Final[dict[str, Callable[[bytes], Any]]] = {
    **dict.fromkeys(TABLES, cell_stamp),
    ENTITIES: entity_stamp,
    PROGRESS: _progress_rank,
}
