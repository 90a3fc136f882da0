"""``listener kpis``: the contract of its output."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from listener.cli import cli
from listener.errors import UsageProblem
from models.kpis import KPIS
from tests.business import a_bit_of_everything, post

CAMPAIGN = {"id": "c", "attribution": {"sites": ["shop.ir"], "utm_campaigns": ["nowruz"], "ad_campaigns": ["ad-1"]}}


def run(directory: Path, *options: str, campaign: Any = None, lines: list[str] | None = None) -> Any:
    (directory / "c.yaml").write_text(yaml.safe_dump(campaign or CAMPAIGN, allow_unicode=True), encoding="utf-8")
    records = [
        json.dumps({"topic": topic, "record": json.loads(value)}, ensure_ascii=False)
        for topic, value in a_bit_of_everything()
    ]
    file = directory / "in.ndjson"
    file.write_text("\n".join(records if lines is None else lines), encoding="utf-8")
    arguments = ["kpis", "--campaigns", str(directory), "--input", str(file), *options]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_one_object_with_every_kpi_and_what_the_contract_names(tmp_path: Path) -> None:
    body = json.loads(run(tmp_path, "--json").stdout)
    assert list(body) == ["c"]
    assert list(body["c"]) == list(KPIS)
    for one in body["c"].values():
        assert set(one) >= {"value", "unit", "numerator", "denominator", "period"}
        assert one["period"] == "campaign"
    assert body["c"]["demos"]["value"] == {"booked": 0, "held": 0}
    assert body["c"]["cost_per_conversion"] | {"from": None, "to": None} == {
        "value": 750,
        "unit": "IRR",
        "numerator": 1550 - 50,
        "denominator": 2,
        "period": "campaign",
        "from": None,
        "to": None,
        "label": "all",
    } | {"value": 775, "numerator": 1550}


def test_a_campaign_of_business_events_alone_matches_no_post(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "--json").stdout)["c"]["likes"]["value"] == 0


def test_malformed_records_are_named_and_the_rest_counts(tmp_path: Path) -> None:
    wrong = json.dumps({"topic": "marketing.spend.v1", "record": {"event_id": "x"}})
    done = run(tmp_path, "--json", lines=[wrong, "no json"])
    assert "in.ndjson:1: marketing.spend.v1: Object missing required field" in done.stderr
    assert "invalid 2" in done.stderr
    assert json.loads(done.stdout)["c"]["organic_traffic"]["value"] == 0


def test_people_get_a_table(tmp_path: Path) -> None:
    assert "customer_acquisition_cost.loaded" in run(tmp_path).stdout


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no input topic 'x'"):
        run(tmp_path, lines=[json.dumps({"topic": "x", "record": {}})])
    with pytest.raises(UsageProblem, match="give the campaigns and the records"):
        CliRunner().invoke(cli, ["kpis"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({"likes": {"deadline": "2026-06-01", "owner": "x"}}, "the M of SMART (measurable) is missing: give `target`"),
        ({"likes": {"target": 5, "owner": "x"}}, "the T of SMART (time-bound) is missing: give `deadline`"),
        ({"likes": {"target": 5, "deadline": "2026-06-01"}}, "the R of SMART (relevant) is missing: give `owner`"),
        ({"smiles": {"target": 5, "deadline": "2026-06-01", "owner": "x"}}, "there is no KPI 'smiles'"),
        ({"leads": {"target": 5, "deadline": "2026-06-01", "owner": "x"}}, "leads has parts, name mql or sql"),
        ([{"target": 5, "deadline": "2026-06-01", "owner": "x"}], "the S of SMART (specific) is missing"),
        ({"likes": {"target": "many", "deadline": "2026-06-01", "owner": "x"}}, "target: must be a number"),
    ],
)
def test_a_target_that_is_not_smart_is_refused_with_its_letter(tmp_path: Path, targets: Any, said: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        run(tmp_path, campaign=CAMPAIGN | {"targets": targets})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"attribution": {"site": ["a"]}}, "site: unknown field; did you mean sites?"),
        ({"attribution": {"person_first_touch": "maybe"}}, "must be true or false"),
        ({"kpis": {"conversion_base": "people"}}, "must be one of impressions, clicks, sessions, users, views"),
        ({"kpis": {"deflator": {"2026-01": 5}}}, "must be a Jalali month and an index"),
        ({"conversions": ["Book Now"]}, "is no event name"),
    ],
)
def test_mistakes_in_business_fields_are_named(tmp_path: Path, fields: Any, said: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        run(tmp_path, campaign={"id": "c", "keywords": ["x"]} | fields)
    assert said in str(refused.value)


def test_sentiment_is_judged_where_it_is_asked_for(tmp_path: Path) -> None:
    said = {"text": "برندما عالی و فوق‌العاده است، خیلی راضی هستم", "counts": {}}
    lines = [json.dumps({"topic": topic, "record": json.loads(value)}) for topic, value in [post("1", **said)]]
    brand = CAMPAIGN | {"keywords": ["برندما"]}
    without = json.loads(run(tmp_path, "--all", "--json", campaign=brand, lines=lines).stdout)["c"]
    assert without["net_sentiment"]["value"] is None
    options = ("--all", "--json", "--understanding", "on")
    judged = json.loads(run(tmp_path, *options, campaign=brand, lines=lines).stdout)["c"]
    assert (judged["net_sentiment"]["value"], judged["net_sentiment"]["denominator"]) == (1, 1)
