from pathlib import Path

import pytest

from listener.errors import UsageProblem
from listener.kafka.layout import Layout, Ports, SecureListener, broker_properties, render

PORTS = Ports(plain=1001, controller=1002, secure=1003)


def test_plain_broker(tmp_path: Path) -> None:
    properties = broker_properties(Layout(tmp_path), PORTS, None, {})
    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002"
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1001"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:1002"
    assert properties["auto.create.topics.enable"] == "false"
    assert not any(name.startswith("ssl.") for name in properties)


def test_secure_listener_beside_the_plain_one(tmp_path: Path) -> None:
    secure = SecureListener(tmp_path / "broker.pem", tmp_path / "ca.pem", "user", "password")
    properties = broker_properties(Layout(tmp_path), PORTS, secure, {})
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1001,SASL_SSL://127.0.0.1:1003"
    assert properties["ssl.keystore.location"] == str(tmp_path / "broker.pem")
    assert "password" not in render(properties)


def test_extra_properties_win(tmp_path: Path) -> None:
    extra = {"auto.create.topics.enable": "true", "log.cleaner.backoff.ms": "500"}
    properties = broker_properties(Layout(tmp_path), PORTS, None, extra)
    assert extra.items() <= properties.items()


def test_a_backslash_survives_java() -> None:
    assert render({"log.dirs": "C:\\kafka"}) == "log.dirs=C:\\\\kafka\n"


def test_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="--data-dir"):
        Layout(tmp_path / "file" / "kafka").write({})


def test_last_lines_quote_what_happened_not_where(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.log.write_text("first\nsecond\nERROR it broke\n\tat a.b.C.d(C.java:1)\n\tat a.b.C.e(C.java:2)\n")
    layout.console.write_bytes(b"the JVM said \xff\n")
    assert layout.last_lines(2) == "second\nERROR it broke\nthe JVM said �"
