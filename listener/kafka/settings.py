"""How to reach a Kafka cluster: one frozen value, turned into what each client library wants."""

import asyncio.constants
import functools
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, overload

import click

from listener.errors import UsageProblem

#: How long a connection that we close waits for the broker's goodbye, in seconds. Kafka often closes without one, and
#: the usual 30 s made recoveries over TLS as slow. aiokafka and Faust do not let it be set per connection, so asyncio's
#: own loops get it as their default; the services' loop: listener/loop.py.
TLS_GOODBYE_S: Final = 1.0

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_MAX_PORT = 65_535

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class KafkaSettings:
    """Bootstrap servers (``host:port`` each) and security, checked when built.

    Raises UsageProblem for settings that no client could use. The password is in no repr, so it reaches no log.
    """

    bootstrap_servers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    def __post_init__(self) -> None:
        _check_servers(self.bootstrap_servers)
        _check_choice("--security-protocol", self.security_protocol, PROTOCOLS)
        self._check_sasl()
        self._check_ssl()

    @classmethod
    def parse(cls, servers: str, **security: Any) -> "KafkaSettings":
        """The settings for a comma-separated list of servers, as on the command line."""
        return cls(tuple(server.strip() for server in servers.split(",") if server.strip()), **security)

    @property
    def uses_sasl(self) -> bool:
        """Whether the client logs in."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_ssl(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol.endswith("SSL")

    def kafka_python(self) -> dict[str, Any]:
        """Keyword arguments for any client of kafka-python."""
        return {"bootstrap_servers": list(self.bootstrap_servers), **self._security()}

    def aiokafka(self) -> dict[str, Any]:
        """Keyword arguments for any client of aiokafka."""
        return {"bootstrap_servers": list(self.bootstrap_servers), **self._security()}

    def faust_broker(self) -> str:
        """The ``broker=`` argument of a Faust app."""
        return ";".join(f"kafka://{server}" for server in self.bootstrap_servers)

    def faust_credentials(self) -> Any:
        """The ``broker_credentials=`` argument of a Faust app; None for a plaintext cluster."""
        from faust.auth import SASLCredentials, SSLCredentials  # noqa: PLC0415 - Faust takes a second to import

        if self.uses_sasl:
            return SASLCredentials(
                username=self.sasl_username,
                password=self.sasl_password,
                mechanism=self.sasl_mechanism,
                ssl_context=self.ssl_context(),
            )
        # cafile= alone raises TypeError in SSLCredentials: only a finished context works.
        return SSLCredentials(context=self.ssl_context()) if self.uses_ssl else None

    def ssl_context(self) -> ssl.SSLContext | None:
        """A context that verifies host names; None without TLS. Without a CA file the system's authorities are trusted.

        Raises UsageProblem when a file cannot be read as what it should be.
        """
        if not self.uses_ssl:
            return None
        asyncio.constants.SSL_SHUTDOWN_TIMEOUT = TLS_GOODBYE_S
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
            if self.ssl_certfile is not None:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(file) for file in self._ssl_files() if file is not None)
            raise UsageProblem(f"TLS for Kafka cannot be set up from {files}: {error}. Give PEM files.") from error
        return context

    def environment(self) -> dict[str, str]:
        """The ``LISTENER_*`` variables that hand the same settings to a subprocess (the password among them)."""
        values = {
            "LISTENER_BOOTSTRAP_SERVERS": ",".join(self.bootstrap_servers),
            "LISTENER_SECURITY_PROTOCOL": self.security_protocol,
            "LISTENER_SASL_MECHANISM": self.sasl_mechanism,
            "LISTENER_SASL_USERNAME": self.sasl_username,
            "LISTENER_SASL_PASSWORD": self.sasl_password,
            "LISTENER_SSL_CAFILE": self.ssl_cafile,
            "LISTENER_SSL_CERTFILE": self.ssl_certfile,
            "LISTENER_SSL_KEYFILE": self.ssl_keyfile,
        }
        return {name: str(value) for name, value in values.items() if value is not None}

    def _security(self) -> dict[str, Any]:
        security: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.uses_ssl:
            security["ssl_context"] = self.ssl_context()
        if self.uses_sasl:
            security["sasl_mechanism"] = self.sasl_mechanism
            security["sasl_plain_username"] = self.sasl_username
            security["sasl_plain_password"] = self.sasl_password
        return security

    def _ssl_files(self) -> tuple[Path | None, ...]:
        return self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile

    def _check_sasl(self) -> None:
        given = {
            "--sasl-mechanism": self.sasl_mechanism,
            "--sasl-username": self.sasl_username,
            "a SASL password (--sasl-password-file or LISTENER_SASL_PASSWORD)": self.sasl_password,
        }
        if not self.uses_sasl:
            _refuse_unused(given, self.security_protocol, "SASL_SSL")
            return
        missing = [name for name, value in given.items() if not value]
        if missing:
            raise UsageProblem(f"{self.security_protocol} also needs {', '.join(missing)}.")
        _check_choice("--sasl-mechanism", self.sasl_mechanism, MECHANISMS)

    def _check_ssl(self) -> None:
        names = ("--ssl-cafile", "--ssl-certfile", "--ssl-keyfile")
        given = dict(zip(names, self._ssl_files(), strict=True))
        if not self.uses_ssl:
            _refuse_unused(given, self.security_protocol, "SSL")
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise UsageProblem("--ssl-keyfile is of no use without --ssl-certfile: give the client's certificate too.")
        for name, file in given.items():
            if file is not None and not Path(file).is_file():
                raise UsageProblem(f"{name}: there is no file {file}.")


def _check_servers(servers: tuple[str, ...]) -> None:
    if not servers:
        raise UsageProblem("--bootstrap-servers is empty: give host:port, several with commas between them.")
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or "/" in server or not port.isdecimal() or not 0 < int(port) <= _MAX_PORT:
            raise UsageProblem(f"--bootstrap-servers: {server!r} is not host:port (for example kafka-1:9092).")


def _check_choice(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageProblem(f"{option}: {value!r} is none of {', '.join(choices)}.")


def _refuse_unused(given: dict[str, Any], protocol: str, other: str) -> None:
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        raise UsageProblem(f"{', '.join(unused)}: not used with {protocol}. Set --security-protocol, such as {other}.")


_OPTIONS = (
    click.option(
        "--bootstrap-servers",
        envvar="LISTENER_BOOTSTRAP_SERVERS",
        metavar="HOST:PORT[,…]",
        help="The Kafka cluster.",
        show_envvar=True,
    ),
    click.option(
        "--security-protocol",
        envvar="LISTENER_SECURITY_PROTOCOL",
        type=click.Choice(PROTOCOLS),
        default="PLAINTEXT",
        show_default=True,
        show_envvar=True,
        help="How the connection is secured.",
    ),
    click.option(
        "--sasl-mechanism",
        envvar="LISTENER_SASL_MECHANISM",
        type=click.Choice(MECHANISMS),
        help="How a client logs in, with SASL_PLAINTEXT and SASL_SSL.",
        show_envvar=True,
    ),
    click.option("--sasl-username", envvar="LISTENER_SASL_USERNAME", help="The user that logs in.", show_envvar=True),
    click.option(
        "--sasl-password-file",
        envvar="LISTENER_SASL_PASSWORD_FILE",
        type=click.Path(path_type=Path),
        help="File with the password (or set LISTENER_SASL_PASSWORD); never on the command line, where others see it.",
        show_envvar=True,
    ),
    *(
        click.option(
            f"--ssl-{what}",
            envvar=f"LISTENER_SSL_{what.upper()}",
            type=click.Path(path_type=Path),
            help=text,
            show_envvar=True,
        )
        for what, text in (
            ("cafile", "PEM file of the authorities to trust (default: the system's)."),
            ("certfile", "PEM file of the client's certificate."),
            ("keyfile", "PEM file of the client's key."),
        )
    ),
)


@overload
def kafka_options(command: Callable[P, R], /) -> Callable[..., R]: ...


@overload
def kafka_options(*, required: bool = True) -> Callable[[Callable[P, R]], Callable[..., R]]: ...


def kafka_options(command: Callable[P, R] | None = None, /, *, required: bool = True) -> Any:
    """Give a command the options that name a cluster, and one argument ``kafka: KafkaSettings`` for them all.

    With ``required=False`` the argument is None when no bootstrap server is given (the command then starts its own).
    """
    if command is None:
        return functools.partial(_with_options, required=required)
    return _with_options(command, required=required)


def _with_options(command: Callable[P, R], *, required: bool) -> Callable[..., R]:
    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        names = ("bootstrap_servers", "security_protocol", "sasl_mechanism", "sasl_username", "sasl_password_file")
        options = {name: kwargs.pop(name) for name in (*names, "ssl_cafile", "ssl_certfile", "ssl_keyfile")}
        kwargs["kafka"] = _from_options(options, required=required)
        return command(*args, **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _from_options(options: dict[str, Any], *, required: bool) -> KafkaSettings | None:
    servers = options.pop("bootstrap_servers")
    password_file = options.pop("sasl_password_file")
    if not servers and not required:
        return None
    if not servers:
        raise UsageProblem(
            "which Kafka? Give --bootstrap-servers or LISTENER_BOOTSTRAP_SERVERS; "
            "`listener kafka` starts a broker on this machine and prints its address."
        )
    return KafkaSettings.parse(servers, sasl_password=_password(password_file), **options)


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get("LISTENER_SASL_PASSWORD") or None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"--sasl-password-file: {file} cannot be read: {error}.") from error
