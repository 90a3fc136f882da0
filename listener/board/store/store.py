"""The mention store: one thread writes, some read, the event loop never waits for the disk."""

import asyncio
import fcntl
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, ParamSpec, Self, TypeVar

from listener.board.store import reading
from listener.board.store.query import MentionQuery
from listener.board.store.reading import Distinct, Page, Source, Stored
from listener.board.store.schema import open_reader, open_writer, remove
from listener.board.store.writing import RETENTION_MS, Writer
from listener.changelog import Records
from listener.errors import UsageProblem

READERS: Final = 3
#: A question that takes longer is broken off: it would keep others waiting.
QUESTION_S: Final = 10.0
_EXPORT_PAGE: Final = 500
_STEPS_BETWEEN_LOOKS: Final = 20_000
_LOCK: Final = "mentions.lock"
_MINUTE_MS: Final = 60_000

P = ParamSpec("P")
R = TypeVar("R")


class NotNowError(Exception):
    """A question took longer than ``QUESTION_S``, or the store is starting anew: ask for less, or later."""


class MentionStore:
    """Mentions of the last 30 days in a directory; what is missing there is read from the topics again.

    Without a directory they are in a temporary one that goes with the store. Use as a context manager. Raises
    UsageProblem on entry where the directory cannot be used or another board uses it.
    """

    def __init__(self, directory: Path | None, retention_ms: int = RETENTION_MS) -> None:
        self._directory = directory or Path()
        self._temporary = directory is None
        self._retention_ms = retention_ms
        self._readers = threading.local()
        self._writing = ThreadPoolExecutor(1, "mentions-write")
        self._reading = ThreadPoolExecutor(READERS, "mentions-read")
        self._open: list[sqlite3.Connection] = []
        self._generation = 0

    def __enter__(self) -> Self:
        if self._temporary:
            self._directory = Path(tempfile.mkdtemp(prefix="listener-board-"))
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock = (self._directory / _LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageProblem(
                f"--state-dir: another board uses {self._directory}. Give every board a directory of its own."
            ) from error
        except OSError as error:
            raise UsageProblem(f"--state-dir: {self._directory} cannot be used: {error.strerror}.") from error
        try:
            self._connect()
        except (OSError, sqlite3.Error) as error:
            self._lock.close()
            raise UsageProblem(
                f"--state-dir: the mentions in {self._directory} cannot be opened ({error}). Check the disk; the files "
                "mentions.sqlite3* can be deleted: they are built again from the topic."
            ) from error
        return self

    def __exit__(self, *_error: object) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        self._disconnect()
        self._generation = 0
        self._lock.close()
        if self._temporary:
            shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def positions(self) -> Mapping[tuple[str, int], int]:
        """The next offset per topic and partition, as saved with the rows."""
        return self._writer.positions()

    @property
    def unreadable(self) -> int:
        """Records left out since the start because they are none of this program's."""
        return self._writer.unreadable if self._generation else 0

    async def fit(self, topics: Mapping[str, str]) -> None:
        """Start anew where the topics (name → Kafka's id) are others than those that the rows came from."""
        facts = {f"topic {name}": ident for name, ident in topics.items()}
        kept = await self._write(lambda: {name: self._writer.about(name) for name in facts})
        if any(known not in (None, facts[name]) for name, known in kept.items()):
            await self.clear()
        await self._write(lambda: self._writer.note(facts))

    async def fact(self, name: str) -> str | None:
        """Something that was noted."""
        return await self._write(lambda: self._writer.about(name))

    async def note(self, name: str, value: str) -> None:
        """Note something beside the mentions."""
        await self._write(lambda: self._writer.note({name: value}))

    async def clear(self) -> None:
        """Forget everything; the topics are then read from their beginning."""

        def anew() -> None:
            self._disconnect()
            remove(self._directory)
            self._connect()

        await self._write(anew)

    async def mentions(self, topic: str, partition: int, records: Records, following: int) -> None:
        """Take over records of the mentions topic, and with them the position ``following``."""
        await self._write(lambda: self._writer.mentions(topic, partition, records, following))

    async def feedback(self, topic: str, partition: int, records: Records, following: int) -> None:
        """Take over records of the feedback topic."""
        await self._write(lambda: self._writer.feedback(topic, partition, records, following))

    @property
    def purgeable(self) -> bool:
        """Whether deleted rows have left traces in the files that ``purge`` wipes."""
        return self._writer.purgeable

    async def purge(self) -> bool:
        """Wipe the traces; False while somebody still reads the old state: then try again later."""
        return await self._write(self._writer.purge)

    async def page(self, query: MentionQuery) -> Page:
        """One page of mentions; NotNowError when it takes too long."""
        return await self._ask(reading.page, query)

    async def count(self, query: MentionQuery) -> int:
        """How many mentions match."""
        return await self._ask(reading.count, query)

    async def one(self, campaign: str, entity: str) -> Stored | None:
        """One mention."""
        return await self._ask(reading.one, campaign, entity)

    async def top_sources(self, query: MentionQuery, by: str) -> list[Source]:
        """The publishers, authors or platforms with most mentions."""
        return await self._ask(reading.top_sources, query, by)

    async def distinct(self, query: MentionQuery) -> Distinct:
        """Distinct authors and stories over a range."""
        return await self._ask(reading.distinct, query)

    async def pages(self, query: MentionQuery) -> AsyncIterator[Page]:
        """All mentions, a page at a time: no long transaction, so memory and journal stay small."""
        query = replace(query, limit=_EXPORT_PAGE)
        while True:
            page = await self.page(query)
            yield page
            if page.following is None:
                return
            query = replace(query, cursor=page.following)

    def authors_and_stories(self, campaign: str, minute: int) -> tuple[int, int]:
        """Distinct authors and stories of a UTC minute (its start in epoch seconds); quick, for the event loop."""
        if not self._generation:
            return 0, 0
        first = minute * 1000
        found = reading.distinct_minutes(self._own, campaign, first, first + _MINUTE_MS)
        return found.get(minute, Distinct(0, 0))

    def press_stories(self, campaign: str, start_ms: int | None, end_ms: int | None) -> int | None:
        """Distinct stories of the press mentions of a span, of those that are kept; None while it is not open."""
        return reading.press_stories(self._own, campaign, start_ms, end_ms) if self._generation else None

    def post_authors(self, campaign: str, start_ms: int | None, end_ms: int | None) -> int | None:
        """Distinct authors of the posts of a span, of those that are kept; None without any, or while not open."""
        return (reading.post_authors(self._own, campaign, start_ms, end_ms) or None) if self._generation else None

    def potential_reach(self, campaign: str, start_ms: int | None, end_ms: int | None) -> int | None:
        """Followers of the authors of the posts of a span, of those that are kept; None without any, or not open."""
        return reading.potential_reach(self._own, campaign, start_ms, end_ms) if self._generation else None

    async def _write(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)

    async def _ask(self, question: Callable[..., R], *arguments: object) -> R:
        if not self._generation:
            raise NotNowError("the mentions are being opened")

        def answer() -> R:
            db = self._reader()
            deadline = time.monotonic() + QUESTION_S
            db.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            return question(db, *arguments)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, answer)
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise NotNowError("this question takes too long: ask for a shorter time or fewer words") from error
            raise
        except sqlite3.ProgrammingError as error:
            # Its connection was closed under it.
            raise NotNowError("the mentions are being read again from the beginning") from error

    def _reader(self) -> sqlite3.Connection:
        if getattr(self._readers, "generation", -1) != self._generation:
            self._readers.db = open_reader(self._directory)
            self._readers.generation = self._generation
            self._open.append(self._readers.db)
        db: sqlite3.Connection = self._readers.db
        return db

    def _connect(self) -> None:
        self._db = open_writer(self._directory)
        self._writer = Writer(self._db, self._retention_ms)
        self._own = open_reader(self._directory)
        self._generation += 1

    def _disconnect(self) -> None:
        for db in (*self._open, self._own, self._db):
            db.close()
        self._open = []
