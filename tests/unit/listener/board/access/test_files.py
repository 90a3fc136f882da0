import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.board.access.command import token
from listener.board.access.files import new_token, read_teams, read_tokens, token_of
from listener.errors import UsageProblem

DIGEST = hashlib.sha256(b"secret").hexdigest()


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "file"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_token_is_printed_once_and_its_line_finds_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(token, ["new", "robot", "--teams", "آنلاین, retail", "--scopes", "write,read"])
    assert result.exit_code == 0
    secret = result.stdout.strip()
    line = result.stderr.splitlines()[-1]
    assert secret not in line
    assert line == f"robot:{hashlib.sha256(secret.encode()).hexdigest()}:read,write:retail,آنلاین"
    (kept,) = read_tokens(written(tmp_path, line))
    assert token_of([kept], secret) == kept
    assert token_of([kept], secret + "x") is None
    assert token_of([], secret) is None


def test_tokens_are_long_and_different() -> None:
    secrets = {new_token("robot", ["read"], ["*"])[0] for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) > 50 and secret.startswith("listener_") for secret in secrets)


@pytest.mark.parametrize(
    ("name", "scopes", "teams"),
    [("a b", ["read"], ["x"]), ("a", ["all"], ["x"]), ("a", [], ["x"]), ("a", ["read"], []), ("a", ["read"], ["x\ny"])],
)
def test_what_the_file_cannot_hold_is_refused(name: str, scopes: list[str], teams: list[str]) -> None:
    with pytest.raises(UsageProblem):
        new_token(name, scopes, teams)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("robot:secret:read:*", "never the token"),
        (f"robot:{DIGEST}:read", "name:sha256"),
        (f"ro bot:{DIGEST}:read:*", "name"),
        (f"robot:{DIGEST}:admin:*", "scopes"),
        (f"robot:{DIGEST}:read:", "no teams"),
        (f"first:{DIGEST}:read:*\nfirst:{DIGEST}:read:*", "twice"),
    ],
)
def test_mistakes_in_the_file_are_named_with_their_line(tmp_path: Path, line: str, said: str) -> None:
    number = 3 + line.count("\n")
    with pytest.raises(UsageProblem, match=rf"file:{number}: .*{said}"):
        read_tokens(written(tmp_path, f"# tokens\n\n{line}\n"))


@pytest.mark.parametrize(
    ("text", "said"), [("[a]", "mapping"), ("a: {b: c}", "a: must"), ("a: [", "YAML"), ("1: [x]", "1")]
)
def test_mistakes_in_the_teams_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        read_teams(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="nowhere"):
        read_tokens(tmp_path / "nowhere")
