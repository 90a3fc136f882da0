"""What a process and all that it started take: peak memory, from the kernel's own high-water marks."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

#: Seconds between two looks; a mark is the kernel's and misses nothing between them.
LOOK_S: Final = 0.1
_MARK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Peak:
    """The sum of the peaks of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._marks: dict[int, int] = {}

    def look(self) -> float:
        """MB until now."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._root)
            for process in (root, *root.children(recursive=True)):
                self._note(process.pid)
        return sum(self._marks.values()) / 1024

    def _note(self, pid: int) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            # One that has ended and was not waited for has no mark.
            for mark in _MARK.findall(Path(f"/proc/{pid}/status").read_text()):
                self._marks[pid] = int(mark)


def run_measured(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> "tuple[subprocess.CompletedProcess[str], float]":
    """Run it to its end: what it printed, and the peak in MB."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, errors="replace"
    )
    peak, mb = Peak(process.pid), 0.0
    while True:
        try:
            out, err = process.communicate(timeout=LOOK_S)
        except subprocess.TimeoutExpired:
            mb = peak.look()
            continue
        return subprocess.CompletedProcess(command, process.returncode, out, err), mb
