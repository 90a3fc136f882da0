"""Dashboards of those who run Listener: overview, pipeline, workers and boards, alerting."""

from typing import Final

from deploy.grafana.panels import AGO, Board, Row, line, stat, table

_WORKER: Final = '{job="listener-worker"}'
_ALL: Final = '{job=~"listener-.*"}'
_FIRING: Final = 'max by (alertname, severity, topic, instance) (ALERTS{alertstate="firing", alertname=~"Listener.*"})'
_INVALID: Final = (
    "sum by (topic, reason) (max by (topic, partition, reason) "
    "(rate(listener_records_invalid_total[$__rate_interval])))"
)
_BY_TOPIC: Final = "max by (topic, partition)"


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def _increase(metric: str) -> str:
    return f"sum by (instance) (increase({metric}[$__rate_interval]))"


def _quantile(q: float, metric: str) -> str:
    return f"histogram_quantile({q}, sum by (le) (rate({metric}_bucket[$__rate_interval])))"


_UNDER_WAY: Final = (
    "(time() - listener_worker_recovery_started_timestamp_seconds)"
    " * (listener_worker_recovery_started_timestamp_seconds > bool 0)"
)

OVERVIEW: Final = Board(
    "listener-overview",
    "Listener: overview",
    "Is it well? The objective of freshness, and the few numbers to look at first.",
    (
        Row(
            "Now",
            (
                stat(
                    "Fresh",
                    "1 while nothing is counted more than 60 s late.",
                    ("listener:pipeline_fresh:bool", "fresh"),
                ),
                stat(
                    "Fresh, 30 days",
                    "Share of the time; the objective is 99 %.",
                    ("avg_over_time(listener:pipeline_fresh:bool[30d])", "30 days"),
                    unit="percentunit",
                ),
                stat("Lag", "The slowest topic.", ("max(listener:pipeline_lag_seconds:max_by_topic)", "lag"), unit="s"),
                stat("Records", "Read in a second.", ("sum(listener:records:rate5m)", "records/s"), unit="ops"),
                stat("Workers", "That answer scrapes.", (f"sum(up{_WORKER})", "workers")),
                stat("Boards", "That answer scrapes.", ('sum(up{job="listener-board"})', "boards")),
            ),
        ),
        Row(
            "The objective",
            (
                line(
                    "Burn rate",
                    "How many times too fast the budget is used up; from 14.4 (1 h) and 6 (6 h) on it pages.",
                    *(
                        (f"listener:pipeline_fresh:error_ratio_{window} / 0.01", window)
                        for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
                    ),
                    width=12,
                    above=1,
                ),
                line(
                    "Lag by topic",
                    "How far what is counted is behind the clock.",
                    ("listener:pipeline_lag_seconds:max_by_topic", "{{topic}}"),
                    unit="s",
                    width=12,
                    above=60,
                ),
            ),
        ),
        Row(
            "Alerts",
            (
                table(
                    "What fires",
                    "Alerts of Listener; each has a runbook.",
                    (
                        _FIRING,
                        "{{alertname}}",
                    ),
                    width=24,
                ),
            ),
        ),
    ),
)

PIPELINE: Final = Board(
    "listener-pipeline",
    "Listener: pipeline",
    "Rate, errors, duration: from records to closed minutes, and the sources before it.",
    (
        Row(
            "Rate and errors",
            (
                line(
                    "Records by outcome",
                    "Every record has one.",
                    ("sum by (outcome) (listener:records:rate5m)", "{{outcome}}"),
                    unit="ops",
                ),
                line(
                    "Records by topic",
                    "All outcomes.",
                    ("sum by (topic) (listener:records:rate5m)", "{{topic}}"),
                    unit="ops",
                ),
                line(
                    "Invalid, by reason",
                    "They are on the dead letters.",
                    (
                        _INVALID,
                        "{{topic}}: {{reason}}",
                    ),
                    unit="ops",
                ),
                line(
                    "Invalid, share",
                    "Of 15 minutes; 1 % alerts.",
                    ("listener:records_invalid:ratio_15m", "{{topic}}"),
                    unit="percentunit",
                    above=0.01,
                ),
                line(
                    "Late, share",
                    "Of an hour; left out, as they are too old.",
                    ("listener:records_late:ratio_1h", "{{topic}}"),
                    unit="percentunit",
                    above=0.05,
                ),
                line(
                    "Reached record time",
                    "Largest time of observation.",
                    (f"min by (topic) ({_BY_TOPIC} (listener_record_time_timestamp_seconds)) * 1000", "{{topic}}"),
                    unit=AGO,
                ),
            ),
        ),
        Row(
            "Duration",
            (
                line(
                    "Lag in records", "Not counted yet.", ("sum by (topic) (listener_worker_lag_records)", "{{topic}}")
                ),
                line(
                    "Lag in seconds",
                    "Slowest partition.",
                    ("max by (topic) (listener_worker_lag_seconds)", "{{topic}}"),
                    unit="s",
                    above=60,
                ),
                line(
                    "Delay of the boards",
                    "Everything up to so long ago is counted and read.",
                    ("max by (topic) (listener_topic_delay_seconds)", "{{topic}}"),
                    unit="s",
                ),
                line(
                    "Flush",
                    "From the start of a flush to durable.",
                    (_quantile(0.5, "listener_worker_flush_duration_seconds"), "p50"),
                    ("listener:flush_duration_seconds:p99_10m", "p99 of 10 min"),
                    unit="s",
                ),
                line(
                    "Changelog writes",
                    "Cells, from sent to acknowledged: the health of the brokers.",
                    (_quantile(0.5, "listener_changelog_durable_seconds"), "p50"),
                    ("listener:changelog_durable_seconds:p99_10m", "p99 of 10 min"),
                    unit="s",
                    above=2.5,
                ),
                line(
                    "Flushes",
                    "That became durable, and the time that they took of each second.",
                    (_rate("listener_worker_flushes_total", "instance"), "{{instance}} flushes/s"),
                    (_rate("listener_worker_flush_seconds_total", "instance"), "{{instance}} seconds/s"),
                ),
            ),
        ),
        Row(
            "Closed minutes",
            (
                line(
                    "Complete",
                    "Share of the partitions that are heard.",
                    ("min by (topic) (listener_topic_completeness)", "{{topic}}"),
                    unit="percentunit",
                ),
                line(
                    "Replaying",
                    "1 while records are from long ago.",
                    ("max by (topic) (listener_topic_replaying)", "{{topic}}"),
                ),
                line(
                    "Read up to",
                    "Everything before is counted.",
                    ("max by (topic) (listener_topic_read_timestamp_seconds) * 1000", "{{topic}}"),
                    unit=AGO,
                ),
                line(
                    "Minutes",
                    "Written, told twice (ignored), left out.",
                    (_rate("listener_series_written_records_total", "instance"), "{{instance}} written"),
                    (_rate("listener_series_repeated_records_total", "instance"), "{{instance}} repeated"),
                    (_rate("listener_series_skipped_minutes_total", "instance"), "{{instance}} skipped"),
                    unit="ops",
                ),
                line(
                    "Behind",
                    "Closed minutes that are not on the topic yet.",
                    ("max by (instance) (listener_series_lag_seconds)", "{{instance}}"),
                    unit="s",
                    above=300,
                ),
                line("Leader", "One board has 1.", ("max by (instance) (listener_board_leader)", "{{instance}}")),
            ),
        ),
        Row(
            "Sources",
            (
                line(
                    "Connected",
                    "1 while the source answers.",
                    ("max by (source) (listener_source_connected)", "{{source}}"),
                ),
                line(
                    "Records by result",
                    "Of each source.",
                    (_rate("listener_source_records_total", "source, result"), "{{source}}: {{result}}"),
                    unit="ops",
                ),
                line(
                    "Age when read",
                    "Of the last new post or article.",
                    ("max by (source) (listener_source_lag_seconds)", "{{source}}"),
                    unit="s",
                ),
                line(
                    "Trouble",
                    "Lost and tried again, asked for fewer calls, gaps.",
                    (_rate("listener_source_reconnects_total", "source"), "{{source}} reconnects"),
                    (_rate("listener_source_rate_limited_total", "source"), "{{source}} rate-limited"),
                    (_rate("listener_source_cursor_resets_total", "source"), "{{source}} gaps"),
                    unit="ops",
                ),
                line(
                    "Last post",
                    "Latest time of a post or article.",
                    ("max by (source) (listener_source_last_event_timestamp_seconds) * 1000", "{{source}}"),
                    unit=AGO,
                ),
                line(
                    "Last answer",
                    "When the source last answered.",
                    ("max by (source) (listener_source_last_answer_timestamp_seconds) * 1000", "{{source}}"),
                    unit=AGO,
                ),
            ),
        ),
    ),
)

WORKERS: Final = Board(
    "listener-workers",
    "Listener: workers and boards",
    "Use, saturation, errors of the processes.",
    (
        Row(
            "All processes",
            (
                line(
                    "CPU",
                    "Cores.",
                    (
                        f"sum by (job, instance) (rate(process_cpu_seconds_total{_ALL}[$__rate_interval]))",
                        "{{job}} {{instance}}",
                    ),
                ),
                line(
                    "Memory",
                    "Resident.",
                    (f"max by (job, instance) (process_resident_memory_bytes{_ALL})", "{{job}} {{instance}}"),
                    unit="bytes",
                ),
                line(
                    "Open files",
                    "Of those allowed.",
                    (
                        f"max by (job, instance) (process_open_fds{_ALL} / process_max_fds{_ALL})",
                        "{{job}} {{instance}}",
                    ),
                    unit="percentunit",
                ),
                line(
                    "Started",
                    "A step is a restart.",
                    (f"max by (job, instance) (process_start_time_seconds{_ALL}) * 1000", "{{job}} {{instance}}"),
                    unit=AGO,
                ),
            ),
        ),
        Row(
            "Workers",
            (
                line("Partitions", "Owned.", ("sum by (instance) (listener_worker_partitions)", "{{instance}}")),
                line(
                    "Counted, not durable",
                    "Grows when Kafka is slow.",
                    ("sum by (instance) (listener_worker_unflushed_records)", "{{instance}}"),
                ),
                line(
                    "Loop",
                    "Since the counting loop last ran.",
                    ("max by (instance) (listener_worker_loop_age_seconds)", "{{instance}}"),
                    unit="s",
                    above=10,
                ),
                line(
                    "Rebalances",
                    "Partitions given up.",
                    (
                        _increase("listener_worker_rebalances_total"),
                        "{{instance}}",
                    ),
                ),
                line(
                    "Recovery",
                    "How long the last one took, and for how long one is under way.",
                    ("max by (instance) (listener_worker_recovery_seconds)", "{{instance}} last"),
                    (f"max by (instance) ({_UNDER_WAY})", "{{instance}} under way"),
                    unit="s",
                ),
                line(
                    "Recovery, records",
                    "Changelog records of the last one, and what one under way has still to read.",
                    ("max by (instance) (listener_worker_recovery_records)", "{{instance}} last"),
                    ("max by (instance) (listener_worker_recovery_left_records)", "{{instance}} left"),
                ),
                line(
                    "Progress",
                    "Since the owner last wrote it; slowest partition.",
                    (
                        f"time() - min by (topic) ({_BY_TOPIC} (listener_progress_written_timestamp_seconds))",
                        "{{topic}}",
                    ),
                    unit="s",
                    above=300,
                ),
                line(
                    "Campaign sets",
                    "Changes that came into force, and those that could not.",
                    ("min by (instance) (listener_campaigns_valid)", "{{instance}} valid"),
                    (
                        _increase("listener_campaigns_changes_total"),
                        "{{instance}} changes",
                    ),
                    (
                        _increase("listener_campaigns_failures_total"),
                        "{{instance}} failures",
                    ),
                ),
                line(
                    "Repaired",
                    "Stale records of a former owner, written over.",
                    (
                        _increase("listener_changelog_regressions_total"),
                        "{{instance}}",
                    ),
                ),
            ),
        ),
        Row(
            "Audit",
            (
                line(
                    "Differences",
                    "Figures that are not what the retained records come to, by topic: 0, always.",
                    ("max by (topic) (listener_audit_difference)", "{{topic}}"),
                    above=1,
                ),
                line(
                    "Compared",
                    "Cells of the last recount; windows that could not be recounted; recounts that failed.",
                    ("max(listener_audit_compared_cells)", "compared"),
                    ("max by (topic) (listener_audit_not_covered_windows)", "{{topic}} not covered"),
                    (_increase("listener_audit_failures_total"), "{{instance}} failed"),
                ),
                line(
                    "Time",
                    "How long the last recount took, and how long ago it ended.",
                    ("max(listener_audit_duration_seconds)", "duration"),
                    ("time() - max(listener_audit_last_success_timestamp_seconds)", "age"),
                    unit="s",
                ),
            ),
        ),
        Row(
            "Boards",
            (
                line(
                    "State",
                    "Connected to Kafka, counts read, mentions read.",
                    ("max by (instance) (listener_board_connected)", "{{instance}} connected"),
                    ("max by (instance) (listener_board_caught_up)", "{{instance}} counts"),
                    ("max by (instance) (listener_board_mentions_caught_up)", "{{instance}} mentions"),
                ),
                line(
                    "Unread",
                    "Records of changelogs, of mentions and feedback.",
                    ("max by (instance) (listener_board_lag_records)", "{{instance}} changelogs"),
                    ("max by (instance) (listener_board_mentions_unread_records)", "{{instance}} mentions"),
                ),
                line("Cells", "Held, by table.", ("max by (table) (listener_board_cells)", "{{table}}")),
                line(
                    "Left out",
                    "Stale records, unreadable records, campaigns without series.",
                    (
                        _increase("listener_board_stale_records_total"),
                        "{{instance}} stale",
                    ),
                    (
                        _increase("listener_board_mentions_unreadable_records_total"),
                        "{{instance}} unreadable",
                    ),
                    ("max by (instance) (listener_board_series_dropped_campaigns)", "{{instance}} campaigns"),
                ),
                line(
                    "Snapshot, size",
                    "Of the last one.",
                    ("max by (instance) (listener_board_snapshot_bytes)", "{{instance}}"),
                    unit="bytes",
                ),
                line(
                    "Snapshot, time",
                    "How long it took, and how old it is.",
                    ("max by (instance) (listener_board_snapshot_duration_seconds)", "{{instance}} took"),
                    ("time() - max by (instance) (listener_board_snapshot_timestamp_seconds)", "{{instance}} age"),
                    unit="s",
                ),
            ),
        ),
    ),
)

ALERTING: Final = Board(
    "listener-alerting",
    "Listener: quality of alerting",
    "Do alerts arrive, how fast, and were they right?",
    (
        Row(
            "Delivery",
            (
                line(
                    "Queue", "Alerts that no Alertmanager has taken.", ("max(listener_alert_queue)", "queue"), above=0
                ),
                line(
                    "Posts",
                    "Taken and failed.",
                    (_rate("listener_alert_deliveries_total", "alertmanager"), "{{alertmanager}} taken"),
                    (_rate("listener_alert_delivery_failures_total", "alertmanager"), "{{alertmanager}} failed"),
                    unit="ops",
                ),
                line(
                    "Last success",
                    "When it last took a post.",
                    (
                        "max by (alertmanager) (listener_alert_last_success_timestamp_seconds) * 1000",
                        "{{alertmanager}}",
                    ),
                    unit=AGO,
                ),
                line(
                    "Latency",
                    "From the closing of a minute to the first Alertmanager; the aim is 60 s.",
                    (
                        "histogram_quantile(0.5, sum by (le) (increase(listener_alert_latency_seconds_bucket[1d])))",
                        "p50 of a day",
                    ),
                    ("listener:alert_latency_seconds:p95_1d", "p95 of a day"),
                    unit="s",
                    above=60,
                ),
                line(
                    "Boards",
                    "One leads; each has read the closed minutes.",
                    ("max by (instance) (listener_alerting_leading)", "{{instance}} leads"),
                    ("max by (instance) (listener_alerting_caught_up)", "{{instance}} caught up"),
                ),
            ),
        ),
        Row(
            "Incidents",
            (
                table(
                    "Open",
                    "That somebody is told of.",
                    ("max by (campaign, team, kind, severity) (listener_incident_open) == 1", "{{campaign}}: {{kind}}"),
                    width=12,
                ),
                line(
                    "Opened in a day",
                    "By campaign and kind.",
                    ("max by (campaign, kind) (increase(listener_incidents_total[1d]))", "{{campaign}}: {{kind}}"),
                    width=12,
                ),
                line(
                    "Precision",
                    "Of those answered, the share that was no false alarm.",
                    ("listener:incident_precision:ratio", "{{rule}}: {{kind}}"),
                    unit="percentunit",
                    width=12,
                ),
                line(
                    "Answers",
                    "From the beginning.",
                    ("max by (rule, kind, answer) (listener_incident_answers_total)", "{{rule}}: {{answer}}"),
                    width=12,
                ),
            ),
        ),
    ),
    range="now-7d",
)
