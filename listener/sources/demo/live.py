"""Sources of a demo: what is read, whether it can be reached, and where its records go."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from listener.errors import UsageProblem
from listener.sources.feeds.poller import FeedsConfig
from listener.sources.kit.config import load_source
from listener.sources.kit.connector import Configured, Context
from listener.sources.kit.output import Outgoing, Output
from listener.sources.kit.runner import run_connector
from listener.sources.kit.stats import Stats
from listener.sources.networks.jetstream import BlueskyConfig, Cursor

LiveName = Literal["bluesky", "rss"]
NAMES: Final[tuple[LiveName, ...]] = ("bluesky", "rss")
TITLES: Final[dict[LiveName, str]] = {"bluesky": "posts from Bluesky as they are written", "rss": "the Persian press"}

#: A demo begins so far back, so that there is something to see at once.
_PAST: Final = timedelta(minutes=10)
_CONNECT_S: Final = 5.0
#: So many addresses are tried before the network is said to be missing.
_TRIED: Final = 4
_PORTS: Final = {"http": 80, "ws": 80}


class Sending(Protocol):
    """What of a demo's run is used: its producer, the prefix of its topics, and the count of what was sent."""

    @property
    def producer(self) -> Any:
        """An idempotent producer."""

    def was_sent(self, number: int) -> None:
        """So many more records were acknowledged."""

    def topic(self, logical: str) -> str:
        """The name of a topic with its prefix."""


def settings(name: LiveName, file: Path | None) -> Configured:
    """The settings of a demo's source: those of the file's entry ``name``, or such that need nothing."""
    if file is not None:
        return load_source(name, file)
    return BlueskyConfig() if name == "bluesky" else FeedsConfig(full_text="never")


def campaigns_directory(name: LiveName) -> Path:
    """Campaigns about what is always written about."""
    return Path(str(resources.files(__package__) / name))


def given_or_everyday(given: Path, name: LiveName) -> Path:
    """The directory that was given, or ours where none was (the empty path)."""
    return campaigns_directory(name) if given == Path() else given


def check_network(name: LiveName, config: Configured) -> None:
    """Raise UsageProblem at once when none of the source's servers can be reached."""
    addresses = config.hosts if isinstance(config, BlueskyConfig) else _feed_addresses(config)
    failures = asyncio.run(_failures(addresses[:_TRIED]))
    if failures:
        raise UsageProblem(
            f"{TITLES[name]}: no network, or it does not lead there ({failures[0]}). "
            "`listener demo` without --source shows the sample, which needs none."
        )


def _feed_addresses(config: Configured) -> Sequence[str]:
    feeds = getattr(config.connector(Context()), "feeds", [])
    return [feed.url for feed in feeds]


async def _failures(addresses: Sequence[str]) -> list[str]:
    """Why none of the addresses can be reached; empty when one can."""
    results = await asyncio.gather(*map(_connect, addresses))
    return [] if None in results else [reason for reason in results if reason]


async def _connect(address: str) -> str | None:
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme, 443)
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError) as error:
        return f"{parts.hostname}: {error or 'no answer'}"
    writer.close()
    return None


async def send(run: Sending, name: LiveName, config: Configured) -> None:
    """Read the source into the topics of a demo until cancelled."""
    context = Context()
    stats = Stats(name)
    begin: dict[str, Any] = {}
    if isinstance(config, BlueskyConfig):
        past = int((context.clock() - _PAST).timestamp() * 1_000_000)
        begin = {"": msgspec.to_builtins(Cursor(config.hosts[0], 1, past))}
    output = Output(_RunSink(run), stats, begin)
    await run_connector(config.connector(context), output, asyncio.Event(), context.random)
    # Feeds that are polled once are over; the demo goes on.
    await asyncio.Event().wait()


class _RunSink:
    """A demo keeps no cursors: it is gone when it ends."""

    def __init__(self, run: Sending) -> None:
        self._run = run

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Return when Kafka has them."""
        producer = self._run.producer
        pending = [await producer.send(self._run.topic(one.topic), one.value, one.key) for one in records]
        await asyncio.gather(*pending)
        self._run.was_sent(len(records))

    async def save(self, cursors: Mapping[str, Any]) -> None:
        """Nothing."""
