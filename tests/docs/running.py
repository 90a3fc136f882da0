"""Runs the blocks of a page one after the other in one directory, as a reader would in terminals beside each other."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from listener.demo.processes import free_port
from tests.docs.blocks import ROOT, Block, Page

#: Ports that the documentation names; every run has others, as several may run on a machine.
PORTS = ("9092", "8080", "8081", "8082", "8090")
#: The variables of the ports that are taken where the documentation names none.
PORT_VARIABLES = {
    "LISTENER_BOARD_HTTP_PORT": "8080",
    "LISTENER_WORKER_HTTP_PORT": "8081",
    "LISTENER_SOURCE_HTTP_PORT": "8082",
}
PATIENCE_S = 120.0
#: What ends by Ctrl-C ends with one of these: in good order, or as shells report it.
STOPPED = {0, 130, -signal.SIGINT}

# Ends a block: what it exported, and where it went, holds for the next.
_KEEP = '\nexport -p > "$DOCS_STATE"; printf "cd %q\\n" "$PWD" >> "$DOCS_STATE"\n'
_SHELL = ("bash", "-eu", "-o", "pipefail", "-c")
# The targets' own installation is what the tests run in.
_MAKE = '#!/bin/sh\nexec {make} -o .venv/.installed "$@"\n'


@dataclass
class Reader:
    """Somebody who types what a page says. Use as a context manager: what goes on is stopped at the end."""

    page: Page
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    _running: list[tuple[Block, "subprocess.Popen[bytes]", Path]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ports = {port: str(free_port()) for port in PORTS}
        self._place = self.home / "clone"
        self._place.mkdir()
        for name in ("Makefile", "requirements.lock", "pyproject.toml", "docs", "deploy", "tests"):
            if (ROOT / name).exists():
                (self._place / name).symlink_to(ROOT / name)
        tools = self.home / "bin"
        tools.mkdir()
        binaries = Path(sys.executable).parent
        (self._place / ".venv").mkdir()
        (self._place / ".venv/bin").symlink_to(binaries)
        (tools / "make").write_text(_MAKE.format(make=shutil.which("make")), encoding="utf-8")
        (tools / "make").chmod(0o755)
        self._state = self.home / "state"
        self._state.write_text("", encoding="utf-8")
        (self.home / "tmp").mkdir()
        mine = {"PATH": f"{tools}:{binaries}:{os.environ['PATH']}", "TMPDIR": str(self.home / "tmp")}
        others = {name: value for name, value in os.environ.items() if not name.startswith("LISTENER_")}
        self._environment = {**others, **mine, "DOCS_STATE": str(self._state)}
        ports = {name: self._ports[port] for name, port in PORT_VARIABLES.items()}
        self._environment |= {**ports, **self.variables}
        return self

    def __exit__(self, *_error: object) -> None:
        for _, process, _ in reversed(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def read(self) -> None:
        """Do everything; AssertionError for what did not go as the page says."""
        for command in self.page.before:
            self._do(Block(0, command))
        for block in self.page.blocks:
            if block.not_run is None:
                self._do(block)
        for block, process, log in reversed(self._running):
            assert process.poll() is None, self._message(block, log, "ended by itself")
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(PATIENCE_S) in STOPPED, self._message(block, log, f"ended with {process.returncode}")

    def _do(self, block: Block) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            said = self._once(block)
            wanted = self._with_ports(block.at_last or "")
            if wanted in said or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        missing = [text for text in (*block.prints, wanted) if self._with_ports(text) not in said]
        assert not missing, self._message(block, self._log(block), f"did not print {missing}")

    def _log(self, block: Block) -> Path:
        return self.home / f"{self.page.path.name}-{block.line}.log"

    def _once(self, block: Block) -> str:
        """Run it, or start it and wait until it is under way; what it said."""
        log = self._log(block)
        script = f'. "$DOCS_STATE"\n{self._with_ports(block.text)}\n'
        if block.goes_on is None:
            with log.open("wb") as out:
                done = subprocess.run(
                    [*_SHELL, script + _KEEP], cwd=self._place, env=self._environment, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False,
                )  # fmt: skip
            assert done.returncode == 0, self._message(block, log, f"ended with {done.returncode}")
        else:
            with log.open("wb") as out:
                process = subprocess.Popen(
                    [*_SHELL, script], cwd=self._place, env=self._environment, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
            self._running.append((block, process, log))
            self._wait_for(block, process, log)
        return log.read_text(encoding="utf-8", errors="replace")

    def _wait_for(self, block: Block, process: "subprocess.Popen[bytes]", log: Path) -> None:
        deadline = time.monotonic() + PATIENCE_S
        wanted = self._with_ports(block.goes_on or "")
        while wanted not in log.read_text(encoding="utf-8", errors="replace"):
            assert process.poll() is None, self._message(block, log, f"ended with {process.returncode}")
            assert time.monotonic() < deadline, self._message(block, log, f"has not said {wanted!r}")
            time.sleep(0.05)

    def _with_ports(self, text: str) -> str:
        return re.sub(rf"(?<!\d)({'|'.join(PORTS)})(?!\d)", lambda found: self._ports[found[1]], text)

    def _message(self, block: Block, log: Path, what: str) -> str:
        said = log.read_text(encoding="utf-8", errors="replace")[-3_000:]
        return f"{self.page.name}:{block.line}: the block {what}:\n{block.text}\nIt said:\n{said}"
