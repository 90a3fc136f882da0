"""The demo's processes: started, watched, started again when they die, and never left behind."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from listener.errors import UsageProblem
from listener.kafka import launch
from listener.kafka.settings import KafkaSettings

HOST: Final = "127.0.0.1"
#: A process that dies so often without anything counted in between will not come right.
MAX_CRASHES: Final = 5

#: Exit codes after which another start would end the same way: usage, dead-letter cap, refused changelogs.
_FINAL_CODES: Final = {2, 3, 4}
_STOP_S: Final = 10.0
_BACKOFF_S: Final = 0.5
_LOG_LINES: Final = 8
_PROBE: Final = aiohttp.ClientTimeout(total=2.0)


@dataclass
class Child:
    """A process of ours with an HTTP port, its log in a file. ``wanted``: it is started again when it dies."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log_file: Path
    wanted: bool = True
    wished_port: int = 0
    port: int = 0
    starts: int = 0
    process: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        """Start it, in a session of its own, and wait for its end; the exit code. Its port is the wished one if free.

        On Linux it dies with us, however we die.
        """
        self.port = free_port(self.wished_port)
        self.starts += 1
        guard = [sys.executable, "-I", "-S", str(launch.__file__), str(os.getpid())]
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *guard,
                *self.command,
                "--http-port",
                str(self.port),
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return await self.process.wait()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.returncode is None

    def send(self, number: int) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self) -> None:
        """End it in good order, or by force after a while."""
        self.wanted = False
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.send(signal.SIGTERM)
            self.send(signal.SIGCONT)
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_S)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.process.wait()

    def kill(self) -> None:
        """End it at once; for when there is no time to wait."""
        self.wanted = False
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)

    async def is_ready(self, http: aiohttp.ClientSession) -> bool:
        """Whether it says that it does its work."""
        if not self.running:
            return False
        try:
            async with http.get(f"http://{HOST}:{self.port}/readyz", timeout=_PROBE) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    def last_words(self) -> str:
        """The end of its log."""
        try:
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LOG_LINES:])


@dataclass
class Fleet:
    """All processes of a demo. ``progress`` gives a value that changes whenever something was counted.

    ``environment`` is theirs beside what says where Kafka is.
    """

    kafka: KafkaSettings
    directory: Path
    say: Callable[[str], None]
    progress: Callable[[], object]
    program: Sequence[str] = (sys.executable, "-m", "listener")
    environment: Mapping[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def add(self, name: str, arguments: Sequence[str], port: int = 0) -> Child:
        """A process to be supervised, on ``port`` if that is free; it starts when ``supervise`` runs."""
        # What the caller's environment says about a worker or board is not meant for the demo's own.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LISTENER_")}
        environment = {**inherited, **self.kafka.environment(), **self.environment}
        child = Child(name, (*self.program, *arguments), environment, self.directory / f"{name}.log", wished_port=port)
        self.children.append(child)
        return child

    async def supervise(self, child: Child) -> None:
        """Keep a process alive while it is wanted.

        Raises UsageProblem with the end of its log when another start is of no use: it says so by its exit code, or
        it died again and again without progress.
        """
        crashes, before = 0, self.progress()
        while True:
            code = await child.run()
            if not child.wanted:
                return
            crashes, before = (crashes + 1 if self.progress() == before else 1), self.progress()
            if code in _FINAL_CODES or crashes >= MAX_CRASHES:
                raise UsageProblem(
                    f"the {child.name} process ended (exit code {code}). The end of its log, {child.log_file}:\n"
                    f"{child.last_words()}"
                )
            self.say(f"the {child.name} process ended (exit code {code}); starting it again")
            await asyncio.sleep(_BACKOFF_S * (crashes - 1))

    async def stop(self) -> None:
        """End all of them; by force when this is cancelled."""
        try:
            await asyncio.gather(*(child.stop() for child in self.children))
        finally:
            for child in self.children:
                child.kill()


def free_port(wished: int = 0) -> int:
    """A TCP port that nothing listens on now: the wished one, or another where that is taken."""
    with socket.socket() as holder:
        # As servers do: a port whose last connections are still closing is free.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((HOST, wished))
        except OSError:
            if not wished:
                raise
            return free_port()
        port: int = holder.getsockname()[1]
        return port
