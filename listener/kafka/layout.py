"""The files of an embedded broker: its properties, its logging, its directory."""

import fcntl
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings

HOST = "127.0.0.1"
_ROOM_BYTES = 65_536


@dataclass(frozen=True)
class SecureListener:
    """A second listener of the broker, SASL_SSL with SCRAM-SHA-512: what a hardened cluster asks of its clients.

    ``keystore`` is one PEM file with the broker's PKCS 8 key and its certificates; ``cafile`` verifies them.
    """

    keystore: Path
    cafile: Path
    username: str
    password: str

    def settings(self, port: int) -> KafkaSettings:
        """How clients reach this listener."""
        return KafkaSettings(
            (f"{HOST}:{port}",),
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username=self.username,
            sasl_password=self.password,
            ssl_cafile=self.cafile,
        )


@dataclass(frozen=True)
class Ports:
    """The TCP ports of one broker on 127.0.0.1; ``secure`` is 0 without a secure listener."""

    plain: int
    controller: int
    secure: int = 0


@dataclass(frozen=True)
class Layout:
    """Where one broker keeps what, under one directory."""

    root: Path

    @property
    def data(self) -> Path:
        """Kafka's own log directory."""
        return self.root / "data"

    @property
    def properties(self) -> Path:
        """The broker's ``server.properties``."""
        return self.root / "server.properties"

    @property
    def logging(self) -> Path:
        """The log4j configuration."""
        return self.root / "log4j2.properties"

    @property
    def log(self) -> Path:
        """The broker's log."""
        return self.root / "server.log"

    @property
    def console(self) -> Path:
        """What the JVM itself printed."""
        return self.root / "console.log"

    @property
    def formatted(self) -> bool:
        """Whether the storage has been formatted: the directory holds a broker's data."""
        return (self.data / "meta.properties").is_file()

    def write(self, properties: Mapping[str, str]) -> None:
        """Write the configuration; raises UsageProblem when the directory cannot be written."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.properties.write_text(render(properties), encoding="utf-8")
            self.logging.write_text(_LOGGING.format(log=_escape(str(self.log))), encoding="utf-8")
        except OSError as error:
            raise self._unusable(error) from error

    def new_console(self) -> BinaryIO:
        """Empty logs for a new run: a message about its end must not quote an earlier one."""
        try:
            self.log.unlink(missing_ok=True)
            return self.console.open("wb")
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> UsageProblem:
        return UsageProblem(
            f"the data directory {self.root} cannot be used: {error.strerror}. Free some space, or give another with "
            "--data-dir."
        )

    def check_free(self) -> None:
        """Raise UsageProblem when a broker runs on this directory: it would hold Kafka's own lock."""
        lock = self.data / ".lock"
        if not lock.exists():
            return
        with lock.open("r+b") as stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageProblem(
                    f"the data directory {self.root} is in use by another broker. Stop that one, or give another "
                    "directory with --data-dir."
                ) from error

    def last_lines(self, count: int = 15) -> str:
        """The end of the broker's log and of what the JVM printed, for an error message: without stack frames."""
        lines: list[str] = []
        for file in (self.log, self.console):
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                lines += [line for line in text.splitlines() if not line.startswith("\tat ")][-count:]
        return "\n".join(lines)

    @property
    def full(self) -> bool:
        """Whether the disk has no room left for a broker to write even its log."""
        return self.root.is_dir() and shutil.disk_usage(self.root).free < _ROOM_BYTES


def broker_properties(
    layout: Layout, ports: Ports, secure: SecureListener | None, extra: Mapping[str, str]
) -> dict[str, str]:
    """The properties of a single-node KRaft broker, the caller's own last.

    The quorum is named by a static voter (not ``--standalone``), so a kept directory starts again on other ports.
    """
    listeners = {"PLAINTEXT": ports.plain} | ({"SASL_SSL": ports.secure} if secure else {})
    named = [f"{name}://{HOST}:{port}" for name, port in listeners.items()]
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{ports.controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*named, f"CONTROLLER://{HOST}:{ports.controller}"]),
        "advertised.listeners": ",".join(named),
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(layout.data),
        **_SINGLE_NODE,
        **(_secure_properties(secure) if secure else {}),
        **extra,
    }


_SINGLE_NODE = {
    # Every topic is declared in listener.kafka.topics; one made by accident would have the wrong partitions.
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "offsets.topic.num.partitions": "3",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "3",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "3",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # One machine: a group is complete when its members have come, and a dead one may be noticed within a second.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A killed broker may come back only when the controller (the same process) has given up its former self.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.retention.check.interval.ms": "60000",
    # The default of 128 MB is a quarter of the heap.
    "log.cleaner.dedupe.buffer.size": "33554432",
}


def _secure_properties(secure: SecureListener) -> dict[str, str]:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": module,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(secure.keystore),
        "ssl.client.auth": "none",
    }


def render(properties: Mapping[str, str]) -> str:
    """A Java properties file, in UTF-8."""
    return "".join(f"{name}={_escape(value)}\n" for name, value in properties.items())


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


_LOGGING = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}} %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""
