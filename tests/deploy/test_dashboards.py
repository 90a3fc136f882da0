"""The dashboards: every query parses and asks for what is exported, nothing overlaps, nothing exported is forgotten."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from listener.metrics import METRICS
from models.kpis import KPIS
from tests.deploy.queries import STORED, selectors, unknown
from tests.deploy.test_pipeline_rules import EVERY, RECORDED
from tests.deploy.tools import DEPLOY

pytestmark = pytest.mark.deploy
FILES = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in FILES}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['id']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]
#: Exported, but on no dashboard and in no rule: to be asked for by hand.
AD_HOC: set[str] = set()


def promql(expression: str) -> str:
    return expression.replace("$__rate_interval", "5m")


def expressions() -> list[str]:
    panels = [
        target["expr"] for board in BOARDS.values() for one in board["panels"] for target in one.get("targets", ())
    ]
    notes = [note["expr"] for board in BOARDS.values() for note in board["annotations"].get("list", ())]
    return [*panels, *notes]


def test_all_seven_are_there_and_in_the_manifests() -> None:
    assert {board["uid"] for board in BOARDS.values()} == set(BOARDS)
    assert len(BOARDS) == 7
    generated = yaml.safe_load((DEPLOY / "grafana" / "kustomization.yaml").read_text())["configMapGenerator"]
    assert sorted(file for one in generated for file in one["files"]) == [f"dashboards/{path.name}" for path in FILES]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_is_and_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters)
    for target in panel["targets"]:
        assert target["legendFormat"]
        assert unknown(promql(target["expr"]), RECORDED) == set()


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_fit(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    numbers = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", BOARDS)
def test_variables_are_declared_and_used(name: str) -> None:
    text = json.dumps({key: value for key, value in BOARDS[name].items() if key != "templating"})
    declared = {one["name"] for one in BOARDS[name]["templating"]["list"]}
    used = set(re.findall(r"\$(?!__)\{?(\w+)", text))
    assert used == declared


def test_the_campaign_variable_has_its_values_from_a_metric() -> None:
    queries = {
        one["query"] for board in BOARDS.values() for one in board["templating"]["list"] if one["name"] == "campaign"
    }
    assert queries == {"label_values(listener_campaign_closed_timestamp_seconds, campaign)"}
    assert "campaign" in METRICS["listener_campaign_closed_timestamp_seconds"].labels


def test_the_kpi_explorer_has_all_of_them() -> None:
    text = json.dumps(BOARDS["listener-kpis"])
    assert [name for name in KPIS if f"listener:kpi_{name}:" not in text] == []


def test_nothing_that_is_exported_is_forgotten() -> None:
    asked = [promql(one) for one in expressions()] + [rule["expr"] for rule in EVERY]
    used = {STORED[name] for one in asked for name, _ in selectors(one) if name in STORED}
    assert set(METRICS) - used == AD_HOC
