"""A real Prometheus scrapes the KPIs' gauges: its rules give what Python gives, and its alert gets to Alertmanager."""

import json
import queue
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from listener.kpis.metrics import KpiSamples
from listener.kpis.rules import record_name, rules_file
from listener.kpis.spans import read_now
from listener.metrics import Described
from models.attribution import Target
from models.kpis import BESIDE, KPIS
from processors.kpis.evaluate import Evaluator
from processors.kpis.periods import period
from tests.business import NOW, a_bit_of_everything, campaign, counted
from tests.integration.alertmanagers import alertmanagers, program
from tests.unit.listener.kpis.test_rules import free_port

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus (apt-get install prometheus)"),
]
#: Two leads of ten thousand, and the deadline is over; of bounces nobody could ask more than what there is.
OURS = campaign(
    team="commerce",
    targets=(
        Target(kpi="leads", part="mql", target=10_000, owner="sara", start_ms=0, deadline_ms=read_now(NOW)),
        Target(kpi="bounce_rate", target=1, owner="sara", start_ms=0, deadline_ms=read_now(NOW)),
    ),
)
PATIENCE_S = 120


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
    with scraping(exporter, tmp_path) as url:
        yield url


@contextmanager
def scraping(exporter: int, tmp_path: Path, managers: Sequence[str] = ()) -> Iterator[str]:
    """Prometheus with the rules at a quicker pace; ``managers``: addresses of Alertmanagers that it tells."""
    rules = rules_file().replace("interval: 30s", "interval: 1s").replace("for: 6h", "for: 1s")
    (tmp_path / "kpis.yaml").write_text(rules, encoding="utf-8")
    scrape = {"job_name": "board", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}
    told = [{"static_configs": [{"targets": [one.removeprefix("http://") for one in managers]}]}] if managers else []
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["kpis.yaml"],
        "scrape_configs": [scrape],
        "alerting": {"alertmanagers": told},
    }
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


@pytest.fixture
def webhook() -> Iterator[tuple[int, "queue.Queue[Any]"]]:
    """Where Alertmanager tells people: its port, and what came."""
    came: queue.Queue[Any] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], came
    server.shutdown()


def test_a_target_that_will_be_missed_is_told_to_its_team(
    exporter: int, webhook: tuple[int, "queue.Queue[Any]"], tmp_path: Path
) -> None:
    program()
    port, came = webhook
    with (
        alertmanagers(tmp_path, port) as managers,
        scraping(exporter, tmp_path, [manager.url for manager in managers]),
    ):
        body = came.get(timeout=PATIENCE_S)
    (alert,) = body["alerts"]
    assert body["status"] == "firing"
    assert {name: alert["labels"][name] for name in ("alertname", "campaign", "team", "kpi", "part", "severity")} == {
        "alertname": "ListenerTargetWillMiss",
        "campaign": "c",
        "team": "commerce",
        "kpi": "leads",
        "part": "mql",
        "severity": "warning",
    }
    assert alert["annotations"]["summary"] == "c: the target of leads mql will be missed"
