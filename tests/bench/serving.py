"""Workers and a board as processes of their own, for benchmarks that need more than one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

import psutil

from listener.kafka.naming import namespace_environment
from listener.kafka.settings import KafkaSettings
from models.topics import Namespace
from tests.bench.processes import Peak
from tests.bench.run import _cpu, _free_port, _get

PATIENCE_S = 300.0


class Served:
    """A worker or board that runs while the context is open."""

    def __init__(self, kafka: KafkaSettings, namespace: Namespace, command: str, *options: str) -> None:
        self.port = _free_port()
        self._command = [sys.executable, "-m", "listener", command, "--http-port", str(self.port), *options]
        mine = kafka.environment() | namespace_environment(namespace) | {"LISTENER_LOG_LEVEL": "WARNING"}
        self._environment = os.environ | mine

    def __enter__(self) -> Self:
        self.process = psutil.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()

    def wait_ready(self) -> None:
        """Until it says so."""
        wait_for([self], lambda: _get(self.port, "/readyz") is not None, 0.05)

    @property
    def cpu_s(self) -> float:
        """CPU seconds until now."""
        return _cpu(self.process)

    @property
    def peak_mb(self) -> float:
        """Peak memory until now."""
        return Peak(self.process.pid).look()


def wait_for(served: Sequence[Served], met: Callable[[], bool], pause: float) -> None:
    """Until ``met``; ends the benchmark when a process ends before, or after some minutes."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        for one in served:
            with suppress(psutil.TimeoutExpired):
                raise SystemExit(f"a process ended with {one.process.wait(0)}")
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {PATIENCE_S:.0f} s in vain")
        time.sleep(pause)
