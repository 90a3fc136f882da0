"""What a start says of itself, where it can draw and where it cannot."""

import contextlib
from io import StringIO

import pytest
from rich.console import Console

from listener import steps as module
from listener.steps import Steps


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(*script: tuple[float, str], terminal: bool, fails: bool = False) -> str:
    """What is printed when each text is said at its time."""
    out, clock = StringIO(), Clock()
    steps = Steps(Console(file=out, force_terminal=terminal, width=200, color_system=None), clock)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyError))
        stack.enter_context(steps)
        for moment, text in script:
            clock.now = moment
            steps.say(text)
        _ = {} if not fails else {}["no such key"]
    return out.getvalue()


def test_elsewhere_than_on_a_terminal_each_step_is_a_line() -> None:
    assert run((0, "one"), (1, "two"), terminal=False).splitlines() == ["listener: one", "listener: two"]


def test_how_far_a_step_is_is_said_now_and_then() -> None:
    script = [(0.5 * number, f"fetching: {number} MB") for number in range(15)]
    lines = run(*script, terminal=False).splitlines()
    assert lines == ["listener: fetching: 0 MB", "listener: fetching: 10 MB"]


def test_on_a_terminal_a_step_ends_with_its_mark_and_seconds() -> None:
    out = run((0, "one: a"), (1, "one: b"), (3.26, "two"), terminal=True)
    assert "✓ one  3.3 s\n" in out
    assert "✓ two\n" in out
    assert out.count("✓ one") == 1


def test_a_step_that_is_cut_short_is_not_called_well_done() -> None:
    out = run((0, "one"), (1, "two"), terminal=True, fails=True)
    assert "✓ one" in out
    assert "✗ two" in out


def test_a_step_that_says_nothing_is_said_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STILL_S", 0.05)
    out = StringIO()
    with Steps(Console(file=out, width=200)) as steps:
        steps.say("starting")
        deadline = 200
        while "still" not in out.getvalue() and deadline:
            steps._over.wait(0.05)
            deadline -= 1
    assert "listener: starting: still at it after 0 s" in out.getvalue()


def test_what_is_said_after_the_end_is_passed_on() -> None:
    out, news = StringIO(), list[str]()
    steps = Steps(Console(file=out, width=200))
    steps.end()
    steps.say("a process died")
    steps.pass_on = news.append
    steps.say("another one")
    assert (out.getvalue(), news) == ("listener: a process died\n", ["another one"])
