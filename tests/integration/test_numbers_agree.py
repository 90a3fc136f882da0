"""A day of posts and press, one number everywhere: recount, API, page and metrics, a worker killed on the way."""

import asyncio
import re
import time
from pathlib import Path

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.inputs.reading import partition, read_records
from listener.kafka.embedded import EmbeddedKafka
from listener.recount.counting import Recount, recount
from listener.sample import campaigns_directory
from listener.sample.stream import write
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC
from models.topics import Namespace
from processors.match import Matcher

pytestmark = pytest.mark.broker

#: Metric of the API → its name on the metrics page.
SHOWN = ("mentions", "likes", "shares", "comments", "press_mentions")
_CARD = re.compile(r'<a href="/campaigns/([a-z-]+)">.*?<b>([\d,]+)</b> (?:<span>mentions )?in all', re.DOTALL)


@pytest.fixture
def day(tmp_path: Path) -> Replay:
    file = tmp_path / "day.ndjson"
    write(file)
    return Replay((file,), FieldMap(), campaigns_directory(), workers=2)


def expected(day: Replay) -> Recount:
    campaigns = load_campaigns(day.campaigns)
    now_ms = round(time.time() * 1000)
    rows = (
        (partition(one.key, day.partitions), one.value, now_ms, one.topic)
        for one in read_records(day.inputs, day.field_map)
        if one.topic in (POSTS_TOPIC, ARTICLES_TOPIC)
    )
    return recount(rows, campaigns, Matcher(campaigns))


async def text(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        assert answer.status == 200, f"{url}: {answer.status}"
        return await answer.text()


def test_recount_api_page_and_metrics_agree(
    broker: EmbeddedKafka, namespace: Namespace, day: Replay, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_once(run: DemoRun, read: int) -> None:
        if not killed and read > 1000:
            killed.append(read)
            run.kill_worker(0)

    run = DemoRun(day, broker.settings, namespace, tmp_path, print, kill_once)

    async def scenario() -> tuple[dict[str, dict[str, int]], str, str]:
        campaigns = [campaign.id for campaign in load_campaigns(day.campaigns).campaigns]
        async with run, aiohttp.ClientSession() as http:
            report = await run.count(campaigns)
            assert report.campaigns, "there was something to count"
            found = msgspec.json.decode(await text(http, f"{run.board_url}/api/campaigns"))
            totals = {one["id"]: one["totals"] for one in found["campaigns"]}
            page, metrics = await asyncio.gather(
                text(http, f"{run.board_url}/?lang=en"), text(http, f"{run.board_url}/metrics")
            )
            return totals, page, metrics

    totals, page, metrics = asyncio.run(scenario())
    assert killed, "a worker was killed on the way"
    oracle = expected(day).totals
    assert sum(counts["press_mentions"] for counts in oracle.values()) > 50, "the press is in"
    wanted = {name: {metric: counts[metric] for metric in SHOWN} for name, counts in oracle.items()}
    assert {name: {metric: totals[name][metric] for metric in SHOWN} for name in wanted} == wanted
    assert exported(metrics) == {
        (name, metric): count for name, counts in wanted.items() for metric, count in counts.items() if count
    }
    on_page = {name: int(count.replace(",", "")) for name, count in _CARD.findall(page)}
    assert on_page == {name: counts["mentions"] for name, counts in wanted.items()}


def exported(page: str) -> dict[tuple[str, str], int]:
    """Lifetime totals by (campaign, metric) over all platforms, zeros left out."""
    found: dict[tuple[str, str], int] = {}
    for family in text_string_to_metric_families(page):
        metric = family.name.removeprefix("listener_campaign_")
        if family.name.startswith("listener_campaign_") and metric in SHOWN:
            for sample in family.samples:
                key = (sample.labels["campaign"], metric)
                found[key] = found.get(key, 0) + int(sample.value)
    return {key: count for key, count in found.items() if count}
