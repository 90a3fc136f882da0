"""The recording rules: committed as generated, parseable, and without what they must not have."""

import socket
from pathlib import Path

import promql_parser
import pytest

from listener.kpis.rules import expression, panel_query, record_name, rules, rules_file
from models.kpis import BESIDE, KPIS, Kpi

COMMITTED = Path(__file__).parents[4] / "deploy" / "prometheus" / "rules" / "kpis.yaml"
ALL = [*KPIS.values(), *BESIDE.values()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_committed_file_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == rules_file()


@pytest.mark.parametrize("kpi", ALL, ids=lambda kpi: kpi.id)
def test_every_kpi_has_a_rule_and_a_panel_that_parse(kpi: Kpi) -> None:
    promql_parser.parse(expression(kpi))
    promql_parser.parse(panel_query(kpi).replace("$window", "1h").replace("$campaign", "a|b"))
    assert record_name(kpi) in {rule["record"] for rule in rules()["groups"][0]["rules"]}
    assert "increase(" not in expression(kpi)
    assert "rate(" not in expression(kpi)


def test_all_24_are_there_in_both_languages_with_all_answers() -> None:
    assert len(KPIS) == 24
    for kpi in ALL:
        for said in (kpi.title, *kpi.questions, kpi.pitfall):
            assert said.fa
            assert said.en
            assert any("آ" <= letter <= "ی" for letter in said.fa)
