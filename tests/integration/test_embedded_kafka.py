"""The embedded broker is a real one: it keeps records, starts again, and leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from cryptography.hazmat.primitives import serialization
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.layout import SecureListener
from listener.kafka.settings import KafkaSettings
from listener.kafka.topics import create_topics, declared_topics
from models.post import MAX_RECORD_BYTES
from models.topics import Namespace

pytestmark = pytest.mark.broker

TOPIC = "letters"
PATIENCE_S = 120.0


def create(settings: KafkaSettings, topic: str) -> None:
    with KafkaAdminClient(**settings.kafka_python()) as admin:
        request = {topic: {"num_partitions": 1, "replication_factor": 1}}
        admin.create_topics(request, wait_for_metadata=True)


def produce(settings: KafkaSettings, topic: str, *values: bytes) -> None:
    with contextlib.closing(
        KafkaProducer(**settings.kafka_python(), max_request_size=2 * MAX_RECORD_BYTES)
    ) as producer:
        for value in values:
            producer.send(topic, key=b"key", value=value, partition=0).get(PATIENCE_S)


def consume(settings: KafkaSettings, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(**settings.kafka_python(), auto_offset_reset="earliest", group_id=None)
    with contextlib.closing(consumer):
        consumer.assign([TopicPartition(topic, 0)])
        values: list[bytes] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(values) < count and time.monotonic() < deadline:
            values += [record.value for batch in consumer.poll(500).values() for record in batch]
    return values


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and only not reaped yet does not."""
    try:
        return state(pid) != "Z"
    except FileNotFoundError:
        return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def listens(settings: KafkaSettings) -> bool:
    host, _, port = settings.bootstrap_servers[0].rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_a_record_of_the_largest_size_comes_back(broker: EmbeddedKafka, namespace: Namespace) -> None:
    create_topics(broker.settings, declared_topics(namespace, 1))
    largest = os.urandom(MAX_RECORD_BYTES)
    produce(broker.settings, namespace.posts, b"small", largest)
    assert consume(broker.settings, namespace.posts, 2) == [b"small", largest]


def test_no_topic_is_made_by_accident(broker: EmbeddedKafka, namespace: Namespace) -> None:
    producer = KafkaProducer(**broker.settings.kafka_python(), max_block_ms=1_000)
    with contextlib.closing(producer), pytest.raises(KafkaTimeoutError):
        producer.send(namespace.posts, value=b"x").get(PATIENCE_S)
    with admin_client(broker.settings) as admin:
        assert namespace.posts not in admin.list_topics()


def test_kept_data_is_found_again_on_other_ports(tmp_path: Path) -> None:
    with EmbeddedKafka(data_dir=tmp_path / "kept") as first:
        create(first.settings, TOPIC)
        produce(first.settings, TOPIC, b"a", b"b")
        first_servers = first.settings.bootstrap_servers
        with pytest.raises(UsageProblem, match="in use by another broker"), EmbeddedKafka(data_dir=tmp_path / "kept"):
            pass
        assert consume(first.settings, TOPIC, 2) == [b"a", b"b"], "the refused one did no harm"
    assert not listens(first.settings)
    with EmbeddedKafka(data_dir=tmp_path / "kept") as second:
        assert second.settings.bootstrap_servers != first_servers
        assert consume(second.settings, TOPIC, 2) == [b"a", b"b"]


def test_crash_freeze_and_restart_keep_what_was_acknowledged() -> None:
    with EmbeddedKafka() as kafka:
        address = kafka.settings
        create(address, TOPIC)
        produce(address, TOPIC, b"before")
        kafka.kill()
        assert not listens(address)
        kafka.restart()
        assert kafka.settings == address, "clients find it where it was"
        produce(address, TOPIC, b"after the crash")
        kafka.pause()
        wait_until(lambda: state(kafka.pid) == "T")
        kafka.resume()
        produce(address, TOPIC, b"after the freeze")
        kafka.restart()
        assert consume(address, TOPIC, 3) == [b"before", b"after the crash", b"after the freeze"]
        directory, pid = kafka.log_file.parent, kafka.pid
        kafka.pause()
    assert not alive(pid), "a frozen broker is stopped too"
    assert not directory.exists()


def test_taken_port_is_named(broker: EmbeddedKafka) -> None:
    port = int(broker.settings.bootstrap_servers[0].rpartition(":")[2])
    with pytest.raises(UsageProblem, match=f"port {port} .*--port"), EmbeddedKafka(port=port):
        pass


def test_a_broker_that_dies_at_start_says_why(tmp_path: Path) -> None:
    broken = EmbeddedKafka(data_dir=tmp_path / "kafka", properties={"num.io.threads": "many"})
    with pytest.raises(UsageProblem, match=r"num\.io\.threads"), broken:
        pass


def test_a_cache_without_jars_and_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    offline = EmbeddedKafka(cache_dir=tmp_path)
    with pytest.raises(UsageProblem, match="--fetch-only"), offline:
        pass


OWNER = """
import sys
from listener.kafka.embedded import EmbeddedKafka
with EmbeddedKafka() as kafka:
    print(kafka.pid, kafka.log_file.parent, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent's death")
def test_killing_the_owner_leaves_no_broker() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, _, directory = owner.stdout.readline().strip().partition(" ")
        assert alive(int(pid))
        owner.kill()
        owner.wait()
    wait_until(lambda: not alive(int(pid)))
    assert Path(directory).is_dir(), "nobody was left to remove it"
    subprocess.run(["rm", "-r", directory], check=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_in_good_order(how: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "listener", "kafka"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        name, _, server = process.stdout.readline().strip().removeprefix("export ").partition("=")
        assert name == "LISTENER_BOOTSTRAP_SERVERS"
        assert listens(KafkaSettings((server,)))
        process.send_signal(how)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert not listens(KafkaSettings((server,)))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(secure=certified(tmp_path_factory.mktemp("tls"), "counter", "s3cret")) as kafka:
        yield kafka


def certified(directory: Path, user: str, password: str) -> SecureListener:
    """A listener with a certificate of an authority of its own; both are put into the directory."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    write_keystore(authority.issue_cert("127.0.0.1"), directory / "broker.pem")
    return SecureListener(directory / "broker.pem", directory / "ca.pem", user, password)


def write_keystore(certificate: trustme.LeafCert, file: Path) -> None:
    """One PEM file as Kafka wants it; its key parser knows PKCS 8 only."""
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(pkcs8 + b"".join(part.bytes() for part in certificate.cert_chain_pems))


def test_sasl_ssl_serves_every_client(secure_broker: EmbeddedKafka) -> None:
    settings = secure_broker.secure_settings
    assert settings.security_protocol == "SASL_SSL"
    create(settings, TOPIC)
    assert asyncio.run(send_and_read(settings)) == b"over TLS"


async def send_and_read(settings: KafkaSettings) -> bytes | None:
    async with AIOKafkaProducer(**settings.aiokafka()) as producer:
        await producer.send_and_wait(TOPIC, b"over TLS")
    async with AIOKafkaConsumer(TOPIC, **settings.aiokafka(), auto_offset_reset="earliest") as consumer:
        value: bytes | None = (await consumer.getone()).value
    return value


def test_wrong_password_is_a_usage_problem(secure_broker: EmbeddedKafka) -> None:
    wrong = replace(secure_broker.secure_settings, sasl_password="guessed")
    with pytest.raises(UsageProblem, match="SASL"), admin_client(wrong) as admin:
        admin.list_topics()


def test_an_unknown_authority_is_named_as_the_reason(secure_broker: EmbeddedKafka, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    distrustful = replace(secure_broker.secure_settings, ssl_cafile=tmp_path / "other.pem")
    with pytest.raises(UsageProblem, match="certificate verify failed"), admin_client(distrustful) as admin:
        admin.list_topics()
