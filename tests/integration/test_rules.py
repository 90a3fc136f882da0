"""A real Prometheus scrapes the KPIs' gauges, applies the recording rules, and gets the numbers that Python gets."""

import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from listener.kpis.metrics import KpiSamples
from listener.kpis.rules import record_name, rules_file
from listener.kpis.spans import read_now
from listener.metrics import Described
from models.kpis import BESIDE, KPIS
from processors.kpis.evaluate import Evaluator
from processors.kpis.periods import period
from tests.business import NOW, a_bit_of_everything, campaign, counted
from tests.unit.listener.kpis.test_rules import free_port

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus (apt-get install prometheus)"),
]
OURS = campaign()
PATIENCE_S = 60


class Page(Described):
    def __init__(self, samples: KpiSamples) -> None:
        self.samples = samples

    def collect(self) -> Any:
        return self.samples.families()


@pytest.fixture
def exporter() -> Iterator[int]:
    """A board's page of the KPIs, served as it was at one moment."""
    figures = counted(a_bit_of_everything(), OURS)[0].figures
    registry = CollectorRegistry()
    registry.register(Page(KpiSamples.of(figures, [OURS], read_now(NOW))))
    page = generate_latest(registry)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def prometheus(exporter: int, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "kpis.yaml").write_text(rules_file().replace("interval: 30s", "interval: 1s"), encoding="utf-8")
    scrape = {"job_name": "board", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}
    config = {"global": {"scrape_interval": "1s"}, "rule_files": ["kpis.yaml"], "scrape_configs": [scrape]}
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    port = free_port()
    command = [
        *("prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def asked(url: str, query: str) -> list[dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found
    except OSError:
        return []


def expected() -> dict[tuple[str, str, str], float]:
    """(KPI, part, window) → value, of every number that there is."""
    evaluator = Evaluator(counted(a_bit_of_everything(), OURS)[0].figures, OURS)
    found = {}
    for window in ("1m", "1h", "24h", "campaign"):
        span = period(window, read_now(NOW), OURS.timezone)  # type: ignore[arg-type]
        for name, kpi in (KPIS | BESIDE).items():
            for one in evaluator.readings(kpi, span):
                if one.value is not None:
                    found[name, one.key or one.part.name, window] = float(one.value)
    return found


def test_rules_and_python_agree(prometheus: str) -> None:
    wanted = expected()
    query = '{__name__=~"listener:kpi_.*"}'
    deadline = time.monotonic() + PATIENCE_S
    while len(series := asked(prometheus, query)) < len(wanted):
        assert time.monotonic() < deadline, f"{len(series)} of {len(wanted)} series"
        time.sleep(0.2)
    labels = [one["metric"] for one in series]
    found = {
        (label["kpi"], label.get("part", ""), label["window"]): float(one["value"][1])
        for label, one in zip(labels, series, strict=True)
    }
    assert found == pytest.approx(wanted)
    assert {label["__name__"] for label in labels} <= {record_name(kpi) for kpi in (KPIS | BESIDE).values()}
