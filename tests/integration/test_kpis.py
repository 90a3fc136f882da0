"""KPIs through Kafka: a worker counts every topic, a board answers, and the numbers are those of ``listener kpis``."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka.partitioner import DefaultPartitioner
from click.testing import CliRunner
from kafka import KafkaProducer

from listener.authors import AUTHOR_KEY_VARIABLE
from listener.cli import cli
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.topics import create_topics, declared_topics
from models.streams import STREAM_BY_TOPIC
from models.topics import Namespace
from processors.inputs import KINDS
from tests.business import a_bit_of_everything, post
from tests.integration.workers import Cluster, until

pytestmark = pytest.mark.broker

PARTITIONS = 2
NOW = "2026-03-22T12:00:00Z"
CAMPAIGN = {
    "id": "c",
    "keywords": ["برندما"],
    "accounts": ["brand_ir"],
    "attribution": {
        "utm_campaigns": ["nowruz"],
        "landing_pages": ["https://shop.ir/nowruz"],
        "ad_campaigns": ["ad-1"],
        "sites": ["shop.ir"],
        "search_keywords": ["خرید کفش", "کفش ورزشی"],
        "person_first_touch": True,
    },
    "targets": {"leads.mql": {"target": 2, "start": "2026-03-21", "deadline": "2026-06-21", "owner": "sara"}},
}


@pytest.fixture
def cluster(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    create_topics(broker.settings, declared_topics(namespace, PARTITIONS))
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN, allow_unicode=True), encoding="utf-8")
    made = Cluster(broker.settings, namespace, tmp_path, PARTITIONS)
    yield made
    for worker in made.workers:
        if worker.running:
            worker.kill()


def produce(cluster: Cluster, records: list[tuple[str, bytes]]) -> None:
    """Send every record to its topic, keyed by its entity."""
    partitioner = DefaultPartitioner()
    producer = KafkaProducer(**cluster.kafka.kafka_python())
    for topic, value in records:
        stream = STREAM_BY_TOPIC[topic]
        key = str(KINDS[topic].skim(value).key).encode()
        numbers = range(stream.partitions or PARTITIONS)
        producer.send(
            cluster.namespace.input(stream), key=key, value=value, partition=partitioner(key, numbers, numbers)
        )
    producer.flush()
    producer.close()


def counted_by_files(directory: Path, records: list[tuple[str, bytes]], *options: str) -> Any:
    file = directory / "records.ndjson"
    lines = (json.dumps({"topic": topic, "record": json.loads(value)}) for topic, value in records)
    file.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--campaigns", str(directory / "campaigns"), "--input", str(file), "--now", NOW, "--json", *options]
    return json.loads(CliRunner().invoke(cli, ["kpis", *arguments], catch_exceptions=False).stdout)["c"]


@contextmanager
def board(cluster: Cluster, directory: Path) -> Iterator[str]:
    """A board that reads what the cluster's workers count; its address."""
    log = directory / "board.log"
    command = [sys.executable, "-m", "listener", "board", "--http-port", "0"]
    with log.open("wb") as out, subprocess.Popen(command, env=cluster.environment, stderr=out) as process:
        try:
            until(lambda: "http://127.0.0.1:" in log.read_text(), "the board to serve")
            yield "http://127.0.0.1:" + log.read_text().partition("http://127.0.0.1:")[2].split("/")[0]
        finally:
            process.terminate()


def test_live_numbers_are_those_of_the_files(cluster: Cluster, tmp_path: Path) -> None:
    records = a_bit_of_everything()
    expected = counted_by_files(tmp_path, records)
    produce(cluster, records)
    cluster.worker("--retention", "off", "--understanding", "on").ready()
    with board(cluster, tmp_path) as url:
        until(lambda: counted(url) == len(records), "all records to be counted")
        until(lambda: answer(url)["kpis"]["press_mentions"] == expected["press_mentions"], "the mention store")
        found = answer(url)
        assert found["kpis"] == expected
        assert [target["actual"] for target in found["targets"]] == [1]
        until(lambda: answer(url)["target_history"], "the history of targets, from the leading board")
        told = [(one["kpi"], one["target"]["target"]) for one in answer(url)["target_history"]]
        assert told == [("leads.mql", 2)]
        # 1500 of the two days for two conversions; the 50 of a third day are in the campaign to date only.
        assert reported(url) == {"cost_per_conversion": 750, "leads": 2}
        gauge = 'listener_kpi_numerator{campaign="c",currency="IRR",kpi="cost_per_conversion"'
        until(lambda: gauge in read(f"{url}/metrics"), "the next evaluation for the metrics")


#: What is felt, what is not, what no model can tell from the brand's name alone, and what is of another brand.
SAID = (
    "از برندما خیلی راضی هستم، عالی و فوق‌العاده بود",
    "برندما افتضاح است، بدترین خرید عمرم بود و پولم را پس نمی‌دهند",
    "برندما ساعت ده باز می‌کند",
    "برندما",
    "کیفیت برندما بد شده و پشتیبانی جواب نمی‌دهد",
    "رقیب عالی است",
)


def test_the_live_sentiment_is_that_of_the_files(cluster: Cluster, tmp_path: Path) -> None:
    records = [
        post(str(number), text, author={"id": f"a{number % 2}", "followers": 100 + number})
        for number, text in enumerate(SAID)
    ]
    expected = counted_by_files(tmp_path, records, "--all", "--understanding", "on")
    assert expected["mentions"]["value"] == 5
    assert expected["net_sentiment"]["denominator"] == 5
    # The models disagree about these texts: else any number would be right.
    assert 0 < abs(expected["net_sentiment"]["numerator"]) < 5
    produce(cluster, records)
    key = {AUTHOR_KEY_VARIABLE: "the key of this test, long enough"}
    cluster.worker("--retention", "off", "--understanding", "on", **key).ready()
    with board(cluster, tmp_path) as url:
        until(lambda: counted(url) == len(records), "all records to be counted")
        # All mentions are in the store when the most followers of both authors are.
        reach = expected["potential_reach"]
        until(lambda: answer(url, "&all=1")["kpis"]["potential_reach"] == reach, "the mention store")
        found = answer(url, "&all=1")["kpis"]
    # Two authors, of each the most followers that were told.
    assert (found["unique_authors"]["value"], found["potential_reach"]["value"]) == (2, 207)
    assert found == expected


def reported(url: str) -> dict[str, Any]:
    """Numbers of a report on the two days, read from the board; the history of targets is in it."""
    arguments = ["report", "--campaign", "c", "--board", url, "--from", "1405-01-01", "--to", "1405-01-02"]
    body = json.loads(CliRunner().invoke(cli, [*arguments, "--format", "json"], catch_exceptions=False).stdout)
    assert [one["kpi"] for one in body["target_history"]] == ["leads.mql"]
    assert body["incidents"] == []
    assert "مسئول: sara" in CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout
    lines = {(line["kpi"], line["part"]): line for line in body["kpis"]}
    return {"cost_per_conversion": lines["cost_per_conversion", ""]["value"], "leads": lines["leads", "mql"]["target"]}


def answer(url: str, more: str = "") -> Any:
    return json.loads(read(f"{url}/api/campaigns/c/kpis?now={NOW}{more}"))


def counted(url: str) -> int:
    """Records counted so far; 0 while the board is not ready."""
    try:
        return sum(one["read"] for one in json.loads(read(f"{url}/api/progress"))["partitions"])
    except urllib.error.HTTPError:
        return 0


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - our own address
        text: str = response.read().decode()
        return text
