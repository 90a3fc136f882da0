"""What the command refuses before it asks any broker."""

import pytest
from click.testing import CliRunner

from listener.dlq.command import dlq
from listener.errors import UsageProblem

BROKER = ("--bootstrap-servers", "127.0.0.1:1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--policy", "by-reason"), "needs --reason"),
        (("--policy", "all", "--reason", "json"), "use --policy by-reason"),
        (("--policy", "all", "--yes"), "does not answer"),
    ],
)
def test_a_policy_and_its_reasons_must_fit(options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(dlq, ["replay", *options, *BROKER])
    assert isinstance(done.exception, UsageProblem)
    assert said in str(done.exception)


def test_a_policy_must_be_named() -> None:
    done = CliRunner().invoke(dlq, ["replay", *BROKER])
    assert done.exit_code == 2
    assert "--policy" in done.output
