"""Records of before a repartition are not counted again without those that are elsewhere now."""

import pytest

from listener.errors import UsageProblem
from listener.worker.places import posts
from listener.worker.rebase import _require_unmoved
from models.cells import PROGRESS
from models.post import POSTS_TOPIC
from models.progress import NO_OUTCOMES, Progress, pack_progress, progress_key
from processors.resume import Source


def looked(first: int, moved: int, base: int = 0) -> None:
    cell = pack_progress(Progress(200, 200, NO_OUTCOMES, (), "id", moved=moved, base=base))
    tables = {posts(0): {PROGRESS: {progress_key(POSTS_TOPIC, 0): cell}}}
    _require_unmoved(tables, {posts(0): Source(0, "id", first, 500, None)})


def test_what_is_retained_of_before_is_not_counted_again() -> None:
    looked(first=100, moved=99)
    looked(first=0, moved=-1)
    looked(first=50, moved=99, base=50)
    with pytest.raises(UsageProblem, match="more partitions since offset 100"):
        looked(first=99, moved=99)


def test_without_a_progress_cell_nothing_is_known() -> None:
    _require_unmoved({posts(0): {PROGRESS: {}}}, {posts(0): Source(0, "id", 0, 9, None)})
