"""Faust tables that recover by the highest stamp, partition by partition.

Stock recovery replays changelogs through the agents' machinery at some 10,000 records a second, can hang on compacted
logs, and lets an older record overwrite a newer one. Here the counting plane reads the changelogs itself
(listener/changelog.py); Faust's tables stay what they are for everyone else: windowed tables with their own keys, data
and changelog topics, which a stock Faust worker could read.
"""

from collections.abc import Iterator
from typing import Any

from faust.stores.base import SerializedStore
from faust.streams import current_event
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.tables.table import Table
from mode import Service
from yarl import URL


class PartitionStore(SerializedStore):
    """One dictionary per partition, key and value as they are in the changelog.

    Faust's memory store keeps one dictionary for all partitions: what a lost partition left behind stays visible.
    """

    def __init__(self, url: URL, app: Any, table: Any, **kwargs: Any) -> None:
        super().__init__(url, app, table, **kwargs)
        self.partitions: dict[int, dict[bytes, bytes]] = {}

    def partition(self, number: int) -> dict[bytes, bytes]:
        """The durable state of one partition."""
        return self.partitions.setdefault(number, {})

    def drop(self) -> None:
        """Forget all partitions."""
        self.partitions = {}

    def _here(self) -> dict[bytes, bytes]:
        event = current_event()
        if event is None:
            raise RuntimeError("this table is partitioned: read it inside an agent, or through partition()")
        return self.partition(event.message.partition)

    def _get(self, key: bytes) -> bytes | None:
        return self._here().get(key)

    def _set(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._del(key)
        else:
            self._here()[key] = value

    def _del(self, key: bytes) -> None:
        self._here().pop(key, None)

    def _iterkeys(self) -> Iterator[bytes]:
        for part in self.partitions.values():
            yield from part

    def _itervalues(self) -> Iterator[bytes]:
        for part in self.partitions.values():
            yield from part.values()

    def _iteritems(self) -> Iterator[tuple[bytes, bytes]]:
        for part in self.partitions.values():
            yield from part.items()

    def _size(self) -> int:
        return sum(map(len, self.partitions.values()))

    def _contains(self, key: bytes) -> bool:
        return key in self._here()

    def _clear(self) -> None:
        self.drop()

    def reset_state(self) -> None:
        """Nothing is kept outside this process."""

    def persisted_offset(self, tp: Any) -> int | None:  # noqa: ARG002
        """Nothing is kept outside this process."""
        return None

    async def backup_partition(self, tp: Any, *_args: Any, **_options: Any) -> None:
        """The changelog is the only copy outside this process; it is what to back up."""
        raise NotImplementedError(f"back up the changelog topic of {tp} instead")

    def restore_backup(self, tp: Any, *_args: Any, **_options: Any) -> None:
        """The changelog is the only copy outside this process; it is what to restore."""
        raise NotImplementedError(f"restore the changelog topic of {tp} instead")


class PartitionTable(Table):
    """A Faust table in a ``PartitionStore``."""

    def _new_store_by_url(self, url: Any) -> PartitionStore:  # noqa: ARG002 - Faust asks by URL
        return PartitionStore(
            URL("memory://"),
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            key_serializer=self.key_serializer,
            value_type=self.value_type,
            value_serializer=self.value_serializer,
            loop=self.loop,
        )


class StampRecovery(Recovery):
    """After each rebalance: recover, seek where the progress cells say, resume. In that order, or records are lost."""

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                break
            self.signal_recovery_start.clear()
            try:
                await self._wait(self._recover(self._generation_id))
            except RebalanceAgain:
                continue
            except ServiceStopped:
                break

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Changelogs do not come through the consumer here."""

    async def _recover(self, generation: int) -> None:
        app, consumer = self.app, self.app.consumer
        self._set_recovery_started()
        assignment = consumer.assignment()
        sources = {tp for tp in assignment if tp.topic in app.sources}
        await consumer._thread.pause(assignment - sources)
        starts = await app.counting.acquire({(tp.topic, tp.partition) for tp in sources})
        if app.consumer_generation_id != generation or not starts.keys() >= sources:
            return  # overtaken by another rebalance, which recovers anew
        for tp in sources:
            await consumer.seek(tp, starts[tp.topic, tp.partition])
        self._set_recovery_ended()
        self.completed.set()
        app.flow_control.resume()
        consumer.resume_partitions(sources)
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()

    def flush_buffers(self) -> None:
        """There are no buffers."""


class StampTables(TableManager):
    """The table manager with ``StampRecovery``."""

    _recovery: Recovery | None

    @property
    def recovery(self) -> Recovery:
        """Recovery service used by this table manager."""
        found: Recovery | None = self._recovery
        if found is None:
            found = self._recovery = StampRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return found
