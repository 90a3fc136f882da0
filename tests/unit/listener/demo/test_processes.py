import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from listener.demo.processes import Child, Fleet
from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings

SERVE = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Ready).serve_forever()
"""


class Lines(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def said() -> Lines:
    return Lines()


@pytest.fixture
def progress() -> Iterator[list[int]]:
    return [0]  # type: ignore[return-value]


@pytest.fixture
def fleet(tmp_path: Path, said: Lines, progress: list[int]) -> Fleet:
    return Fleet(KafkaSettings(("k:9092",)), tmp_path, said, lambda: progress[0], program=(sys.executable, "-c"))


async def ready(child: Child) -> None:
    async with aiohttp.ClientSession() as http:
        while not await child.is_ready(http):
            await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_that_dies_is_started_again_and_stopped_at_the_end(fleet: Fleet, said: Lines) -> None:
    async def scenario() -> list[int]:
        child = fleet.add("worker-0", [SERVE])
        task = asyncio.create_task(fleet.supervise(child))
        await ready(child)
        assert child.process is not None
        first = child.process.pid
        child.send(signal.SIGKILL)
        assert child.process is not None
        await child.process.wait()
        await ready(child)
        second = child.process.pid
        await fleet.stop()
        await task
        return [first, second]

    pids = asyncio.run(scenario())
    assert len(set(pids)) == 2
    assert all(map(gone, pids))
    assert said == ["the worker-0 process ended (exit code -9); starting it again"]


def test_a_frozen_process_is_stopped_too(fleet: Fleet) -> None:
    async def scenario() -> int:
        child = fleet.add("worker-0", [SERVE])
        task = asyncio.create_task(fleet.supervise(child))
        await ready(child)
        child.send(signal.SIGSTOP)
        await fleet.stop()
        await task
        assert child.process is not None
        return child.process.pid

    assert gone(asyncio.run(scenario()))


def test_one_that_is_not_wanted_any_more_is_not_started_again(fleet: Fleet) -> None:
    async def scenario() -> int:
        child = fleet.add("worker-0", [SERVE])
        task = asyncio.create_task(fleet.supervise(child))
        await ready(child)
        child.wanted = False
        child.send(signal.SIGKILL)
        await task
        return child.starts

    assert asyncio.run(scenario()) == 1


@pytest.mark.parametrize("code", [2, 3, 4])
def test_an_end_that_another_start_cannot_mend_is_told_with_the_log(fleet: Fleet, code: int) -> None:
    child = fleet.add("worker-0", [f"import sys; print('halt: too many dead letters'); sys.exit({code})"])
    with pytest.raises(UsageProblem, match=rf"worker-0 process ended \(exit code {code}\)[^$]*too many dead letters"):
        asyncio.run(fleet.supervise(child))
    assert child.starts == 1


def test_five_crashes_in_a_row_are_enough(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listener.demo.processes._BACKOFF_S", 0.0)
    child = fleet.add("worker-0", ["raise SystemExit(1)"])
    with pytest.raises(UsageProblem, match="exit code 1"):
        asyncio.run(fleet.supervise(child))
    assert child.starts == 5


def test_crashes_with_progress_in_between_are_borne(
    fleet: Fleet, progress: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listener.demo.processes._BACKOFF_S", 0.0)
    child = fleet.add("worker-0", ["raise SystemExit(1)"])

    def count(_: str) -> None:
        progress[0] += child.starts < 7

    fleet.say = count
    with pytest.raises(UsageProblem):
        asyncio.run(fleet.supervise(child))
    assert child.starts == 7 + 4


def test_the_environment_names_the_cluster_and_nothing_else_of_ours(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTENER_DLQ_CAP", "off")
    environment = fleet.add("worker-0", []).environment
    assert environment["LISTENER_BOOTSTRAP_SERVERS"] == "k:9092"
    assert "LISTENER_DLQ_CAP" not in environment
    assert environment["PATH"] == os.environ["PATH"]
