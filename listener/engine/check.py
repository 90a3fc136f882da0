"""The start-up check: this engine subclasses internals of Faust and aiokafka and runs only on versions it knows."""

import inspect
from importlib.metadata import version
from typing import Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from listener.errors import Halt

VERSIONS: Final = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

#: What is overridden or read, with the parameters it is known by.
KNOWN: Final = (
    (Consumer, "_drain_messages", ["self", "fetcher"]),
    (Consumer, "on_partitions_revoked", ["self", "revoked"]),
    (Consumer, "perform_seek", ["self"]),
    (Consumer, "_new_consumer_thread", ["self"]),
    (AIOKafkaConsumerThread, "_create_worker_consumer", ["self", "transport"]),
    (AIOKafkaConsumerThread, "commit", ["self", "offsets"]),
    (Recovery, "on_rebalance", ["self", "assigned", "revoked", "newly_assigned", "generation_id"]),
    (Recovery, "flush_buffers", ["self"]),
    (TableManager, "on_rebalance", ["self", "assigned", "revoked", "newly_assigned", "generation_id"]),
    (Table, "_new_store_by_url", ["self", "url"]),
    (FetchResult, "check_assignment", ["self", "tp"]),
    (FetchResult, "_update_position", ["self"]),
    (Fetcher, "_create_fetch_waiter", ["self"]),
    (Fetcher, "_notify", ["self", "future"]),
    (AIOKafkaConnection, "_create_reader_task", ["self"]),
    (AIOKafkaConnection, "_read", ["self_ref"]),
    (PartitionRecords, "_unpack_records", ["self"]),
    (PartitionRecords, "_consume_aborted_up_to", ["self", "batch_offset"]),
    (PartitionRecords, "_contains_abort_marker", ["self", "next_batch"]),
)


def require_known_engine() -> None:
    """Halt unless Faust, mode and aiokafka are the versions whose internals this engine knows."""
    for package, known in VERSIONS.items():
        if version(package) != known:
            raise Halt(
                f"{package} {version(package)} is installed, the engine knows {known}: install the locked versions"
            )
    for owner, name, parameters in KNOWN:
        function = getattr(owner, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            raise Halt(f"{owner.__module__}.{owner.__name__}.{name} is not the one that the engine knows")
