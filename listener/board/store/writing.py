"""Records of the topics into the tables: what is newer replaces, what was taken back goes, replays change nothing."""

import logging
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from listener.changelog import Records
from models.feedback import Forgotten, Marked, unpack_feedback
from models.mention import Mention, unpack_mention
from models.post import COUNTERS, Counts
from processors.search import search_form
from processors.windows import to_ms

_log = logging.getLogger("listener.board.store")

DAY_MS: Final = 24 * 3_600_000
RETENTION_MS: Final = 30 * DAY_MS

_NEWEST: Final = "newest_ms"
_COUNTS_SUFFIX: Final = "|counts"
_COUNTS: Final = ", ".join(f"{name} = :{name}" for name in COUNTERS) + ", liked = :liked, engagement = :engagement"
_INSERT_NAMES: Final = (
    *("campaign", "entity", "kind", "platform", "event_ms", "topic", "partition", "stamp", "counts_stamp"),
    *("sentiment", "relevant", "marked", "story", "author", "followers", "publisher", "record"),
    *(*COUNTERS, "liked", "engagement"),
)
_INSERT: Final = (
    f"INSERT INTO mention ({', '.join(_INSERT_NAMES)}) VALUES ({', '.join(f':{name}' for name in _INSERT_NAMES)})"  # noqa: S608 - names of ours
)
_SAID: Final = (
    ", ".join(
        f"{name} = :{name}"
        for name in ("kind", "platform", "event_ms", "topic", "partition", "stamp", "sentiment", "relevant", "marked")
    )
    + ", story = :story, author = :author, followers = :followers, publisher = :publisher, record = :record"
)

Values = dict[str, object]
#: Of a row: id, source topic, partition, stamp of what was said, stamp of the counters.
Known = tuple[int, str, int, int | None, int]


class Writer:
    """Applies batches on one connection, each batch with its new position in one transaction.

    ``purgeable``: whether something was deleted whose traces ``purge`` should wipe from index and journal.
    """

    def __init__(self, db: sqlite3.Connection, retention_ms: int = RETENTION_MS) -> None:
        self._db = db
        self._retention_ms = retention_ms
        self._newest = int(self.about(_NEWEST) or 0)
        self.purgeable = False
        self.unreadable = 0

    def about(self, name: str) -> str | None:
        """A fact that the store keeps about itself."""
        row = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def note(self, facts: Mapping[str, str]) -> None:
        """Keep facts."""
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", facts.items())

    def positions(self) -> dict[tuple[str, int], int]:
        """The next offset per topic and partition."""
        rows = self._db.execute("SELECT topic, partition, next FROM position")
        return {(topic, partition): following for topic, partition, following in rows}

    def mentions(self, topic: str, partition: int, records: Records, following: int) -> None:
        """Take over records of the mentions topic; ``following`` is the offset behind them."""
        with _transaction(self._db):
            for offset, key, value in records:
                if value is None:
                    self._take_back(key)
                elif (mention := self._read(topic, partition, offset, value)) is not None:
                    self._take(mention, value)
            self._expire()
            self._move(topic, partition, following)

    def feedback(self, topic: str, partition: int, records: Records, following: int) -> None:
        """Take over what people said back: marks of relevance, and authors to be forgotten."""
        with _transaction(self._db):
            for offset, key, value in records:
                if value is None:
                    self._unmark(key)
                    continue
                try:
                    said = unpack_feedback(value)
                except msgspec.ValidationError as error:
                    self._unreadable(topic, partition, offset, error)
                    continue
                if isinstance(said, Forgotten):
                    self._forget(said.author)
                elif isinstance(said, Marked):
                    self._mark(said)
            self._move(topic, partition, following)

    def purge(self) -> bool:
        """Wipe what deleted rows left in the index's old segments and in the journal; whether all of it is gone.

        Readers under way can keep the journal alive: then it has to be tried again.
        """
        self._db.execute("INSERT INTO texts(texts) VALUES ('optimize')")
        busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        self.purgeable = bool(busy)
        return not self.purgeable

    def _read(self, topic: str, partition: int, offset: int, value: bytes) -> Mention | None:
        try:
            return unpack_mention(value)
        except msgspec.DecodeError as error:
            self._unreadable(topic, partition, offset, error)
            return None

    def _unreadable(self, topic: str, partition: int, offset: int, error: Exception) -> None:
        # The counts do not come from here: a page with one mention less is better than none.
        self.unreadable += 1
        _log.error("%s, partition %d, offset %d cannot be read and is left out: %s", topic, partition, offset, error)

    def _move(self, topic: str, partition: int, following: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (topic, partition, following))
        self.note({_NEWEST: str(self._newest)})

    def _take(self, mention: Mention, value: bytes) -> None:
        event_ms = to_ms(mention.event_time)
        if event_ms < self._newest - self._retention_ms:
            return
        known = self._db.execute(
            "SELECT id, topic, partition, stamp, counts_stamp FROM mention WHERE campaign = ? AND entity = ?",
            (mention.campaign, mention.entity),
        ).fetchone()
        if known is not None and (known[1], known[2]) != (mention.origin.topic, mention.origin.partition):
            known = self._relocate(known, mention)
        if mention.op == "engagement":
            self._take_counts(mention, known)
        elif known is None or known[3] is None or mention.origin.stamp > known[3]:
            self._take_said(mention, value, known)
        self._newest = max(self._newest, event_ms)

    def _relocate(self, known: Known, mention: Mention) -> Known:
        """The source was made anew: stamps of another partition say nothing about this one."""
        number, _, _, stamp, _ = known
        where = mention.origin.topic, mention.origin.partition
        stamp = None if stamp is None else -1
        self._db.execute(
            "UPDATE mention SET topic = ?, partition = ?, stamp = ?, counts_stamp = -1 WHERE id = ?",
            (*where, stamp, number),
        )
        return number, *where, stamp, -1

    def _take_counts(self, mention: Mention, known: Known | None) -> None:
        stamp = mention.origin.stamp
        counts: Values = {"counts_stamp": stamp, **_counts(mention.counts)}
        if known is None:
            self._db.execute(_INSERT, dict.fromkeys(_INSERT_NAMES) | _where(mention) | counts)
        elif stamp > known[4]:
            self._db.execute(
                f"UPDATE mention SET counts_stamp = :counts_stamp, {_COUNTS} WHERE id = :id",  # noqa: S608
                {**counts, "id": known[0]},
            )

    def _take_said(self, mention: Mention, value: bytes, known: Known | None) -> None:
        if mention.author is not None and self._is_forgotten(mention.author):
            if known is not None:
                self._delete([known[0]])
            return
        values: Values = {**_where(mention), **_said(mention, value), "marked": self._marked(mention)}
        stamp = mention.origin.stamp
        if known is None:
            rows = {**values, "counts_stamp": stamp, **_counts(mention.counts)}
            number = self._db.execute(_INSERT, rows).lastrowid
        else:
            number = known[0]
            self._db.execute(f"UPDATE mention SET {_SAID} WHERE id = :id", {**values, "id": number})  # noqa: S608
            if stamp > known[4]:
                self._db.execute(
                    f"UPDATE mention SET counts_stamp = :stamp, {_COUNTS} WHERE id = :id",  # noqa: S608
                    {**_counts(mention.counts), "stamp": stamp, "id": number},
                )
            if known[3] is not None:
                # What an edit took out of a text must not be found any more, nor be read from the file.
                self._db.execute("DELETE FROM texts WHERE rowid = ?", (number,))
                self.purgeable = True
        form = search_form(mention.text, mention.normalized)
        self._db.execute("INSERT INTO texts (rowid, words, normal, joins) VALUES (?, ?, ?, ?)", (number, *form))

    def _take_back(self, key: bytes) -> None:
        campaign, _, entity = key.decode(errors="replace").partition("|")
        # A delete takes back both keys: of counters it is enough to drop those that nothing was said with.
        rows = self._db.execute(
            "SELECT id FROM mention WHERE campaign = ?1 AND (entity = ?2 OR (entity = ?3 AND stamp IS NULL))",
            (campaign, entity, entity.removesuffix(_COUNTS_SUFFIX)),
        )
        self._delete([number for (number,) in rows])

    def _forget(self, author: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (author,))
        rows = self._db.execute("SELECT id FROM mention WHERE author = ?", (author,))
        self._delete([number for (number,) in rows])

    def _mark(self, said: Marked) -> None:
        where = said.campaign, said.entity
        self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", (*where, said.relevant))
        self._db.execute("UPDATE mention SET marked = ? WHERE campaign = ? AND entity = ?", (said.relevant, *where))

    def _unmark(self, key: bytes) -> None:
        kind, _, rest = key.decode(errors="replace").partition("|")
        if kind == "relevance":
            campaign, _, entity = rest.partition("|")
            self._db.execute("DELETE FROM mark WHERE campaign = ? AND entity = ?", (campaign, entity))
            self._db.execute("UPDATE mention SET marked = NULL WHERE campaign = ? AND entity = ?", (campaign, entity))

    def _is_forgotten(self, author: str) -> bool:
        return self._db.execute("SELECT 1 FROM forgotten WHERE author = ?", (author,)).fetchone() is not None

    def _marked(self, mention: Mention) -> int | None:
        where = mention.campaign, mention.entity
        row = self._db.execute("SELECT relevant FROM mark WHERE campaign = ? AND entity = ?", where).fetchone()
        return None if row is None else int(row[0])

    def _expire(self) -> None:
        oldest = self._newest - self._retention_ms
        self._delete([number for (number,) in self._db.execute("SELECT id FROM mention WHERE event_ms < ?", (oldest,))])

    def _delete(self, numbers: Iterable[int]) -> None:
        rows = [(number,) for number in numbers]
        if rows:
            self._db.executemany("DELETE FROM mention WHERE id = ?", rows)
            self._db.executemany("DELETE FROM texts WHERE rowid = ?", rows)
            self.purgeable = True


class _transaction:  # noqa: N801 - reads as a statement
    """All of the block, or nothing of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, error: object, *_more: object) -> None:
        self._db.execute("COMMIT" if error is None else "ROLLBACK")


def _where(mention: Mention) -> Values:
    return {
        "campaign": mention.campaign,
        "entity": mention.entity,
        "kind": mention.kind,
        "platform": mention.platform,
        "event_ms": to_ms(mention.event_time),
        "topic": mention.origin.topic,
        "partition": mention.origin.partition,
    }


def _said(mention: Mention, value: bytes) -> Values:
    return {
        "stamp": mention.origin.stamp,
        "sentiment": mention.sentiment,
        "relevant": mention.relevant,
        "story": mention.story,
        "author": mention.author,
        "followers": mention.followers,
        "publisher": mention.publisher,
        "record": value,
    }


def _counts(counts: Counts) -> Values:
    """The counters, and their sums with unknown as 0: all but views is engagement."""
    values: Values = dict(zip(COUNTERS, counts.values(), strict=True))
    engaged = sum(value or 0 for name, value in zip(COUNTERS, counts.values(), strict=True) if name != "views")
    return {**values, "liked": counts.likes or 0, "engagement": engaged}
