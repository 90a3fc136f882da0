"""What the command line hands to a worker, and how a worker that cannot begin ends."""

import logging
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from listener.errors import Halt, UsageProblem
from listener.worker import command, service
from listener.worker.settings import WorkerSettings

SERVERS = {"LISTENER_BOOTSTRAP_SERVERS": "kafka-1:9092"}


class Started:
    """Stands for the service: keeps its settings, and fails if told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.settings: WorkerSettings | None = None
        self._error = error

    async def run(self, settings: WorkerSettings, stop_signals: Iterable[int]) -> None:
        self.settings = settings
        if self._error is not None:
            raise self._error


def start(monkeypatch: pytest.MonkeyPatch, started: Started, *options: str, **environment: str) -> Result:
    monkeypatch.setattr(service, "run", started.run)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    return CliRunner().invoke(command.worker, options, env={**SERVERS, **environment}, prog_name="listener worker")


def test_defaults_are_the_safe_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started()
    assert start(monkeypatch, started).exit_code == 0
    settings = started.settings
    assert settings is not None
    assert (settings.retention, settings.capped, settings.http_host) == (True, True, "127.0.0.1")
    assert (settings.session_timeout, settings.tail_check_after) == (10.0, 60.0)
    assert (settings.campaigns, settings.instance_id) == (None, None)
    assert (settings.mentions, settings.understanding) == (True, True)


def test_options_and_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = Started()
    options = ("--retention", "off", "--dlq-cap", "off", "--campaigns", str(tmp_path), "--app", "mine")
    assert start(monkeypatch, started, *options, LISTENER_INSTANCE_ID="pod-3").exit_code == 0
    settings = started.settings
    assert settings is not None
    assert (settings.retention, settings.capped) == (False, False)
    assert (settings.campaigns, settings.namespace.app, settings.instance_id) == (tmp_path, "mine", "pod-3")


def test_mentions_off_are_not_judged_either(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started()
    assert start(monkeypatch, started, "--mentions", "off").exit_code == 0
    assert started.settings is not None
    assert (started.settings.mentions, started.settings.understanding) == (False, False)


@pytest.mark.parametrize("asked", [{"LISTENER_UNDERSTANDING": "on"}, {}])
def test_who_asks_for_a_judgement_of_what_is_not_written_is_told(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    options = ("--mentions", "off", *(() if asked else ("--understanding", "on")))
    result = start(monkeypatch, Started(), *options, **asked)
    assert result.exit_code == 2
    assert "--understanding on needs --mentions on" in result.output


def test_what_the_user_mends_is_left_to_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    result = start(monkeypatch, Started(UsageProblem("no topic")))
    assert isinstance(result.exception, UsageProblem)


def test_a_halt_ends_the_process_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[BaseException] = []
    monkeypatch.setattr(command, "end_process", ended.append)
    halt = Halt("another version of Faust")
    assert start(monkeypatch, Started(halt)).exit_code == 0
    assert ended == [halt]
