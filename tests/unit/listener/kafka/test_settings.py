import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest
import trustme
import uvloop
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.kafka.settings import TLS_GOODBYE_S, KafkaSettings, kafka_options
from listener.loop import Loop


@pytest.fixture
def cafile(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


def secure(cafile: Path) -> KafkaSettings:
    return KafkaSettings(
        ("kafka-1:9093", "kafka-2:9093"),
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="counter",
        sasl_password="s3cret",
        ssl_cafile=cafile,
    )


def test_plaintext_needs_nothing_but_servers() -> None:
    settings = KafkaSettings.parse("kafka-1:9092, kafka-2:9092")
    plain = {"bootstrap_servers": ["kafka-1:9092", "kafka-2:9092"], "security_protocol": "PLAINTEXT"}
    assert settings.kafka_python() == plain
    assert settings.aiokafka() == plain
    assert settings.faust_broker() == "kafka://kafka-1:9092;kafka://kafka-2:9092"
    assert settings.faust_credentials() is None


def test_sasl_ssl_reaches_every_client(cafile: Path) -> None:
    settings = secure(cafile)
    for arguments in (settings.kafka_python(), settings.aiokafka()):
        context = arguments.pop("ssl_context")
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert len(context.get_ca_certs()) == 1
        assert arguments == {
            "bootstrap_servers": ["kafka-1:9093", "kafka-2:9093"],
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "counter",
            "sasl_plain_password": "s3cret",
        }
    credentials = settings.faust_credentials()
    assert credentials.protocol.value == "SASL_SSL"
    assert credentials.mechanism.value == "SCRAM-SHA-512"
    assert (credentials.username, credentials.password) == ("counter", "s3cret")
    assert isinstance(credentials.ssl_context, ssl.SSLContext)


def test_no_loop_waits_long_for_a_goodbye(cafile: Path) -> None:
    assert secure(cafile).ssl_context() is not None
    given: list[dict[str, object]] = []

    class Spied(uvloop.Loop):
        async def create_connection(self, *_: object, **options: object) -> None:
            given.append(options)

    class Ours(Loop, Spied):
        pass

    async def connect(loop: asyncio.AbstractEventLoop) -> None:
        await loop.create_connection(asyncio.Protocol, "kafka-1", 9093, ssl=ssl.create_default_context())
        await loop.create_connection(asyncio.Protocol, "kafka-1", 9092, ssl=None)

    loop = Ours()
    loop.run_until_complete(connect(loop))
    loop.close()
    assert [options.get("ssl_shutdown_timeout") for options in given] == [TLS_GOODBYE_S, None]
    assert asyncio.constants.SSL_SHUTDOWN_TIMEOUT == TLS_GOODBYE_S


def test_ssl_alone_gives_faust_a_context(cafile: Path) -> None:
    credentials = KafkaSettings(("k:9093",), security_protocol="SSL", ssl_cafile=cafile).faust_credentials()
    assert credentials.protocol.value == "SSL"
    assert len(credentials.context.get_ca_certs()) == 1


def test_password_is_not_in_the_repr(cafile: Path) -> None:
    assert "s3cret" not in repr(secure(cafile))


@pytest.mark.parametrize("servers", ["", ",", "kafka", "kafka:", ":9092", "kafka:0", "kafka:65536", "kafka://k:9092"])
def test_servers_that_are_not_host_and_port(servers: str) -> None:
    with pytest.raises(UsageProblem, match="--bootstrap-servers"):
        KafkaSettings.parse(servers)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"security_protocol": "TLS"}, "--security-protocol"),
        ({"security_protocol": "SASL_SSL"}, "--sasl-mechanism, --sasl-username, a SASL password"),
        (
            {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "GSSAPI",
                "sasl_username": "u",
                "sasl_password": "p",
            },
            "--sasl-mechanism: 'GSSAPI'",
        ),
        ({"sasl_username": "u"}, "--sasl-username: not used with PLAINTEXT"),
        ({"ssl_cafile": Path("/nowhere/ca.pem")}, "--ssl-cafile: not used with PLAINTEXT"),
        ({"security_protocol": "SSL", "ssl_cafile": Path("/nowhere/ca.pem")}, "there is no file /nowhere/ca.pem"),
        ({"security_protocol": "SSL", "ssl_keyfile": Path("/nowhere/key.pem")}, "--ssl-certfile"),
    ],
)
def test_settings_that_no_client_could_use(given: dict[str, object], named: str) -> None:
    with pytest.raises(UsageProblem, match=named):
        KafkaSettings.parse("k:9092", **given)


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    settings = KafkaSettings(("k:9093",), security_protocol="SSL", ssl_cafile=tmp_path / "ca.pem")
    with pytest.raises(UsageProblem, match=r"ca\.pem"):
        settings.ssl_context()


@click.command()
@kafka_options
def required(kafka: KafkaSettings) -> KafkaSettings:
    return kafka


@click.command()
@kafka_options(required=False)
def optional(kafka: KafkaSettings | None) -> KafkaSettings | None:
    return kafka


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOOTSTRAP_SERVERS", "SECURITY_PROTOCOL", "SASL_PASSWORD"):
        monkeypatch.delenv(f"LISTENER_{name}", raising=False)


def passed(command: click.Command, arguments: Sequence[str] = (), env: Mapping[str, str] | None = None) -> object:
    """What the command got as its settings."""
    return CliRunner().invoke(command, arguments, env=env, catch_exceptions=False, standalone_mode=False).return_value


def test_environment_hands_the_same_settings_to_a_subprocess(cafile: Path) -> None:
    settings = secure(cafile)
    assert passed(required, env=settings.environment()) == settings


def test_password_comes_from_a_file(cafile: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    env = secure(cafile).environment()
    del env["LISTENER_SASL_PASSWORD"]
    assert passed(required, ["--sasl-password-file", str(file)], env) == secure(cafile)


def test_password_file_that_is_not_there(cafile: Path) -> None:
    result = CliRunner().invoke(required, ["--bootstrap-servers", "k:1", "--sasl-password-file", "/nowhere/password"])
    assert isinstance(result.exception, UsageProblem)
    assert "/nowhere/password" in str(result.exception)


def test_the_password_is_no_option() -> None:
    assert not any("--sasl-password" in parameter.opts for parameter in required.params)


def test_without_servers() -> None:
    result = CliRunner().invoke(required)
    assert isinstance(result.exception, UsageProblem)
    assert "`listener kafka`" in str(result.exception)
    assert passed(optional) is None
    assert passed(optional, ["--bootstrap-servers", "k:1"]) == KafkaSettings(("k:1",))
