"""The tables of the mention store, and how its file is opened.

``mention`` has one row per (campaign, entity); ``stamp`` is NULL while only counters are known of it, so such a row is
never shown. ``record`` is what was said, as on the topic. ``texts`` is the full-text index, by the row's ``id``.
"""

import sqlite3
from pathlib import Path
from typing import Final

#: Another number makes every board build its store anew from the topic.
VERSION: Final = 2

FILE: Final = "mentions.sqlite3"

#: FTS5 can overwrite what it deletes from this version on; before it, segments are merged instead.
_SECURE_INDEX: Final = (3, 42, 0)
_BUSY_S: Final = 10.0
_CACHE_KIB: Final = 32 * 1024

_TABLES: Final = """
CREATE TABLE mention (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    entity TEXT NOT NULL,
    kind TEXT NOT NULL,
    platform TEXT NOT NULL,
    event_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    stamp INTEGER,
    counts_stamp INTEGER NOT NULL,
    likes INTEGER, shares INTEGER, comments INTEGER, views INTEGER, quotes INTEGER, saves INTEGER,
    liked INTEGER NOT NULL DEFAULT 0,
    engagement INTEGER NOT NULL DEFAULT 0,
    sentiment TEXT,
    relevant INTEGER,
    marked INTEGER,
    story TEXT,
    author TEXT,
    followers INTEGER,
    publisher TEXT,
    record BLOB,
    UNIQUE (campaign, entity)
);
CREATE INDEX mention_time ON mention (campaign, event_ms, entity) WHERE stamp IS NOT NULL;
CREATE INDEX mention_likes ON mention (campaign, liked, entity) WHERE stamp IS NOT NULL;
CREATE INDEX mention_engagement ON mention (campaign, engagement, entity) WHERE stamp IS NOT NULL;
CREATE INDEX mention_author ON mention (author) WHERE author IS NOT NULL;
CREATE INDEX mention_age ON mention (event_ms);
CREATE VIRTUAL TABLE texts USING fts5(words, normal, joins, tokenize = 'ascii');
CREATE TABLE forgotten (author TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE mark (campaign TEXT, entity TEXT, relevant INTEGER NOT NULL, PRIMARY KEY (campaign, entity)) WITHOUT ROWID;
CREATE TABLE position (topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition))
    WITHOUT ROWID;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def secure_index() -> bool:
    """Whether this SQLite overwrites the words of a deleted row at once."""
    return sqlite3.sqlite_version_info >= _SECURE_INDEX


def open_writer(directory: Path) -> sqlite3.Connection:
    """The one connection that writes; a file that is missing or of another version is made anew.

    Raises OSError and sqlite3.Error.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / FILE
    db = _open(file)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError:
        version = -1  # not a database, or a damaged one: the topic still has it all
    if version not in (0, VERSION):
        db.close()
        remove(directory)
        db, version = _open(file), 0
    file.chmod(0o600)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    if version == 0:
        db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        if secure_index():
            db.execute("INSERT INTO texts(texts, rank) VALUES ('secure-delete', 1)")
    return db


def open_reader(directory: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    db = _open(directory / FILE)
    db.execute("PRAGMA query_only = ON")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB // 4}")
    return db


def remove(directory: Path) -> None:
    """Delete the files of a store."""
    for suffix in ("", "-wal", "-shm"):
        directory.joinpath(FILE + suffix).unlink(missing_ok=True)


def _open(file: Path) -> sqlite3.Connection:
    # Transactions are begun by hand; the threads that use a connection take turns.
    return sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
