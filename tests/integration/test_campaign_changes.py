"""Campaigns that change while workers run, and a campaign that is counted from the records that are still there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from listener.kafka.embedded import EmbeddedKafka
from models.cells import LIFETIME, MENTIONS, METRIC_INDEX, parse_lifetime_key, unpack_cell
from models.mention import unpack_mention
from models.topics import Namespace
from tests.integration.workers import Cluster, cluster, post, posts, until

pytestmark = pytest.mark.broker

BOTH = "- {id: brand, keywords: [snapp, اسنپ]}\n- {id: rival, keywords: [tapsi]}\n"


@pytest.fixture
def two(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(broker.settings, namespace, tmp_path, partitions=2) as made:
        yield made.create()


def totals(one: Cluster, metric: int = MENTIONS) -> dict[str, int]:
    found: dict[str, int] = {}
    for tables in one.tables().values():
        for key, value in tables[LIFETIME].items():
            name = parse_lifetime_key(key).campaign
            found[name] = found.get(name, 0) + unpack_cell(value).counters[metric]
    return found


def campaigns(one: Cluster, text: str) -> None:
    (one.directory / "campaigns" / "brand.yaml").write_text(text)


def test_changed_files_hold_from_then_on_and_a_backfill_counts_what_was_before(two: Cluster) -> None:
    worker = two.worker().ready()
    two.produce([*posts(0, 300), *posts(1000, 200, partition=1, text="tapsi"), *posts(2000, 10, text="snapp tapsi")])
    two.counted()
    assert totals(two) == {"brand": 310}

    campaigns(two, "{id: brand, keywords: []}\n")
    until(lambda: worker.metrics()["listener_campaigns_valid", ""] == 0, "the mistake to be told")
    two.produce(posts(3000, 5))
    two.counted()
    assert totals(two) == {"brand": 315}, "the old campaigns hold"

    campaigns(two, BOTH)
    until(lambda: worker.metrics()["listener_campaigns_changes_total", ""] == 1, "the new campaigns")
    assert worker.metrics()["listener_campaigns_valid", ""] == 1
    two.produce([*posts(4000, 20, text="tapsi"), *posts(5000, 30, partition=1, text="tapsi")])
    two.counted()
    assert totals(two) == {"brand": 315, "rival": 50}, "nothing is retroactive by itself"

    refused = two.command("backfill", "--campaign", "rival", "--wait", "0")
    assert refused.returncode == 2
    assert "stop them" in refused.stderr
    assert worker.terminate() == 0
    for _ in range(2):
        done = two.command("backfill", "--campaign", "rival", "--wait", "20")
        assert done.returncode == 0, done.stderr
        assert totals(two) == {"brand": 315, "rival": 260}, "the same whenever it is run"

    two.worker().ready()
    first = post(1001, partition=1, text="tapsi", counts={"likes": 2}, op="update")
    liked = post(1001, partition=1, op="engagement", text=None, counts={"likes": 7})
    two.produce([first, liked, *posts(6000, 5, text="tapsi")])
    two.counted()
    assert totals(two) == {"brand": 315, "rival": 265}
    assert totals(two, METRIC_INDEX["likes"])["rival"] == 7, "what was backfilled is followed"
    said = [unpack_mention(value) for _, _, value in two.read(two.namespace.mentions) if value]
    assert len({one.entity for one in said if one.campaign == "rival"}) == 265


def test_another_zone_is_refused(two: Cluster) -> None:
    two.worker().ready().terminate()
    campaigns(two, "{id: brand, keywords: [snapp], timezone: UTC}\n")
    refused = two.command("backfill", "--campaign", "brand", "--wait", "20")
    assert refused.returncode == 2
    assert "clock of Asia/Tehran" in refused.stderr
