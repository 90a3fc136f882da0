"""What a source counts about itself, and its metrics."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client.core import Metric

from listener.metrics import Described, family


@dataclass
class Stats:
    """Plain attributes, changed on the event loop and read from the thread that renders the page.

    ``results``: produced, unchanged (known and the same), ignored (no public post or article), invalid (its reason is
    in the log). Times are epoch seconds.
    """

    name: str
    results: Counter[str] = field(default_factory=Counter)
    connected: bool = False
    reconnects: int = 0
    rate_limited: int = 0
    cursor_resets: int = 0
    last_event: float | None = None
    last_answer: float | None = None
    lag: float | None = None

    def saw(self, event_time: datetime, observed_at: datetime) -> None:
        """A record was read at ``observed_at`` that is of ``event_time``."""
        moment = event_time.timestamp()
        self.last_event = moment if self.last_event is None else max(self.last_event, moment)
        self.lag = max(0.0, observed_at.timestamp() - moment)

    def answered(self, clock: Callable[[], float] = time.time) -> None:
        """The source is there."""
        self.connected = True
        self.last_answer = clock()


class SourceCollector(Described):
    """The metrics of one source."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        """All families."""
        stats, label = self._stats, (self._stats.name,)
        yield family(
            "listener_source_records", [((*label, result), number) for result, number in dict(stats.results).items()]
        )
        yield family("listener_source_connected", [(label, int(stats.connected))])
        yield family("listener_source_reconnects", [(label, stats.reconnects)])
        yield family("listener_source_rate_limited", [(label, stats.rate_limited)])
        yield family("listener_source_cursor_resets", [(label, stats.cursor_resets)])
        for name, value in (
            ("listener_source_last_event_timestamp_seconds", stats.last_event),
            ("listener_source_last_answer_timestamp_seconds", stats.last_answer),
            ("listener_source_lag_seconds", stats.lag),
        ):
            if value is not None:
                yield family(name, [(label, value)])
