"""The Alertmanager configuration and the rules that watch the delivery, tried with Prometheus' own tools."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from listener.alerting.alerts import Alert, alert_of
from listener.alerting.tokens import Signer
from listener.metrics import METRICS
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT, OPENED

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONFIG = DEPLOY / "alertmanager" / "alertmanager.yaml"
RULES = DEPLOY / "prometheus" / "rules" / "alerting.yaml"


def run(program: str, *arguments: str | Path) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}: install prometheus and prometheus-alertmanager")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_is_valid() -> None:
    assert "SUCCESS" in run("amtool", "check-config", CONFIG)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=ListenerIncident team=mobility campaign=snapp severity=warning", "mobility"),
        ("alertname=ListenerIncident team=mobility campaign=berimo severity=warning", "mobility-berimo"),
        ("alertname=ListenerIncident team=mobility campaign=berimo severity=critical", "mobility-berimo"),
        ("alertname=ListenerIncident team=banking severity=critical", "banking"),
        ("alertname=ListenerIncident team=banking severity=info", "nobody"),
        ("alertname=ListenerIncident severity=warning", "operators"),
        ("alertname=ListenerWatchdog severity=none", "heartbeat"),
        ("alertname=ListenerPipelineCatchingUp severity=info", "nobody"),
        ("alertname=ListenerPipelineStale severity=critical", "operators"),
        ("alertname=ListenerSloFreshness severity=critical window=1h", "operators"),
        ("alertname=ListenerSourceSilent platform=telegram severity=warning", "operators"),
        ("alertname=ListenerAlertDeliveryFailing severity=critical", "operators"),
        ("alertname=ListenerAlertFallback team=banking severity=critical", "banking"),
        ("alertname=ListenerTargetWillMiss team=banking campaign=b kpi=likes severity=warning kind=target", "banking"),
    ],
)
def test_alerts_go_where_they_belong(labels: str, receivers: str) -> None:
    routed = run("amtool", "config", "routes", "test", f"--config.file={CONFIG}", *labels.split())
    assert routed.split() == [receivers]


def test_rules_do_what_their_tests_say() -> None:
    run("promtool", "check", "rules", RULES)
    run("promtool", "test", "rules", RULES.with_name("alerting.test.yaml"))


def test_rules_use_metrics_that_exist() -> None:
    suffixes = ("_total", "_bucket", "")
    known = {name + suffix for name in METRICS for suffix in suffixes}
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            words = rule["expr"].replace("(", " ").replace("{", " ").replace("[", " ").replace(")", " ").split()
            used = {word for word in words if word.startswith("listener_")}
            assert used <= known


def rendered(alert: Alert, status: str, template: str, directory: Path) -> str:
    """What Alertmanager makes of an alert."""
    payload = alert.payload(OPENED + timedelta(minutes=1))
    one = {**payload, "status": status, "generatorURL": payload.get("generatorURL", ""), "fingerprint": "1"}
    data = {
        "receiver": "r",
        "status": status,
        "alerts": [one],
        "groupLabels": {},
        "commonLabels": payload["labels"],
        "commonAnnotations": payload["annotations"],
        "externalURL": "http://alertmanager",
    }
    file = directory / "data.json"
    file.write_text(json.dumps(data))
    kind = "html" if template.endswith("html") else "text"
    return run(
        "amtool",
        "template",
        "render",
        f"--template.glob={DEPLOY / 'alertmanager' / 'templates' / '*.tmpl'}",
        f"--template.type={kind}",
        f"--template.data={file}",
        f'--template.text={{{{ template "{template}" . }}}}',
    )


OPEN = alert_of(INCIDENT, CAMPAIGN, "https://listen.example", Signer(b"k" * 32))
OVER = alert_of(replace(INCIDENT, resolved_at=OPENED), CAMPAIGN, "https://listen.example", Signer(b"k" * 32))


@pytest.mark.parametrize("template", ["listener.email.html", "listener.telegram", "listener.slack"])
def test_what_people_wrote_is_escaped(template: str, tmp_path: Path) -> None:
    message = rendered(OPEN, "firing", template, tmp_path)
    assert "سرور &lt;بریمو&gt; قطع شد &amp; باز نمیشه" in message
    assert "<بریمو>" not in message


@pytest.mark.parametrize("template", ["listener.email.html", "listener.telegram", "listener.slack", "listener.text"])
def test_answers_are_offered_while_it_lasts(template: str, tmp_path: Path) -> None:
    for answer in ("acknowledge", "false_alarm", "ours", "silence"):
        assert f"a={answer}" in rendered(OPEN, "firing", template, tmp_path).replace("&amp;", "&")
    over = rendered(OVER, "resolved", template, tmp_path)
    assert "a=acknowledge" not in over
    assert "پایان" in over


def test_an_email_is_right_to_left_and_a_telegram_message_fits(tmp_path: Path) -> None:
    assert '<html lang="fa" dir="rtl">' in rendered(OPEN, "firing", "listener.email.html", tmp_path)
    long = replace(OPEN, annotations=OPEN.annotations | {"description_fa": "درازای بسیار " * 1000})
    # Telegram counts what is left when tags and entities are taken away: 4096 at most.
    assert len(rendered(long, "firing", "listener.telegram", tmp_path)) < 4096


def test_an_alert_without_links_or_words_still_renders(tmp_path: Path) -> None:
    bare = replace(OPEN, annotations={"summary": "from Prometheus", "description": "d"}, page="")
    for template in ("listener.email.html", "listener.telegram", "listener.slack", "listener.text", "listener.subject"):
        assert "from Prometheus" in rendered(bare, "firing", template, tmp_path)
