"""The owner of partitions: what is flushed when, in which order, what is let go, and what ends the process."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from listener.errors import CapHalt, Halt, RefusedHalt
from listener.worker import counting as module
from listener.worker.counting import FLUSH_AFTER_S, HEARTBEAT_S, TAIL_AGAIN_S
from listener.worker.settings import TAIL_FIRST_S
from models.cells import LIFETIME, METRICS, PROGRESS, lifetime_key, pack_cell, parse_window_key
from models.progress import Progress, pack_progress, unpack_progress
from models.trace import Adopted
from processors.overlay import Chunk
from tests.unit.listener.worker.rig import NOON, Ended, FakeTail, Rig, chunk, compiled, make_rig, play, post, settled

#: A moment longer than a flush waits, and the size at which it does not wait.
AFTER = FLUSH_AFTER_S + 0.01
FLUSH_RECORDS = 50
CELL = lifetime_key("brand|social.posts.v1|0|twitter")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop beside runs whenever anything does; time is the rig's clock."""
    monkeypatch.setattr(module, "TICK_S", 0)
    monkeypatch.setattr(module, "FLUSH_RECORDS", FLUSH_RECORDS)
    monkeypatch.setattr(module, "RELEASE_S", 0.05)


# ── when a flush starts ──


def test_what_was_counted_is_flushed_after_a_while() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(FLUSH_AFTER_S - 0.02)
        assert (rig.publisher.plans(), rig.mentions()) == ([], 0)
        await rig.later(0.03)
        assert [plan.records for plan in rig.publisher.plans()] == [3]
        assert (rig.mentions(), rig.entities(), rig.counting.flushes) == (3, 3, 1)
        await rig.later(2 * FLUSH_AFTER_S)
        assert len(rig.publisher.plans()) == 1, "there is nothing more to flush"

    assert not play(scenario).ended


def test_a_full_overlay_is_flushed_at_once() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, FLUSH_RECORDS - 1))
        await settled()
        assert rig.publisher.plans() == []
        await rig.counting.count(0, chunk(FLUSH_RECORDS - 1, 1))
        await settled()
        assert [plan.records for plan in rig.publisher.plans()] == [FLUSH_RECORDS]

    assert not play(scenario).ended


def test_one_flush_at_a_time_and_counting_goes_on() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        await rig.counting.count(0, chunk(3, 4))
        await rig.later(2 * FLUSH_AFTER_S)
        assert [plan.records for plan in rig.publisher.plans()] == [3]
        assert rig.mentions() == 0
        rig.publisher.go.set()
        await settled()
        await rig.later(AFTER)
        assert [plan.records for plan in rig.publisher.plans()] == [3, 4]
        assert rig.mentions() == 7

    assert not play(scenario).ended


def test_cells_are_durable_before_entities_are_written() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        assert rig.publisher.steps() == ["tables", "first"]
        rig.publisher.go.set()
        await settled()
        assert rig.publisher.steps() == ["tables", "first", "then"]

    assert not play(scenario).ended


def test_counting_waits_for_a_broker_that_is_slower() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"then"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, FLUSH_RECORDS))
        await settled()
        await rig.counting.count(0, chunk(FLUSH_RECORDS, FLUSH_RECORDS))
        counted = asyncio.create_task(rig.counting.count(0, chunk(2 * FLUSH_RECORDS, FLUSH_RECORDS)))
        await settled()
        assert not counted.done(), "two overlays are full and a third must not grow"
        rig.publisher.go.set()
        await counted
        await settled()
        assert [plan.records for plan in rig.publisher.plans()] == [FLUSH_RECORDS, 2 * FLUSH_RECORDS]
        assert rig.mentions() == 3 * FLUSH_RECORDS

    assert not play(scenario).ended


def test_partitions_flush_each_for_itself() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0, 4})
        await rig.counting.count(0, chunk(0, 2))
        await rig.later(FLUSH_AFTER_S * 0.6)
        await rig.counting.count(4, chunk(0, 5))
        await rig.later(FLUSH_AFTER_S * 0.6)
        assert (rig.mentions(0), rig.mentions(4)) == (2, 0)
        await rig.later(FLUSH_AFTER_S * 0.6)
        assert (rig.mentions(0), rig.mentions(4)) == (2, 5)

    assert not play(scenario).ended


# ── progress and commits ──


def test_soon_after_a_flush_progress_says_that_all_is_durable() -> None:
    async def scenario(rig: Rig) -> None:
        rig.offsets.ends = {0: 3}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        flushed = rig.publisher.plans()[0].progress
        assert (flushed.stamp, flushed.durable, flushed.caught_up) == (2, -1, True)
        await rig.later(AFTER)
        restated = rig.publisher.progress()[-1]
        assert (restated.stamp, restated.durable, restated.caught_up) == (2, 2, True)
        assert restated.outcomes == flushed.outcomes

    assert not play(scenario).ended


def test_what_a_flush_touched_and_outlived_is_swept_once_all_is_durable() -> None:
    """One flush over five days: its first minute stays 96 hours, but a replay might still come to it."""

    async def scenario(rig: Rig) -> None:
        rig.offsets.ends = {0: 2}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 2, lambda offset: post(offset, at=NOON - timedelta(days=5 - 5 * offset))))
        await rig.later(AFTER)
        minutes = rig.recovery.durable(0)["minute"]
        assert (len(minutes), rig.publisher.plans()[0].tombstones) == (2, {})
        first = min(minutes, key=lambda key: parse_window_key(key)[1])
        await rig.later(AFTER)
        restated = rig.publisher.progress()[-1]
        assert (restated.durable, restated.caught_up) == (1, False), "something is left to do"
        await rig.later(AFTER)
        written = [what for step, _, what in rig.publisher.writes if step == "tables"]
        assert {"minute": [(first, None)]} in written
        assert [parse_window_key(key)[1] for key in minutes] == [int(NOON.timestamp())]
        await rig.later(AFTER)
        assert rig.publisher.progress()[-1].caught_up, "said at once, not with the next heartbeat"
        assert rig.mentions() == 2
        await rig.counting.release()
        await rig.counting.acquire({0})
        assert rig.counting.owned, "what was swept is no loss to who recovers next"

    assert not play(scenario).ended


def test_an_idle_partition_is_heard_of() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        adoption = len(rig.publisher.progress())
        await rig.later(HEARTBEAT_S - 0.1)
        assert len(rig.publisher.progress()) == adoption
        await rig.later(0.2)
        assert len(rig.publisher.progress()) == adoption + 1
        await rig.later(2 * HEARTBEAT_S + 0.1)
        assert len(rig.publisher.progress()) == adoption + 3

    assert not play(scenario).ended


def test_a_lagging_partition_is_not_caught_up() -> None:
    async def scenario(rig: Rig) -> None:
        rig.offsets.ends = {0: 10}
        await rig.counting.acquire({0})
        assert rig.counting.lag(0) == 10
        await rig.counting.count(0, chunk(0, 3))
        assert (rig.counting.lag(0), rig.counting.lag(7)) == (7, None)
        await rig.later(AFTER)
        assert rig.publisher.plans()[0].progress.caught_up is False

    assert not play(scenario).ended


def test_a_chunk_may_come_while_a_heartbeat_begins() -> None:
    """The heartbeat restates what is durable, whatever is counted before it is written."""

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.clock.now += HEARTBEAT_S + 0.01
        rig.counting._tick(0, rig.counting.owned[0])
        await rig.counting.count(0, chunk(0, 3))
        await settled()
        assert rig.publisher.progress()[-1].stamp == -1
        await rig.later(AFTER)
        assert rig.mentions() == 3

    assert not play(scenario).ended


def test_only_what_is_durable_is_committed() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"then"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(3.0)
        assert rig.offsets.commits == []
        rig.publisher.go.set()
        await settled()
        await rig.later(1.0)
        assert rig.offsets.commits == [{0: 3}]
        await rig.later(3.0)
        assert rig.offsets.commits == [{0: 3}], "nothing new to commit"

    assert not play(scenario).ended


# ── acquire and release ──


def test_a_campaign_set_is_in_force_durably_before_anything_is_counted() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"tables"}
        acquiring = asyncio.create_task(rig.counting.acquire({0}))
        await settled()
        assert not acquiring.done()
        assert not rig.counting.acquired
        rig.publisher.go.set()
        assert await acquiring == {0: 0}
        [adopted] = rig.publisher.progress()
        assert [(one.version, one.since) for one in adopted.sets] == [("v1", 0)]

    assert not play(scenario).ended


def test_the_same_set_is_not_adopted_twice_and_a_new_one_holds_from_the_next_record() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        await rig.counting.release()
        written = len(rig.publisher.writes)
        rig.recovery.committed = {0: 3}
        assert await rig.counting.acquire({0}) == {0: 3}
        assert len(rig.publisher.writes) == written
        await rig.counting.release()
        rig.recovery.current = compiled("v2")
        await rig.counting.acquire({0})
        assert [(one.version, one.since) for one in rig.publisher.progress()[-1].sets] == [("v1", 0), ("v2", 3)]

    assert not play(scenario).ended


def test_a_new_set_comes_into_force_under_load_before_the_next_record() -> None:
    """Under load a partition is never at rest by itself: what is in flight ends, and the set is durable first."""

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 10))
        rig.recovery.current = compiled("v2")
        rig.publisher.hold = {"tables"}
        counted = asyncio.create_task(rig.counting.count(0, chunk(10, 5)))
        await settled()
        assert rig.mentions() == 10, "flushed without waiting for its time"
        assert not counted.done(), "no record before the new set is durable"
        assert [one.version for one in rig.publisher.progress()[-1].sets] == ["v1", "v2"]
        rig.publisher.go.set()
        await counted
        await rig.later(FLUSH_AFTER_S * 2)
        assert rig.mentions() == 15
        assert rig.publisher.plans()[-1].progress.sets[-1].since == 10

    assert not play(scenario).ended


def test_an_idle_partition_takes_a_new_set_by_itself() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(FLUSH_AFTER_S * 3)
        rig.recovery.current = compiled("v2")
        await rig.later(FLUSH_AFTER_S * 2)
        assert rig.publisher.progress()[-1].sets[-1].version == "v2"

    assert not play(scenario).ended


def test_a_replay_ends_under_the_sets_that_held_then() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.publisher.hold = {"then"}
        await rig.counting.count(0, chunk(0, 10))
        await rig.later(FLUSH_AFTER_S * 2)
        plan = rig.publisher.plans()[-1]
        for table, records in plan.cells.items():
            rig.recovery.durable(0)[table].update(records)
        again = make_rig()
        again.recovery.tables = rig.recovery.tables
        await again.counting.acquire({0})
        again.recovery.current = compiled("v2")
        await again.counting.count(0, chunk(0, 4))
        assert again.counting.owned[0].plane.replaying
        assert again.publisher.steps() == [], "nothing is restated in the middle of a replay"
        await again.counting.count(0, chunk(4, 6))
        assert not again.counting.owned[0].plane.replaying
        rig.publisher.go.set()

    assert not play(scenario).ended


def test_release_waits_for_the_flush_in_flight_and_drops_the_rest() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        await rig.counting.count(0, chunk(3, 4))
        releasing = asyncio.create_task(rig.counting.release())
        await settled()
        assert not releasing.done()
        assert (rig.counting.owned, rig.counting.acquired) == ({}, False)
        dropped = rig.recovery.dropped
        rig.publisher.go.set()
        await releasing
        assert rig.mentions() == 3
        assert rig.offsets.commits == [{0: 3}], "the flush that ended is committed"
        assert rig.recovery.dropped == dropped + 1
        await rig.later(1.0)
        assert rig.publisher.steps() == ["tables", "first", "then"], "nothing is written any more"

    assert not play(scenario).ended


def test_a_count_that_waited_writes_nothing_after_the_partition_was_given_up() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, FLUSH_RECORDS))
        await settled()
        counted = asyncio.create_task(rig.counting.count(0, chunk(FLUSH_RECORDS, 2 * FLUSH_RECORDS)))
        await settled()
        releasing = asyncio.create_task(rig.counting.release())
        await settled()
        assert not counted.done()
        rig.publisher.go.set()
        await asyncio.gather(counted, releasing)
        await settled()
        assert rig.publisher.steps() == ["tables", "first", "then"]
        assert rig.mentions() == FLUSH_RECORDS

    assert not play(scenario).ended


def test_what_was_taken_away_while_it_was_recovered_is_not_owned() -> None:
    async def scenario(rig: Rig) -> None:
        rig.recovery.gate = asyncio.Event()
        acquiring = asyncio.create_task(rig.counting.acquire({0}))
        await settled()
        await rig.counting.release()
        rig.recovery.gate.set()
        await acquiring
        assert (rig.counting.owned, rig.counting.acquired) == ({}, False)
        written = len(rig.publisher.writes)
        await rig.later(HEARTBEAT_S + 1)
        assert len(rig.publisher.writes) == written, "no heartbeat of a partition that is somebody else's"

    assert not play(scenario).ended


def test_a_recovery_that_was_overtaken_is_not_judged() -> None:
    """Its tables were dropped while it read: a progress cell that is missing there is not lost."""

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        await rig.counting.release()
        rig.recovery.gate = asyncio.Event()
        acquiring = asyncio.create_task(rig.counting.acquire({0}))
        await settled()
        await rig.counting.release()
        rig.recovery.committed = {0: 3}
        del rig.recovery.durable(0)[PROGRESS][next(iter(rig.recovery.durable(0)[PROGRESS]))]
        rig.recovery.gate.set()
        assert await acquiring == {}

    assert not play(scenario).ended


def test_a_recovery_that_was_overtaken_writes_nothing() -> None:
    """What it takes for a zombie's record may be all that there is of a cell."""

    async def scenario(rig: Rig) -> None:
        rig.recovery.gate = asyncio.Event()
        rig.recovery.last = {LIFETIME: {CELL: pack_cell(1, [1] * len(METRICS))}}
        acquiring = asyncio.create_task(rig.counting.acquire({0}))
        await settled()
        await rig.counting.release()
        rig.recovery.gate.set()
        await acquiring
        assert rig.publisher.writes == []

    assert not play(scenario).ended


def test_release_waits_for_what_recovery_writes_and_lets_no_more_follow() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"tables"}
        acquiring = asyncio.create_task(rig.counting.acquire({0, 1}))
        await settled()
        releasing = asyncio.create_task(rig.counting.release())
        await settled()
        assert not releasing.done()
        rig.publisher.go.set()
        await asyncio.gather(acquiring, releasing)
        assert [partition for step, partition, _ in rig.publisher.writes if step != "trace"] == [0]

    assert not play(scenario).ended


def test_a_flush_that_does_not_end_at_a_release_ends_the_process() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        with pytest.raises(Ended):
            await rig.counting.release()

    [error] = play(scenario).ended
    assert isinstance(error, Halt)


def test_a_chunk_of_a_partition_that_is_not_owned_is_ignored() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(1, chunk(0, 3))
        await rig.counting.release()
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        assert (rig.mentions(0), rig.mentions(1)) == (0, 0)
        assert rig.publisher.plans() == []

    assert not play(scenario).ended


def test_drain_makes_everything_durable_and_commits_it() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0, 1})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        await rig.counting.count(0, chunk(3, 4))
        await rig.counting.count(1, chunk(0, 5))
        draining = asyncio.create_task(rig.counting.drain())
        await settled()
        assert not draining.done()
        rig.publisher.go.set()
        await draining
        assert (rig.mentions(0), rig.mentions(1)) == (7, 5)
        committed: dict[int, int] = {}
        for commit in rig.offsets.commits:
            committed |= commit
        assert committed == {0: 7, 1: 5}

    assert not play(scenario).ended


def test_after_a_crash_the_same_records_count_once() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        await rig.counting.count(0, chunk(3, 4))
        await rig.counting.release()
        rig.recovery.committed = {}
        [start] = (await rig.counting.acquire({0})).values()
        await rig.counting.count(0, chunk(start, 7 - start))
        await rig.later(1.0)
        assert rig.mentions() == 7
        assert sum(rig.counting.owned[0].plane.progress.outcomes) == 7

    assert not play(scenario).ended


# ── the look at the changelogs' tail ──


def test_stale_records_of_a_former_owner_are_written_over() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        ours = rig.recovery.durable(0)[LIFETIME][CELL]
        rig.recovery.tails[0].found = {LIFETIME: {CELL: pack_cell(1, [1] * len(METRICS))}}
        await rig.later(TAIL_FIRST_S)
        mended = [what for step, _, what in rig.publisher.writes if step == "tables" and LIFETIME in what]
        assert mended == [{LIFETIME: [(CELL, ours)]}]
        assert rig.counting.regressions == 1
        assert rig.recovery.tails[0].reads == 1
        await rig.later(TAIL_AGAIN_S)
        assert rig.recovery.tails[0].reads == 2

    assert not play(scenario).ended


def test_what_a_zombie_wrote_before_recovery_is_written_over_at_once() -> None:
    """The former owner may have died before it looked: compaction would keep the zombie's record."""

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        await rig.counting.release()
        ours = rig.recovery.durable(0)[LIFETIME][CELL]
        rig.recovery.last = {LIFETIME: {CELL: pack_cell(1, [1] * len(METRICS))}}
        await rig.counting.acquire({0})
        assert rig.publisher.writes[-1] == ("tables", 0, {LIFETIME: [(CELL, ours)]})
        assert rig.counting.regressions == 1

    assert not play(scenario).ended


def test_what_we_wrote_ourselves_is_no_stale_record() -> None:
    """A partition without records: only the adoption and heartbeats are in its changelog."""

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.later(TAIL_FIRST_S / 2)
        rig.recovery.tails[0].found = {PROGRESS: dict([_last_progress(rig)])}
        await rig.later(TAIL_FIRST_S)
        assert rig.recovery.tails[0].reads == 1
        assert rig.counting.regressions == 0

    assert not play(scenario).ended


def test_a_zombie_s_progress_at_the_same_stamp_is_written_over() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        key, value = _last_progress(rig)
        zombie = Progress(-1, -1, unpack_progress(value).outcomes, (), "topic")
        rig.recovery.tails[0].found = {PROGRESS: {key: pack_progress(zombie)}}
        await rig.later(TAIL_FIRST_S + 1)
        assert rig.counting.regressions == 1
        assert rig.publisher.progress()[-1].sets[-1].version == "v1"

    assert not play(scenario).ended


def test_no_flush_starts_while_the_tail_is_read() -> None:
    async def scenario(rig: Rig) -> None:
        gate = asyncio.Event()
        rig.recovery.tails[0] = FakeTail(gate=gate)
        await rig.counting.acquire({0})
        await rig.later(TAIL_FIRST_S + 1)
        assert rig.recovery.tails[0].reads == 1
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(1.0)
        assert rig.publisher.plans() == []
        gate.set()
        await settled()
        assert rig.mentions() == 3

    assert not play(scenario).ended


def _last_progress(rig: Rig) -> tuple[bytes, bytes]:
    found = [what[PROGRESS] for step, _, what in rig.publisher.writes if step == "tables" and PROGRESS in what]
    (record,) = found[-1]
    key, value = record
    return key, value


# ── what ends the process ──


@pytest.mark.parametrize("step", ["first", "then"])
def test_a_flush_that_fails_ends_the_process(step: str) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.publisher.fail = {step}
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        assert (rig.mentions(), rig.entities()) == (0, 0), "the tables hold durable state only"
        assert rig.offsets.commits == []

    [error] = play(scenario).ended
    assert str(error) == f"{step} failed"


def test_a_heartbeat_that_fails_ends_the_process() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.publisher.fail = {"tables"}
        await rig.later(HEARTBEAT_S + 0.01)

    [error] = play(scenario).ended
    assert str(error) == "tables failed"


def test_a_mending_that_fails_ends_the_process() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.recovery.tails[0].found = {LIFETIME: {CELL: pack_cell(1, [0] * len(METRICS))}}
        await rig.later(TAIL_FIRST_S - 0.2)
        rig.publisher.fail = {"tables"}
        await rig.later(0.4)

    [error] = play(scenario).ended
    assert str(error) == "tables failed"


@pytest.mark.parametrize("failing", ["recovery", "adoption", "no set"])
def test_a_worker_that_cannot_begin_ends(failing: str) -> None:
    async def scenario(rig: Rig) -> None:
        if failing == "recovery":
            rig.recovery.error = OSError("no changelog")
        elif failing == "adoption":
            rig.publisher.fail = {"tables"}
        else:
            rig.recovery.current = None
        with pytest.raises(Ended):
            await rig.counting.acquire({0})
        assert not rig.counting.acquired

    assert len(play(scenario).ended) == 1


def test_changelogs_that_do_not_belong_to_the_topic_are_refused() -> None:
    async def scenario(rig: Rig) -> None:
        rig.recovery.committed = {0: 50}
        with pytest.raises(Ended):
            await rig.counting.acquire({0})

    [error] = play(scenario).ended
    assert isinstance(error, RefusedHalt)
    assert "listener rebase --rebuild" in str(error)


def test_a_gap_ends_the_process_before_anything_is_counted_behind_it() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        with pytest.raises(Ended):
            await rig.counting.count(0, chunk(4, 3))
        assert rig.counting.owned[0].plane.overlay.records == 3

    [error] = play(scenario).ended
    assert isinstance(error, Halt)
    assert "at offset 3, but the broker delivered from 4" in str(error)


def test_too_many_dead_letters_end_the_process() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        with pytest.raises(Ended):
            await rig.counting.count(0, chunk(0, 1000, lambda _: b"{"))

    [error] = play(scenario).ended
    assert isinstance(error, CapHalt)
    assert "--dlq-cap off" in str(error)


def test_a_bug_in_counting_ends_the_process() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        broken = chunk(0, 3)._replace(timestamps=[])
        with pytest.raises(Ended):
            await rig.counting.count(0, broken)

    assert len(play(scenario).ended) == 1


def test_a_worker_that_stood_still_sends_nothing() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        written = len(rig.publisher.writes)
        rig.clock.now += 11.0
        await settled()
        assert len(rig.publisher.writes) == written

    assert type(play(scenario).ended[0]) is Halt


def test_a_worker_that_counts_slowly_does_not_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a session for a slice: the whole chunk takes two, and the one after a restart would again."""
    monkeypatch.setattr(module, "SLICE", 5)

    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        plane = rig.counting.owned[0].plane
        count, parts = plane.count, []

        def slow(part: Chunk) -> None:
            parts.append(len(part.offsets))
            rig.clock.now += len(part.offsets)
            count(part)

        monkeypatch.setattr(plane, "count", slow)
        await rig.counting.count(0, chunk(0, 22))
        await rig.later(AFTER)
        assert (parts, rig.mentions()) == ([5, 5, 5, 5, 2], 22)

    assert not play(scenario).ended


def test_a_flush_notices_that_the_process_stood_still_between_its_steps() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.hold = {"first"}
        await rig.counting.acquire({0})
        await rig.counting.count(0, chunk(0, 3))
        await rig.later(AFTER)
        rig.clock.now += 11.0
        rig.publisher.go.set()
        await settled()
        assert "then" not in rig.publisher.steps()

    assert all(isinstance(error, Halt) for error in play(scenario).ended)


def test_recounts_are_told_of_a_campaign_set_before_it_holds() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.counting.acquire({0})
        rig.recovery.current = compiled("v2")
        await rig.counting.count(0, chunk(0, 3))

    writes = play(scenario).publisher.writes
    adoptions = [index for index, (step, *_) in enumerate(writes) if step == "trace"]
    told = [msgspec.json.decode(value, type=Adopted) for index in adoptions for _, value in writes[index][2]]
    assert told == [Adopted("v1", 0, begins=True), Adopted("v2", 1)]
    for index in adoptions:
        step, _, what = writes[index + 1]
        assert step == "tables"
        assert PROGRESS in what


def test_a_partition_is_not_counted_while_recounts_cannot_be_told() -> None:
    async def scenario(rig: Rig) -> None:
        rig.publisher.fail = {"trace"}
        with pytest.raises(Ended):
            await rig.counting.acquire({0})

    rig = play(scenario)
    assert rig.publisher.writes == []
    assert "trace failed" in str(rig.ended[0])
