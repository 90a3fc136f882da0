"""The tables and the chart of ``make bench-peers``."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.charts import bars
from tests.bench.record import markdown, record, record_chart

OUT: Final = Path("build/peers.json")
NAMES: Final = {
    "worker": "Listener, exact and durable",
    "bare_loop": "bare aiokafka loop, no state",
    "bare_loop_hazm": "bare aiokafka loop, hazm before it",
    "confluent_loop": "bare confluent-kafka loop, no state",
    "bytewax_flow": "Bytewax 0.21, with recovery",
    "pathway_flow": "Pathway 0.33, with persistence",
    "quix": "Quix Streams 3.28",
    "kafka_streams": "Kafka Streams 4.1, its own matcher",
    "faust_documented": "Faust as documented",
}
TITLES: Final = {"ours": "with the worker's matcher", "users": "with a matcher of its users"}
#: What has but its own matcher, and is in both tables.
OWN: Final = ("worker", "kafka_streams")
#: (whose matcher, engine) → its runs.
Runs = dict[tuple[str, str], list[dict[str, float]]]


def report(options: Mapping[str, Any], runs: Runs) -> None:
    """Print both tables, write the figures and the chart."""
    figures = {key: _medians(found) for key, found in runs.items()}
    for whose in TITLES:
        record(f"peers-{whose}", engines(whose, figures))
    OUT.parent.mkdir(exist_ok=True)
    flat = {f"{whose}/{name}": value for (whose, name), value in figures.items()}
    raw = {f"{whose}/{name}": found for (whose, name), found in runs.items()}
    OUT.write_text(json.dumps({"options": options, "medians": flat, "runs": raw}, indent=2) + "\n", encoding="utf-8")
    costs = {NAMES[name]: value["cpu"] for (whose, name), value in figures.items() if whose == "ours"}
    record_chart("peers", bars("CPU seconds per million posts, less is better", costs, [NAMES["worker"]]))


def _medians(found: list[dict[str, float]]) -> dict[str, float]:
    """CPU seconds per million posts, posts a second, peak memory in MB."""
    return {
        "cpu": statistics.median(one["cpu_s"] * 1e6 / one["posts"] for one in found),
        "speed": statistics.median(one["posts"] / one["wall_s"] for one in found),
        "peak_mb": statistics.median(one["peak_mb"] for one in found),
    }


def engines(whose: str, figures: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    """The engines with this matcher, and those that have but their own; the cheapest first."""
    here = {name: value for (owner, name), value in figures.items() if owner == whose or name in OWN}
    worker, bare = here["worker"]["cpu"], here["bare_loop"]["cpu"]
    rows = []
    for name, one in sorted(here.items(), key=lambda item: item[1]["cpu"]):
        shown = f"**{NAMES[name]}**" if name == "worker" else NAMES[name]
        cost, speed, peak = one["cpu"], one["speed"], one["peak_mb"]
        ratios = f"{cost / bare:.2f}", f"{cost / worker:.2f}"
        rows.append((shown, f"{cost:.1f}", *ratios, f"{speed:,.0f}", f"{peak:,.0f} MB"))
    head = ("CPU s per million posts", "of the bare loop", "of Listener", "posts/s", "peak memory")
    return markdown((f"Engine, {TITLES[whose]}", *head), rows)
