"""Boards of a scenario, and what they show."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.integration.test_board import BoardProcess
from tests.integration.workers import Cluster


def start_board(cluster: Cluster, log: Path, alertmanager: str | None = None) -> BoardProcess:
    """A ``listener board`` on a free port."""
    tell = () if alertmanager is None else ("--alertmanager", alertmanager)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "listener", "board", "--http-port", "0", *tell],
            env=os.environ | cluster.environment,
            stderr=file,
        )
    return BoardProcess(process, log)


def is_ready(board: BoardProcess) -> bool:
    """Whether it serves, and has caught up."""
    try:
        return board.get("/readyz")[0] == HTTPStatus.OK
    except OSError:  # it does not listen yet
        return False


def has_read(board: BoardProcess) -> int:
    """How many records the progress cells that it shows stand for."""
    found_outcomes = board.json("/api/progress")["partitions"]
    return sum(sum(one["outcomes"].values()) for one in found_outcomes)


def closed_until(board: BoardProcess, campaign: str) -> float:
    """Up to when a campaign's minutes are closed, epoch seconds; 0 before the first."""
    text = board.json(f"/api/campaigns/{campaign}/closed")["closed_until"]
    return datetime.fromisoformat(text).timestamp() if text else 0.0


@dataclass
class Shown:
    """What a board says: totals, minutes, and what the windows of the other sizes sum up to."""

    totals: Counter[Any] = field(default_factory=Counter)
    minutes: Counter[Any] = field(default_factory=Counter)
    sums: dict[str, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))


def shown(board: BoardProcess, whole: Sequence[str]) -> Shown:
    """All that it shows of the counts; ``whole``: sizes of windows beside the minutes."""
    result = Shown()
    for one in board.json("/api/campaigns")["campaigns"]:
        name = one["id"]
        result.totals.update({(name, metric): amount for metric, amount in one["totals"].items() if amount})
        for start, metric, amount in _series(board, name, "minute"):
            result.minutes[name, int(datetime.fromisoformat(start).timestamp()), metric] += amount
        for window in whole:
            for _, metric, amount in _series(board, name, window):
                result.sums[window][name, metric] += amount
    return result


def _series(board: BoardProcess, campaign: str, window: str) -> Iterator[tuple[str, str, int]]:
    for row in board.json(f"/api/campaigns/{campaign}/series?window={window}")["series"]:
        start = row.pop("start")
        for metric, amount in row.items():
            if isinstance(amount, int) and amount:
                yield start, metric, amount
