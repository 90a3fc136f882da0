"""Every metric of the product, declared once: documentation is made from here, and nothing else is exported."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.cells import METRICS as COUNTS

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class MetricSpec:
    """A metric: name without ``_total``, kind, meaning, labels, and who exports it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    by: Literal["worker", "board", "source", "audit"] = "board"


#: What closed minutes are summed over: label of the window → seconds.
CLOSED_WINDOWS: Final = {"1m": 60, "1h": 3600, "24h": 86_400}
#: Counters that only grow; each has a ``_net`` beside it where it can also be taken back.
GROSS: Final = tuple(name for name in COUNTS if not name.endswith("_net"))


def _campaign_metrics() -> Iterator[MetricSpec]:
    labels = ("campaign", "platform")
    for name in GROSS:
        yield MetricSpec(f"listener_campaign_{name}", "counter", f"{name} since the campaign began, gross.", labels)
        if f"{name}_net" in COUNTS:
            meaning = f"{name} now: gross less what was taken back or deleted."
            yield MetricSpec(f"listener_campaign_{name}_net", "gauge", meaning, labels)
        meaning = f"{name} in the closed minutes of the window that ends with the last of them."
        yield MetricSpec(f"listener_campaign_closed_{name}", "gauge", meaning, (*labels, "window"))
    one = ("campaign",)
    yield MetricSpec("listener_campaign_closed_timestamp_seconds", "gauge", "End of the last closed minute.", one)
    meaning = "Share of the input partitions whose records of the last closed minute are in."
    yield MetricSpec("listener_campaign_completeness", "gauge", meaning, one)
    meaning = "From the end of the last closed minute to its closing, on the clock of record time."
    yield MetricSpec("listener_campaign_closing_delay_seconds", "gauge", meaning, one)


def _closing_metrics() -> Iterator[MetricSpec]:
    topic = ("topic",)
    specs: tuple[tuple[str, Kind, str, tuple[str, ...]], ...] = (
        ("listener_topic_read_timestamp_seconds", "gauge", "Everything up to this record time is counted.", topic),
        ("listener_topic_delay_seconds", "gauge", "How far that is behind the wall clock.", topic),
        (
            "listener_topic_completeness",
            "gauge",
            "Share of the partitions with records that are heard.",
            topic,
        ),
        ("listener_topic_replaying", "gauge", "1 while the records are from long ago.", topic),
        ("listener_board_leader", "gauge", "1 while this board writes the closed minutes.", ()),
        ("listener_series_written_records", "counter", "Closed minutes that this board has written.", ()),
        ("listener_series_repeated_records", "counter", "Closed minutes that were told before, ignored.", ()),
        ("listener_series_skipped_minutes", "counter", "Minutes left out, as their counts were gone.", ()),
        ("listener_series_lag_seconds", "gauge", "Closed minutes that are not on the topic yet, as time.", ()),
        ("listener_board_series_dropped_campaigns", "gauge", "Campaigns left out of this page by --max-series.", ()),
        ("listener_board_snapshot_timestamp_seconds", "gauge", "When the last snapshot was written.", ()),
        ("listener_board_snapshot_bytes", "gauge", "Its size.", ()),
        ("listener_board_snapshot_duration_seconds", "gauge", "How long writing it took.", ()),
    )
    for name, kind, meaning, labels in specs:
        yield MetricSpec(name, kind, meaning, labels)


def _source_metrics() -> Iterator[MetricSpec]:
    specs: tuple[tuple[str, Kind, str], ...] = (
        ("connected", "gauge", "1 while the source answers."),
        ("last_event_timestamp_seconds", "gauge", "Latest time of a post or article that was read."),
        ("last_answer_timestamp_seconds", "gauge", "When the source last answered."),
        ("lag_seconds", "gauge", "Age of the last new post or article when it was read."),
        ("reconnects", "counter", "Times that the source was lost and tried again."),
        ("rate_limited", "counter", "Times that the source asked for fewer calls."),
        ("cursor_resets", "counter", "Times that the source no longer had what comes after the cursor: a gap."),
    )
    for name, kind, meaning in specs:
        yield MetricSpec(f"listener_source_{name}", kind, meaning, ("source",), by="source")
    meaning = "Records by result: produced, unchanged, ignored (no public post or article), invalid (see the log)."
    yield MetricSpec("listener_source_records", "counter", meaning, ("source", "result"), by="source")


_PARTITION: Final = ("topic", "partition")

_ALERTING: Final = (
    MetricSpec(
        "listener_incident_open",
        "gauge",
        "1 while an incident is open that somebody is to be told of; the fallback when the delivery fails.",
        ("campaign", "team", "kind", "severity"),
    ),
    MetricSpec("listener_incidents", "counter", "Incidents opened since the start of the board.", ("campaign", "kind")),
    MetricSpec(
        "listener_incident_answers", "counter", "Answers to incidents, from the beginning.", ("rule", "kind", "answer")
    ),
    MetricSpec("listener_alerting_caught_up", "gauge", "1 once the alerting has read all closed minutes."),
    MetricSpec("listener_alerting_leading", "gauge", "1 on the board that tells the Alertmanagers."),
    MetricSpec("listener_alert_queue", "gauge", "Alerts that no Alertmanager has taken in their present state."),
    MetricSpec("listener_alert_deliveries", "counter", "Posts that an Alertmanager took.", ("alertmanager",)),
    MetricSpec("listener_alert_delivery_failures", "counter", "Posts that failed.", ("alertmanager",)),
    MetricSpec(
        "listener_alert_last_success_timestamp_seconds", "gauge", "When it last took a post.", ("alertmanager",)
    ),
    MetricSpec(
        "listener_alert_latency_seconds",
        "histogram",
        "From the closing of a minute to the first Alertmanager's taking the alert that it made.",
    ),
)
_KPI: Final = ("campaign", "kpi", "part", "window", "label", "currency")
_TARGET: Final = ("campaign", "kpi", "part")


def _kpi_metrics() -> Iterator[MetricSpec]:
    yield MetricSpec("listener_kpi_numerator", "gauge", "Numerator of a KPI over a window, or its value.", _KPI)
    yield MetricSpec("listener_kpi_denominator", "gauge", "Denominator of a KPI over a window; none of a count.", _KPI)
    yield MetricSpec("listener_target", "gauge", "The number to reach.", _TARGET)
    yield MetricSpec("listener_target_actual", "gauge", "What is reached so far.", _TARGET)
    yield MetricSpec("listener_target_expected", "gauge", "What should be reached by now.", _TARGET)
    yield MetricSpec("listener_target_attainment", "gauge", "Actual / target; 1 or more is good.", _TARGET)
    yield MetricSpec("listener_target_pace", "gauge", "Actual / expected by now; 1 or more is good.", _TARGET)
    yield MetricSpec("listener_target_forecast", "gauge", "Forecast for the deadline.", _TARGET)
    yield MetricSpec(
        "listener_target_will_miss",
        "gauge",
        "1 when even the better end of the forecast misses the target.",
        ("campaign", "team", "kpi", "part"),
    )


def _audit_metrics() -> Iterator[MetricSpec]:
    specs: tuple[tuple[str, Kind, str, tuple[str, ...]], ...] = (
        ("difference", "gauge", "Figures of cells and outcomes that are not what the records come to.", ("topic",)),
        ("not_covered_windows", "gauge", "Windows that could not be recounted: their records are gone.", ("topic",)),
        ("compared_cells", "gauge", "Cells and outcomes that the last recount compared.", ()),
        ("last_success_timestamp_seconds", "gauge", "When the last recount came to its end.", ()),
        ("duration_seconds", "gauge", "How long it took.", ()),
        ("failures", "counter", "Recounts that could not be made.", ()),
    )
    for name, kind, meaning, labels in specs:
        yield MetricSpec(f"listener_audit_{name}", kind, meaning, labels, by="audit")


METRICS: Final[dict[str, MetricSpec]] = {
    spec.name: spec
    for spec in (
        *_campaign_metrics(),
        *_ALERTING,
        *_closing_metrics(),
        *_kpi_metrics(),
        MetricSpec(
            "listener_records", "counter", "Records by outcome; their sum is what was read.", (*_PARTITION, "outcome")
        ),
        MetricSpec("listener_records_invalid", "counter", "Invalid records by reason.", (*_PARTITION, "reason")),
        MetricSpec("listener_record_time_timestamp_seconds", "gauge", "Largest observed_at so far.", _PARTITION),
        MetricSpec(
            "listener_progress_written_timestamp_seconds", "gauge", "When the owner last wrote progress.", _PARTITION
        ),
        MetricSpec("listener_board_lag_records", "gauge", "Changelog records that the board has not read yet."),
        MetricSpec("listener_board_cells", "gauge", "Cells held.", ("table",)),
        MetricSpec("listener_board_connected", "gauge", "1 while Kafka answers the board."),
        MetricSpec("listener_board_caught_up", "gauge", "1 once the board has read all changelogs to their end."),
        MetricSpec(
            "listener_board_stale_records", "counter", "Changelog records with a lower stamp than known, ignored."
        ),
        MetricSpec("listener_board_mentions_caught_up", "gauge", "1 once the mentions that were there are read."),
        MetricSpec("listener_board_mentions_unread_records", "gauge", "Records of mentions and feedback not read yet."),
        MetricSpec(
            "listener_board_mentions_unreadable_records", "counter", "Records that the store could not read, left out."
        ),
        MetricSpec(
            "listener_campaigns_valid",
            "gauge",
            "1 while the campaign files can be used; else older ones hold.",
            by="worker",
        ),
        MetricSpec(
            "listener_campaigns_failures", "counter", "Changed campaign files that could not be used.", by="worker"
        ),
        MetricSpec(
            "listener_models_loaded",
            "gauge",
            "1 for a model that judges mentions, 0 for a missing one.",
            ("model",),
            "worker",
        ),
        MetricSpec("listener_campaigns_changes", "counter", "Campaign sets that came into force.", by="worker"),
        MetricSpec("listener_worker_partitions", "gauge", "Partitions that this worker owns.", by="worker"),
        MetricSpec("listener_worker_lag_records", "gauge", "Records not counted yet.", _PARTITION, by="worker"),
        MetricSpec("listener_worker_unflushed_records", "gauge", "Counted, not durable yet.", _PARTITION, by="worker"),
        MetricSpec(
            "listener_worker_lag_seconds",
            "gauge",
            "How far what is counted is behind the wall clock; 0 when caught up.",
            _PARTITION,
            by="worker",
        ),
        MetricSpec("listener_worker_rebalances", "counter", "Times that partitions were given up.", by="worker"),
        MetricSpec(
            "listener_worker_flush_duration_seconds",
            "histogram",
            "Seconds from a flush's start to durable.",
            by="worker",
        ),
        MetricSpec(
            "listener_changelog_durable_seconds",
            "histogram",
            "Cells of a flush, from sent to acknowledged.",
            by="worker",
        ),
        MetricSpec("listener_worker_flushes", "counter", "Flushes that became durable.", by="worker"),
        MetricSpec("listener_worker_flush_seconds", "counter", "Seconds from a flush's start to durable.", by="worker"),
        MetricSpec("listener_worker_recovery_seconds", "gauge", "How long the last recovery took.", by="worker"),
        MetricSpec("listener_worker_recovery_records", "gauge", "Changelog records of the last recovery.", by="worker"),
        MetricSpec(
            "listener_worker_recovery_started_timestamp_seconds",
            "gauge",
            "When the recovery under way began; 0 while there is none.",
            by="worker",
        ),
        MetricSpec(
            "listener_worker_recovery_left_records",
            "gauge",
            "Changelog records that the recovery under way has still to read.",
            by="worker",
        ),
        MetricSpec("listener_worker_loop_age_seconds", "gauge", "Since the counting loop last ran.", by="worker"),
        *_source_metrics(),
        *_audit_metrics(),
        MetricSpec(
            "listener_changelog_regressions",
            "counter",
            "Stale records of a former owner that were written over.",
            by="worker",
        ),
    )
}

_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

#: (label values, sample value) of one metric.
Sample = tuple[Sequence[str], float]


def family(name: str, samples: Iterable[Sample]) -> Metric:
    """A declared metric with its samples; KeyError for one that is not declared."""
    spec = METRICS[name]
    kind = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
    metric: Metric = kind(name, spec.help, labels=spec.labels)
    merged: dict[tuple[str, ...], float] = {}
    for labels, value in samples:
        clean = tuple(map(label_text, labels))
        # The same series twice would make the whole page invalid.
        merged[clean] = merged.get(clean, 0) + value
    for clean, value in merged.items():
        metric.add_metric(clean, value)  # type: ignore[attr-defined]
    return metric


def histogram(name: str, bounds: Sequence[float], counts: Sequence[int], total: float) -> Metric:
    """A declared histogram without labels: ``counts`` by bucket, the last one above all bounds; ``total`` their sum."""
    metric = HistogramMetricFamily(name, METRICS[name].help)
    sums = [sum(counts[: at + 1]) for at in range(len(counts))]
    buckets = [*zip(map(str, bounds), sums, strict=False), ("+Inf", sums[-1])]
    metric.add_metric([], buckets, total)
    return metric


@lru_cache(maxsize=65_536)
def label_text(text: str) -> str:
    """A label value that can always be written: lone surrogates, control characters and line breaks are replaced."""
    return _UNWRITABLE.sub("\ufffd", text)


class Described(Collector):
    """A collector whose metrics are only known when scraped; saves the registry a scrape at registration."""

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()
