"""The check of the lock files: nothing is wrong here, and what would be wrong is told."""

import pytest

from deploy.lockfile import asked, differing, installed, pins, problems, unmet

pytestmark = pytest.mark.deploy
HASH = "--hash=sha256:" + "a" * 64


def test_nothing_is_wrong_with_ours() -> None:
    assert list(problems()) == []


def test_a_pin_with_hashes_is_read_over_its_lines() -> None:
    text = (
        f"# made by uv\nMy_Package[extra]==1.2 \\\n    {HASH} \\\n    {HASH}\nother==3 ; python_version < '4' {HASH}\n"
    )
    assert pins(text) == ({"my-package": "1.2", "other": "3"}, [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (f"a>=1 {HASH}", "no pin"),
        (f"a {HASH}", "no pin"),
        (f"a @ https://example.org/a.whl {HASH}", "no pin"),
        (f"git+https://example.org/a.git {HASH}", "no pin"),
        ("-e .", "no pin"),
        ("--index-url https://example.org/simple", "no pin"),
        ("--extra-index-url https://example.org/simple", "no pin"),
        ("a==1", "has no hash"),
        ("a==1 --hash=md5:00", "no sha256"),
        (f"a==1 {HASH} --hash=sha256:short", "no sha256"),
        (f"a==1 {HASH}\nA==1 {HASH}", "pinned twice"),
    ],
)
def test_what_is_no_pin_is_told(entry: str, problem: str) -> None:
    _, (wrong,) = pins(entry)
    assert problem in wrong


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("a>=2", "the lock has 1.5"),
        ("a==1.4", "the lock has 1.5"),
        ("b", "not in the lock"),
        ("a @ https://example.org/a.whl", "not from the index"),
        ("a >> 1", "a >> 1"),
    ],
)
def test_what_is_asked_for_and_not_locked_is_told(requirement: str, problem: str) -> None:
    assert problem in " ".join(unmet([requirement], {"a": "1.5"}))


def test_what_is_met_or_for_another_system_is_no_problem() -> None:
    assert list(unmet(["A>=1,<2", "b; platform_system == 'Nowhere'"], {"a": "1.5"})) == []


def test_requirements_of_the_project_and_its_groups() -> None:
    project = {
        "project": {"dependencies": ["a"]},
        "dependency-groups": {"dev": ["b", {"include-group": "x"}], "x": ["c"]},
    }
    assert asked(project, ["dev", "x"]) == ["a", "b", "c"]


def test_a_part_that_differs_and_an_environment_that_does() -> None:
    assert len(list(differing({"a": "1", "b": "2"}, {"a": "1", "b": "3"}))) == 1
    assert list(installed({"pytest": "0.1", "no-such-package": "1"})) != []
    assert list(installed({"no-such-package": "1"})) == []
