"""How far each topic is read, and which minutes are closed by that: the wiring of processors/closing.py."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from aiokafka import TopicPartition

from listener.board.board import Board
from models.cells import WINDOWS
from models.progress import Progress
from models.streams import STREAM_BY_TOPIC, STREAMS
from processors.closing import Reach, Rules, last_closed, onward, reach, read_until, told, topics_now

_MINUTES: Final = next(iter(WINDOWS))


def wall_clock_ms() -> int:
    """The wall clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Closing:
    """What was true at the last ``look``: ``reaches`` per logical topic with something to tell, and the wall clock.

    ``last``: the last closed minute. It never goes back: a verdict is given once.
    """

    def __init__(self, board: Board, rules: Rules, clock: Callable[[], int] = wall_clock_ms) -> None:
        self.rules = rules
        self.reaches: Mapping[str, Reach] = {}
        self.until: int | None = None
        self.last: int | None = None
        self.now = clock()
        self._board = board
        self._clock = clock

    async def look(self) -> None:
        """Look at the progress cells, and wait until all cells that were durable before them are read.

        Progress and minutes are different topics, and the one may be read before the other. But what a progress cell
        calls durable was acknowledged before it was written, so it is before the ends that the brokers report after it
        was read.
        """
        progress, now = dict(self._board.state.progress), self._clock()
        await self._board.read_to_present(self._minutes())
        by_topic: dict[str, list[Progress]] = {}
        for (topic, _), cell in progress.items():
            by_topic.setdefault(topic, []).append(cell)
        found = {
            topic: reach(cells, now, self.rules, steady=STREAM_BY_TOPIC[topic].steady)
            for topic, cells in by_topic.items()
        }
        self.reaches = told({topic: onward(self.reaches.get(topic), one) for topic, one in found.items()})
        self.until, self.now = read_until(self.reaches), now
        self._board.topics = topics_now(self.reaches, now, self.rules)
        if self.until is not None:
            closed = last_closed(self.until, self.rules)
            self.last = closed if self.last is None else max(self.last, closed)

    def _minutes(self) -> list[TopicPartition]:
        topics = {self._board.namespace.changelog(stream.table(_MINUTES)) for stream in STREAMS}
        reading = self._board.reading
        return [tp for tp in (reading.positions if reading else ()) if tp.topic in topics]
