"""What ``make observe`` and ``make image-check`` make of answers; both are run by hand."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from deploy.grafana.build import BOARDS, window_choices
from deploy.grafana.panels import AGO
from listener.kpis.metrics import WINDOWS
from tests.deploy.image_check import Podman, faults
from tests.deploy.observe import REASONS
from tests.deploy.panels import Answer, Asked, amount, asked, legend, row, verdict
from tests.deploy.scene import configuration
from tests.deploy.tools import run

pytestmark = pytest.mark.deploy
QUERY = Asked("board", "Lag", "max(lag)", "{{topic}} {{ kind }}", "s")


def answer(*values: str, **labels: str) -> Answer:
    return Answer.of(QUERY, [{"metric": labels | {"n": str(n)}, "value": [0, one]} for n, one in enumerate(values)])


def test_no_variable_is_left_in_a_query() -> None:
    found = list(asked(BOARDS, {board.uid: "24h" for board in BOARDS}))
    assert [one for one in found if "$" in one.expr] == []
    assert len(found) == sum(len(panel.queries) for board in BOARDS for row in board.rows for panel in row.panels)


def test_a_window_that_can_be_chosen_is_exported() -> None:
    chosen = {board.uid: window_choices(board) for board in BOARDS}
    assert set(chosen["listener-kpis"]) == set(WINDOWS)
    assert chosen["listener-kpis"][0] == "campaign"
    assert chosen["listener-pipeline"] == ()


def test_a_value_that_is_no_number_is_none() -> None:
    assert answer("NaN").series == ()
    assert [value for _, value in answer("1", "NaN", "+Inf").series] == [1.0, float("inf")]


def test_a_row_has_the_largest_values_and_counts_the_rest() -> None:
    assert row(answer("1", "5", "2.25", "3", "4", "0.5", topic="posts")) == (
        "board",
        "Lag",
        "6",
        "posts = 5 s; posts = 4 s; posts = 3 s; posts = 2.25 s; and 2 more",
    )
    assert row(answer())[2:] == ("0", "NOTHING  max(lag)")


def test_values_are_told_in_their_unit() -> None:
    assert amount(0.8333, "percentunit") == "83.33 %"
    assert amount(3 * 2**20, "bytes") == "3.0 MiB"
    assert amount(1_795_659_600_000, AGO) == "2026-11-26 02:20:00+00:00"
    assert amount(1234.0, "short") == "1,234"
    assert amount(float("inf"), "s") == "inf s"
    assert legend("{{a}}: {{b}}", {"a": "x"}) == "x:"


def test_what_is_empty_needs_a_reason_and_a_reason_something_empty() -> None:
    other = Asked("board", "Queue", "max(queue)", "queue", "short")
    found = [answer(), Answer.of(other, [])]
    result = verdict(found, {("board", "Queue"): "nothing waits", ("board", "Gone"): "?"})
    assert result.empty == (QUERY,)
    assert result.excused == ((other, "nothing waits"),)
    assert result.needless == ("board, Gone",)
    assert verdict([answer("1")], {}).empty == ()


def test_reasons_are_few_and_of_panels_that_there_are() -> None:
    panels = {(board.uid, panel.title) for board in BOARDS for row in board.rows for panel in row.panels}
    assert REASONS.keys() <= panels
    assert len(REASONS) <= 3


def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    jobs = ("listener-worker", "listener-board", "listener-source", "listener-audit")
    config = configuration({job: ["127.0.0.1:1"] for job in jobs}, "127.0.0.1:9093")
    assert {job["job_name"] for job in config["scrape_configs"]} == set(jobs)
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    run("promtool", "check", "config", tmp_path / "prometheus.yml", package="prometheus")


RIGHTS = {
    "uid": 10001,
    "gid": 10001,
    "capabilities": 0,
    "no_new_privileges": "1",
    "seccomp": "2",
    "writes": {"": "Read-only file system", "/opt/listener": "x", "/tmp": "written", "/var": "x"},  # noqa: S108
    "pip": False,
}


def test_the_rights_that_the_image_promises_are_looked_for_one_by_one() -> None:
    assert faults(RIGHTS) == []
    assert faults(RIGHTS | {"uid": 0}) == ["runs as 0:10001"]
    assert faults(RIGHTS | {"capabilities": 1}) == ["has capabilities"]
    writes = {"": "x", "/opt/listener": "written", "/tmp": "x", "/var": "x"}  # noqa: S108
    assert faults(RIGHTS | {"writes": writes}) == ["cannot write to /tmp", "can write to its root"]


def test_a_container_is_restricted_and_gets_only_what_it_needs() -> None:
    command = Podman(("podman",), "image", "1g", "run-1").command("worker", mounts=[Path("/campaigns")])
    assert command[-2:] == ("image", "worker")
    assert {"--read-only", "--rm"} <= set(command)
    assert ("--cap-drop", "all") in pairwise(command)
    assert "/campaigns:/campaigns:ro" in command
    assert [one for one in command if "=" in one and one.startswith("LISTENER")] == [], "no value on the command line"
