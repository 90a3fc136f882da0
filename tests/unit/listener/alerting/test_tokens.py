"""Links that permit one answer: signed, expiring, nobody else's."""

from pathlib import Path

import pytest

from listener.alerting.tokens import Grant, Signer, read_key
from listener.errors import UsageProblem

SIGNER = Signer(b"k" * 32)
GRANT = Grant("berimo", "berimo-1", 1000)


def test_what_was_signed_is_verified() -> None:
    assert SIGNER.verify(SIGNER.sign(GRANT), now=999) == GRANT


def test_it_expires() -> None:
    with pytest.raises(ValueError, match="expired"):
        SIGNER.verify(SIGNER.sign(GRANT), now=1000)


def test_another_key_or_another_incident_is_refused() -> None:
    token = SIGNER.sign(GRANT)
    with pytest.raises(ValueError, match="not ours"):
        Signer(b"x" * 32).verify(token, now=0)
    other = SIGNER.sign(Grant("berimo", "berimo-2", 1000))
    # The signature of one over the content of another: 43 characters hold 32 bytes.
    with pytest.raises(ValueError, match="not ours"):
        SIGNER.verify(token[:43] + other[43:], now=0)


@pytest.mark.parametrize("token", ["", "a", "é", "AAAA", "!" * 60])
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="link"):
        SIGNER.verify(token, now=0)


def test_the_key_is_in_no_text() -> None:
    assert "kkk" not in repr(SIGNER)


def test_keys_come_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_key(None) is None
    monkeypatch.setenv("LISTENER_ALERT_KEY", "e" * 32)
    assert read_key(None) == b"e" * 32
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n")
    assert read_key(file) == b"f" * 40


@pytest.mark.parametrize("content", ["", "short"])
def test_a_weak_key_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(UsageProblem, match="openssl rand"):
        read_key(file)
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_key(tmp_path / "missing")
