"""Which metrics a PromQL expression asks for."""

from collections.abc import Iterator
from typing import Any

import promql_parser

from listener.metrics import METRICS

#: Not ours: the client library's, and what Prometheus and the Alertmanager say of themselves.
FOREIGN = {
    "up",
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "python_gc_collections_total",
    "ALERTS",
}
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
#: Every name under which a series of ours is stored.
STORED = {name + suffix: name for name, spec in METRICS.items() for suffix in _SUFFIXES[spec.kind]}


def selectors(expression: str) -> list[tuple[str, frozenset[str]]]:
    """(metric, labels that it is matched or grouped by) of every selector; ValueError for what does not parse."""
    return list(_walk(promql_parser.parse(expression)))


def _walk(node: Any) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name or "", frozenset(one.name for one in node.matchers.matchers)
        return
    for attribute in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, attribute, None)
        if child is not None and not isinstance(child, str):
            yield from _walk(child)
    for argument in getattr(node, "args", None) or ():
        yield from _walk(argument)


def unknown(expression: str, recorded: frozenset[str]) -> set[str]:
    """Metrics, and labels in matchers, that nothing exports or records."""
    wrong = set()
    for name, labels in selectors(expression):
        if name in recorded or name in FOREIGN:
            continue
        if name not in STORED:
            wrong.add(name)
            continue
        known = {*METRICS[STORED[name]].labels, "job", "instance", "le"}
        wrong |= {f"{name}{{{label}}}" for label in labels - known}
    return wrong
