"""The rules that watch the pipeline: metrics that exist, a runbook for each alert, and a test both ways."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.queries import selectors, unknown
from tests.deploy.tools import DEPLOY, REPOSITORY, ROOT, run

pytestmark = pytest.mark.deploy
RULES = DEPLOY / "prometheus" / "rules"
FILES = sorted(path for path in RULES.glob("*.yaml") if not path.name.endswith(".test.yaml"))
RUNBOOKS = DEPLOY / "runbooks"


def rules(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


EVERY = [rule for path in FILES for rule in rules(path)]
RECORDED = frozenset(rule["record"] for rule in EVERY if "record" in rule)
ALERTS = {rule["alert"]: rule for rule in EVERY if "alert" in rule}
#: Alerts with a runbook of their own.
PIPELINE = sorted(
    {rule["alert"] for name in ("pipeline", "kpis") for rule in rules(RULES / f"{name}.yaml") if "alert" in rule}
)


def test_promtool_agrees() -> None:
    run("promtool", "check", "rules", *FILES, package="prometheus")
    run("promtool", "test", "rules", RULES / "pipeline.test.yaml", package="prometheus")


def test_rules_ask_for_what_is_exported() -> None:
    assert {
        rule.get("alert") or rule["record"]: bad for rule in EVERY if (bad := unknown(rule["expr"], RECORDED))
    } == {}


def test_an_unknown_metric_or_label_would_be_noticed() -> None:
    assert unknown("rate(listener_recods_total[5m])", RECORDED) == {"listener_recods_total"}
    assert unknown('up + max(listener_records_total{outcom="late"})', RECORDED) == {"listener_records_total{outcom}"}
    assert selectors("quantile(0.5, max_over_time(listener:pipeline_fresh:bool[5m:1m]))") == [
        ("listener:pipeline_fresh:bool", frozenset())
    ]


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_says_what_how_bad_and_where_to_read_on(name: str) -> None:
    rule = ALERTS[name]
    assert re.fullmatch("Listener([A-Z][a-z]+)+", name)
    assert {"summary", "description", "runbook_url"} <= set(rule["annotations"])
    # What the fallback repeats has the severity of the incident.
    assert name == "ListenerAlertFallback" or rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    url = rule["annotations"]["runbook_url"]
    assert url.startswith(REPOSITORY)
    assert (ROOT / url.removeprefix(REPOSITORY).partition("#")[0]).is_file()


@pytest.mark.parametrize("name", PIPELINE)
def test_a_runbook_says_what_it_means_and_what_to_do(name: str) -> None:
    assert ALERTS[name]["annotations"]["runbook_url"] == f"{REPOSITORY}deploy/runbooks/{name}.md"
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert re.findall("^#+ .*", text, re.MULTILINE) == [f"# {name}", "## What it means", "## Look at", "## Do"]
    assert f"[{name}]({name}.md)" in (RUNBOOKS / "README.md").read_text()


def test_no_runbook_without_an_alert_and_no_dead_link() -> None:
    pages = sorted(RUNBOOKS.glob("*.md"))
    assert {page.stem for page in pages} == {*PIPELINE, "README"}
    targets = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)", page.read_text())]
    assert [(page.name, link) for page, link in targets if not (page.parent / link).exists()] == []


def test_every_alert_is_tested_both_ways() -> None:
    files = [RULES / f"{name}.test.yaml" for name in ("pipeline", "kpis")]
    tests = [test for file in files for test in yaml.safe_load(file.read_text())["tests"]]
    cases = [case for test in tests for case in test.get("alert_rule_test", ())]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(PIPELINE)
    # The watchdog has no such case: it is there to fire always.
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(PIPELINE) - {"ListenerWatchdog"}
