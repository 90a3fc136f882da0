"""Our pages are the client library's, byte for byte."""

from collections.abc import Iterable, Sequence

import pytest
from prometheus_client import CollectorRegistry, Enum, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics

from listener.exposition import openmetrics_page, plain_page
from listener.metrics import Described

VALUES = [0, 1, -3, 999_999, 1_000_000, -1_000_000, 123_456_789, 10**18, 0.1, 1e-9, 2.5e7, True, float("inf")]


class Fixed(Described):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def registry_of(*metrics: Metric) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Fixed(metrics))
    return registry


def same(registry: CollectorRegistry) -> None:
    assert plain_page(registry) == generate_latest(registry)
    assert openmetrics_page(registry) == openmetrics.generate_latest(registry)


def test_numbers() -> None:
    gauge = GaugeMetricFamily("listener_gauge", "Help.", labels=["n"])
    for number, value in enumerate([*VALUES, float("-inf"), float("nan")]):
        gauge.add_metric([str(number)], value)
    same(registry_of(gauge))


@pytest.mark.parametrize("text", ['a"b\\c', "a\nb", "خبر‌نامه", "", "\\n"])
def test_labels_and_help(text: str) -> None:
    counter = CounterMetricFamily("listener_counter", f'Says "{text}" and\nmore \\.', labels=["zeta", "alpha"])
    counter.add_metric([text, "b"], 3)
    counter.add_metric(["b", text], 4.5)
    same(registry_of(counter, GaugeMetricFamily("listener_bare", "Bare.", value=2)))


def test_histograms() -> None:
    family = HistogramMetricFamily("listener_seconds", "Seconds.", labels=["topic"])
    family.add_metric(["posts"], [("0.1", 1), ("+Inf", 4)], 2.25)
    same(registry_of(family))


def test_what_is_not_known_here_is_left_to_the_library() -> None:
    registry = CollectorRegistry()
    Enum("listener_state", "State.", states=["on", "off"], registry=registry)
    Histogram("listener_wait", "Wait.", registry=registry).observe(0.2, exemplar={"trace": "1"})
    same(registry)
