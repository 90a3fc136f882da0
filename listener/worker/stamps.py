"""How to read the stamp of a changelog value, by table."""

from collections.abc import Callable
from typing import Final

from models.cells import ENTITIES, PROGRESS, TABLES, cell_stamp
from models.entity import entity_stamp
from models.progress import unpack_progress


def _progress_stamp(value: bytes) -> int:
    return unpack_progress(value).stamp


#: How to read the stamp of a table's values.
STAMPS: Final[dict[str, Callable[[bytes], int]]] = {
    **dict.fromkeys(TABLES, cell_stamp),
    ENTITIES: entity_stamp,
    PROGRESS: _progress_stamp,
}
