"""A broker on a small disk that fills up."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.crew import crew
from tests.chaos.oracle import Figures, LeftOut

#: Room for the broker's own topics and the scenario's, with some to spare.
DISK_MB = 768
BALLAST = "ballast"
_BLOCK = b"\0" * (1024 * 1024)


@contextmanager
def small_disk(megabytes: int = DISK_MB) -> Iterator[Path]:
    """A directory on a disk of its own; LeftOut where none can be mounted."""
    path = tempfile.mkdtemp(prefix="listener-disk-")
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "listener-disk", path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise LeftOut(str(error)) from error
    if done.returncode:
        Path(path).rmdir()
        raise LeftOut(f"a small disk cannot be mounted here ({done.stderr.strip()})")
    try:
        yield Path(path)
    finally:
        subprocess.run(["umount", path], check=True)
        Path(path).rmdir()


def fill(directory: Path) -> None:
    """Take all that is free, until the ballast is deleted."""
    with (directory / BALLAST).open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(_BLOCK)
    left = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    if left > len(_BLOCK):
        raise AssertionError(f"the disk has {left} bytes free after all")


def diskfull(broker: EmbeddedKafka, directory: Path, seed: int, times: int = 2) -> Figures:
    """The broker's disk fills up, it gives up, somebody frees the disk and starts it again."""
    disk = broker.log_file.parent
    with crew(broker, directory, "diskfull", seed) as one:
        for _ in range(times):
            one.flow(one.rng.randint(500, 1500))
            done = one.fault(lambda: fill(disk))
            one.rest(lambda: broker.poll() is not None, "the broker to give up")
            (disk / BALLAST).unlink()
            broker.start()
            one.recovered(done)
        return one.verdict()
