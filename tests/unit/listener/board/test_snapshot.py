import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from listener.board.board import Board
from listener.board.keeping import SnapshotPart
from listener.board.snapshot import FILE, MAX_AGE_MS, Snapshot, load
from listener.board.topics import Cluster, read_topics
from models.cells import LIFETIME, PROGRESS, WINDOWS
from models.progress import Progress, pack_progress, progress_key
from models.series import ClosedMinute

MakeRow = Callable[..., tuple[bytes, bytes | None]]
MakeBoard = Callable[..., Board]
MakeProgress = Callable[..., Progress]

NOW = 1_700_000_000_000
HOUR = 3600


def cluster_of(board: Board, partitions: int = 1, **ids: str) -> Cluster:
    topics = read_topics(board.namespace)
    return Cluster(dict.fromkeys(topics, partitions), {topic: ids.get("all", "id") for topic in topics})


@pytest.fixture
def counted(board: MakeBoard, cell: MakeRow, progress: MakeProgress) -> Board:
    """Cells of ten hours, of which the first are packed; closed minutes; how far all is read."""
    made = board(
        {
            "minute": [cell("minute", "mellat", 9, start=60 * number, mentions=number) for number in range(1, 600)],
            "hour": [cell("hour", "snapp", 9, start=HOUR, likes=1)],
            LIFETIME: [cell(LIFETIME, "mellat", 9, mentions=7)],
            PROGRESS: [(progress_key("social.posts.v1", 0), pack_progress(progress(5, counted=6)))],
        }
    )
    made.state.tidy(100)
    assert made.state.tables["minute"].blocks
    assert made.state.tables["minute"].cells
    for number in range(100):
        made.closed.take(ClosedMinute("mellat", 60 * number, {"twitter": {"mentions": number}} if number else {}))
    made.reading.positions = {tp: 10 + tp.partition for tp in cluster_of(made).assignment()}
    return made


def everything(board: Board) -> object:
    return (
        {(window, name): list(board.state.series(window, name)) for window in WINDOWS for name in ("mellat", "snapp")},
        board.state.lifetime("mellat"),
        board.state.progress,
        {name: len(table) for name, table in board.state.tables.items()},
        list(board.closed.minutes("mellat", 0, 10**6)),
        board.campaigns,
        board.known,
    )


def test_what_is_written_is_what_is_read(counted: Board, tmp_path: Path) -> None:
    cluster = cluster_of(counted)
    size = Snapshot(counted, cluster, NOW).write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_size == size
    again = Board(counted.namespace)
    assert load(again, tmp_path, cluster, NOW + 1000) == counted.reading.positions
    assert everything(again) == everything(counted)


def test_a_restored_board_goes_on_as_the_other(counted: Board, tmp_path: Path, cell: MakeRow) -> None:
    cluster = cluster_of(counted)
    Snapshot(counted, cluster, NOW).write(tmp_path)
    again = Board(counted.namespace)
    load(again, tmp_path, cluster, NOW)
    late = [
        cell("minute", "mellat", 12, start=60, mentions=100),
        cell("minute", "mellat", 8, start=120, mentions=100),
        cell("minute", "mellat", None, start=180),
        cell("minute", "mellat", 12, start=60 * 700, mentions=1),
    ]
    for one in (counted, again):
        one.state.apply("minute", late)
        one.state.tidy(100)
    assert everything(again) == everything(counted)
    assert again.state.regressions == counted.state.regressions == 1


def test_a_snapshot_is_of_one_moment(counted: Board, tmp_path: Path, cell: MakeRow) -> None:
    before, snapshot = everything(counted), Snapshot(counted, cluster_of(counted), NOW)
    counted.state.apply("minute", [cell("minute", "mellat", 12, start=60 * 599, platform="other", mentions=3)])
    counted.state.apply("minute", [cell("minute", "mellat", 12, start=60 * 599, mentions=3)])
    counted.closed.take(ClosedMinute("mellat", 6000))
    snapshot.write(tmp_path)
    again = Board(counted.namespace)
    load(again, tmp_path, cluster_of(counted), NOW)
    assert everything(again) == before


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def other_version(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"snapshot 1", b"snapshot 2", 1))


@pytest.mark.parametrize("spoil", [damage, cut, other_version, lambda file: file.write_bytes(b"")])
def test_a_spoiled_snapshot_is_left_aside(
    counted: Board, tmp_path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    Snapshot(counted, cluster_of(counted), NOW).write(tmp_path)
    spoil(tmp_path / FILE)
    again = Board(counted.namespace)
    assert load(again, tmp_path, cluster_of(counted), NOW) is None
    assert "left aside" in caplog.text
    assert everything(again) == everything(Board(counted.namespace)), "nothing of it was taken"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"all": "another id"}, "made anew"),
        ({"partitions": 2}, "other partitions"),
        ({"later": MAX_AGE_MS + 1}, "too old"),
        ({"later": -1}, "future"),
        ({"app": "other"}, "other topics"),
    ],
)
def test_a_snapshot_that_does_not_belong_here_is_left_aside(
    counted: Board, tmp_path: Path, change: dict[str, object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    Snapshot(counted, cluster_of(counted), NOW).write(tmp_path)
    namespace = dataclasses.replace(counted.namespace, app=str(change.pop("app", counted.namespace.app)))
    later = int(str(change.pop("later", 0)))
    again = Board(namespace)
    assert load(again, tmp_path, cluster_of(again, **change), NOW + later) is None  # type: ignore[arg-type]
    assert why in caplog.text


def test_without_a_snapshot_everything_is_read_and_nobody_is_warned(
    counted: Board, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load(Board(counted.namespace), tmp_path, cluster_of(counted), NOW) is None
    assert not caplog.text


def test_a_board_that_has_not_caught_up_writes_none(board: MakeBoard, tmp_path: Path) -> None:
    behind = board(caught_up=False)
    part = SnapshotPart(behind, tmp_path, 1.0)
    part.cluster = cluster_of(behind)
    asyncio.run(part.write())
    assert not list(tmp_path.iterdir())


def test_the_part_says_what_it_wrote(counted: Board, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    part = SnapshotPart(counted, tmp_path / "new", 1.0, clock=lambda: NOW)
    part.cluster = cluster_of(counted)
    assert not [sample for metric in part.collect() for sample in metric.samples]
    asyncio.run(part.write())
    found = {metric.name: metric.samples[0].value for metric in part.collect()}
    assert found["listener_board_snapshot_timestamp_seconds"] == NOW / 1000
    assert found["listener_board_snapshot_bytes"] == (tmp_path / "new" / FILE).stat().st_size
    (tmp_path / "new" / f"{FILE}.new").mkdir()
    asyncio.run(part.write())
    assert "no snapshot" in caplog.text, "the board goes on"


def test_positions_are_those_of_the_state(counted: Board, tmp_path: Path) -> None:
    Snapshot(counted, cluster_of(counted), NOW).write(tmp_path)
    counted.reading.positions = dict.fromkeys(counted.reading.positions, 99)
    found = load(Board(counted.namespace), tmp_path, cluster_of(counted), NOW)
    assert found is not None
    assert found[TopicPartition(counted.namespace.series, 0)] == 10
