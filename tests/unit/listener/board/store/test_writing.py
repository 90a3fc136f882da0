"""The store as a function of what was on its topics."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.board.store.query import MentionQuery
from listener.board.store.reading import Stored, page
from listener.board.store.schema import FILE, open_writer
from listener.board.store.writing import DAY_MS, Writer
from models.feedback import Forgotten, Marked
from tests.mentioning import FEEDBACK, NOON, TOPIC, Change, Log, counted, feedback, put, said, taken_back

AT = datetime(2026, 11, 21, tzinfo=UTC)


class Rig:
    """A writer with the logs that it reads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log, self.back = Log(), Log()
        self.db = open_writer(directory)
        self.writer = Writer(self.db)

    def take(self, *changes: Change) -> None:
        records = self.log.append(list(changes))
        self.writer.mentions(TOPIC, 0, records, self.log.end)

    def hear(self, *said_back: Any) -> None:
        self.writer.feedback(FEEDBACK, 0, self.back.append(feedback(*said_back)), self.back.end)

    def all(self, words: str = "", **fields: Any) -> list[Stored]:
        return page(self.db, MentionQuery("berimo", words=words, **fields)).mentions

    def entities(self, words: str = "", **fields: Any) -> list[str]:
        return [one.mention.entity for one in self.all(words, **fields)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.db.close()


def test_what_was_said_comes_with_its_newest_counters(rig: Rig) -> None:
    rig.take(*put(said(stamp=3, counts=counted("", 0, likes=1).counts), counted("twitter:1", 5, likes=7, views=90)))
    (one,) = rig.all()
    assert (one.mention.text, one.mention.counts.likes, one.mention.counts.views) == ("سفارش من از بریمو نرسید", 7, 90)
    assert one.engagement == 7, "views are no engagement"


def test_counters_alone_are_not_shown_and_wait_for_what_was_said(rig: Rig) -> None:
    """After compaction an edit stands behind the engagement that came before it."""
    rig.take(*put(counted("twitter:1", 5, likes=7)))
    assert rig.all() == []
    rig.take(*put(said(stamp=4, op="update")))
    assert [one.mention.counts.likes for one in rig.all()] == [7]
    rig.take(*put(counted("twitter:1", 4, likes=2)))
    assert [one.mention.counts.likes for one in rig.all()] == [7]


def test_an_edit_replaces_the_text_and_an_older_record_does_not(rig: Rig) -> None:
    rig.take(*put(said(stamp=3), said(stamp=9, op="update", text="بریمو رسید"), said(stamp=3)))
    assert [one.mention.text for one in rig.all()] == ["بریمو رسید"]
    assert rig.entities("نرسید") == []
    assert rig.entities("رسید") == ["twitter:1"]


def test_a_source_made_anew_is_not_compared_with_the_old_one(rig: Rig) -> None:
    rig.take(*put(said(stamp=900), counted("twitter:1", 901, likes=9)))
    rig.take(*put(said(stamp=2, partition=1, op="update", text="از نو")))
    assert [one.mention.text for one in rig.all()] == ["از نو"]


def test_a_tombstone_takes_the_row_and_its_words(rig: Rig) -> None:
    rig.take(*put(said(), counted("twitter:1", 5, likes=7), said("twitter:2", 6)))
    rig.take(*taken_back("twitter:1"))
    assert rig.entities() == rig.entities("نرسید") == ["twitter:2"]
    assert rig.db.execute("SELECT COUNT(*) FROM texts").fetchone() == (1,)


def test_tombstones_of_entities_with_bars_in_their_names(rig: Rig) -> None:
    rig.take(*put(said("twitter:1"), said("twitter:1|counts", 2), said("twitter:a|b", 3)))
    rig.take(*taken_back("twitter:1|counts"), *taken_back("twitter:a|b"))
    assert rig.entities() == ["twitter:1"]


def test_after_a_purge_the_files_hold_nothing_of_a_deleted_text(rig: Rig) -> None:
    secret = "رازمگو"
    rig.take(*put(said(text=f"بریمو {secret} را گفت"), *(said(f"twitter:{n}", n) for n in range(2, 400))))
    rig.writer.purge()
    files = lambda: b"".join(file.read_bytes() for file in rig.directory.iterdir())  # noqa: E731
    assert secret.encode() in files(), "else this test proves nothing"
    rig.take(*taken_back("twitter:1"))
    assert rig.writer.purgeable
    assert rig.writer.purge()
    assert secret.encode() not in files()
    assert not rig.writer.purgeable


def test_the_old_text_of_an_edit_is_purged_too(rig: Rig) -> None:
    rig.take(*put(said(text="بریمو رازمگو")))
    rig.take(*put(said(stamp=2, op="update", text="بریمو")))
    rig.writer.purge()
    assert "رازمگو".encode() not in b"".join(file.read_bytes() for file in rig.directory.iterdir())


def test_a_forgotten_author_goes_and_stays_out(rig: Rig) -> None:
    rig.take(*put(said("twitter:1", 1, author="aa"), said("twitter:2", 2, author="bb")))
    rig.hear(Forgotten("aa", AT))
    assert rig.entities() == ["twitter:2"]
    rig.take(*put(said("twitter:3", 3, author="aa"), said("twitter:2", 4, author="aa", op="update")))
    assert rig.entities() == []


def test_a_mark_outlives_edits_and_may_come_first(rig: Rig) -> None:
    rig.hear(Marked("berimo", "twitter:1", relevant=False, text="", at=AT))
    rig.take(*put(said(relevant=True)))
    assert [(one.marked, one.relevant) for one in rig.all()] == [(False, False)]
    assert rig.entities(relevant=True) == []
    rig.hear(Marked("berimo", "twitter:1", relevant=True, text="", at=AT))
    rig.take(*put(said(stamp=5, op="update", relevant=False)))
    assert rig.entities(relevant=True) == ["twitter:1"]


def test_a_mark_can_be_taken_back(rig: Rig) -> None:
    rig.take(*put(said(relevant=True)))
    rig.hear(Marked("berimo", "twitter:1", relevant=False, text="", at=AT))
    rig.writer.feedback(FEEDBACK, 0, [(1, b"relevance|berimo|twitter:1", None), (2, b"target|x", None)], 3)
    assert [(one.marked, one.relevant) for one in rig.all()] == [(None, True)]


def test_what_is_thirty_days_behind_the_newest_expires_and_stays_out(rig: Rig) -> None:
    month = 30 * 24 * 60
    rig.take(*put(said("old", 1, minutes=-1), said("just", 2), counted("alone", 3, minutes=-5, likes=1)))
    rig.take(*put(said("new", 4, minutes=month)))
    assert rig.entities() == ["new", "just"]
    rig.take(*put(said("late", 5, minutes=-1)))
    assert rig.entities() == ["new", "just"]
    assert rig.db.execute("SELECT COUNT(*) FROM mention").fetchone() == (2,)


def test_the_newest_is_remembered_over_a_restart(rig: Rig) -> None:
    rig.take(*put(said("new", 1, minutes=60 * 24 * 40)))
    rig.take(*taken_back("new"))
    again = Writer(rig.db)
    again.mentions(TOPIC, 0, [(9, *change) for change in put(said("old", 2))], 10)
    assert rig.entities() == []


def test_rows_and_position_change_together_or_not_at_all(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(*put(said("twitter:1", 1)))

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(rig.writer, "_move", fail)
    with pytest.raises(sqlite3.OperationalError):
        rig.take(*put(said("twitter:2", 2)))
    assert rig.entities() == ["twitter:1"]
    assert rig.writer.positions() == {(TOPIC, 0): 1}


def test_a_record_that_cannot_be_read_is_left_out_and_counted(rig: Rig) -> None:
    rig.take((b"berimo|x", b"{"), (b"berimo|y", b'{"campaign": 1}'), *put(said()))
    rig.writer.feedback(FEEDBACK, 0, [(0, b"k", b"{}")], 1)
    assert rig.entities() == ["twitter:1"]
    assert rig.writer.unreadable == 3
    assert rig.writer.positions() == {(TOPIC, 0): 3, (FEEDBACK, 0): 1}


def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 500)
    db = open_writer(tmp_path)
    assert db.execute("SELECT COUNT(*) FROM mention").fetchone() == (0,)
    db.close()


def test_only_the_owner_reads_the_file(rig: Rig) -> None:
    assert (rig.directory / FILE).stat().st_mode & 0o077 == 0


ENTITIES = ("twitter:1", "twitter:2", "twitter:3")


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """What a worker writes about three posts, stamps in order."""
    changes: list[Change] = []
    for stamp in range(draw(st.integers(1, 12))):
        entity = draw(st.sampled_from(ENTITIES))
        what = draw(st.sampled_from(("said", "counted", "gone")))
        if what == "said":
            changes += put(said(entity, stamp, text=f"متن {stamp}", counts=counted("", 0, likes=stamp).counts))
        elif what == "counted":
            changes += put(counted(entity, stamp, likes=stamp))
        else:
            changes += taken_back(entity)
    return changes


def state(make: Callable[[], Rig], batches: list[list[Change]]) -> list[tuple[str, str, int | None]]:
    rig = make()
    for batch in batches:
        rig.take(*batch)
    found = [(one.mention.entity, one.mention.text, one.mention.counts.likes) for one in rig.all()]
    rig.db.close()
    return found


@settings(max_examples=30, deadline=None)
@given(histories(), st.data())
def test_batches_replays_and_compaction_end_in_one_state(
    tmp_path_factory: pytest.TempPathFactory, history: list[Change], data: st.DataObject
) -> None:
    make = lambda: Rig(tmp_path_factory.mktemp("store"))  # noqa: E731
    expected = state(make, [[change] for change in history])
    cut = data.draw(st.integers(0, len(history)))
    assert state(make, [history[:cut], history[cut:]]) == expected
    back = data.draw(st.integers(0, cut))
    assert state(make, [history[:cut], history[back:]]) == expected, "a replay from an earlier offset"
    compacted = [change for at, change in enumerate(history) if change[0] not in {key for key, _ in history[at + 1 :]}]
    assert state(make, [compacted]) == expected


def test_days_are_days() -> None:
    assert DAY_MS == 86_400_000
    assert NOON.hour == 12
