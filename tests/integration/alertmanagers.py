"""A real pair of Alertmanagers that gossip, and a webhook that keeps what they send."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, web

from tests.integration.workers import PATIENCE_S

#: Debian calls it by its full name.
PROGRAMS = ("alertmanager", "prometheus-alertmanager")


@dataclass
class Webhook:
    """What Alertmanager sent; ``refuse``: how many posts are answered with 500 before one is taken."""

    refuse: int = 0
    refused: int = 0
    taken: list[Any] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.refused < self.refuse:
            self.refused += 1
            return web.Response(status=500)
        self.taken.append(body)
        return web.Response()

    def of(self, status: str) -> list[Any]:
        return [one for one in self.taken if one["status"] == status]


@dataclass
class Alertmanager:
    """One process."""

    url: str
    process: subprocess.Popen[bytes]

    async def ready(self, peers: int) -> None:
        """Wait until it answers and knows so many members of its cluster, itself among them."""
        async with ClientSession() as session, asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with session.get(f"{self.url}/api/v2/status") as answer:
                        cluster = (await answer.json())["cluster"]
                        if cluster["status"] == "ready" and len(cluster["peers"]) == peers:
                            return
                except ClientError:
                    pass
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """For TCP and UDP: gossip uses both."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def program() -> str:
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Alertmanager: install {' or '.join(PROGRAMS)}")
    return found


@contextmanager
def alertmanagers(directory: Path, webhook_port: int) -> Iterator[list[Alertmanager]]:
    """Two, one cluster; alerts go to the webhook after a second."""
    config = {
        "route": {
            "receiver": "hook",
            "group_by": ["alertname", "campaign"],
            "group_wait": "1s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [
            {"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{webhook_port}/", "send_resolved": True}]}
        ],
    }
    file = directory / "alertmanager.yaml"
    file.write_text(json.dumps(config))
    gossip = [free_port(), free_port()]
    with ExitStack() as stack:
        yield [stack.enter_context(_run(directory, file, gossip, index)) for index in range(2)]


@contextmanager
def _run(directory: Path, config: Path, gossip: list[int], index: int) -> Iterator[Alertmanager]:
    port = free_port()
    options = {
        "config.file": config,
        "storage.path": directory / f"data{index}",
        "web.listen-address": f"127.0.0.1:{port}",
        "cluster.listen-address": f"127.0.0.1:{gossip[index]}",
        "cluster.advertise-address": f"127.0.0.1:{gossip[index]}",
        "cluster.peer": f"127.0.0.1:{gossip[1 - index]}",
        "cluster.settle-timeout": "1s",
        "cluster.peer-timeout": "2s",
        "cluster.probe-interval": "200ms",
        "cluster.probe-timeout": "100ms",
        "cluster.gossip-interval": "50ms",
    }
    with (directory / f"alertmanager{index}.log").open("wb") as log:
        process = subprocess.Popen(
            [program(), *(f"--{name}={value}" for name, value in options.items())], stdout=log, stderr=log
        )
    try:
        yield Alertmanager(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait()
