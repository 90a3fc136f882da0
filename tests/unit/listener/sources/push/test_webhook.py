"""``POST /ingest/{topic}``: who may, how much, and what is said of each line."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from click.testing import CliRunner

from listener.errors import Halt, UsageProblem
from listener.sources.command import source
from listener.sources.kit.output import Outgoing
from listener.sources.push.tokens import Tokens, hashed
from listener.sources.push.webhook import Webhook, WebhookConfig
from models.article import Article
from tests.unit.listener.sources.rig import MemorySink, context, output

POST = {
    "post_id": "forum:1",
    "platform": "forum",
    "op": "create",
    "created_at": "2026-11-23T10:00:00Z",
    "text": "سلام",
}
SPEND = {
    "platform": "google_ads",
    "account_id": "a",
    "campaign_id": "c",
    "date": "2026-11-23",
    "cost": "1200000",
    "currency": "IRR",
}


@dataclass
class Caller:
    """Calls the webhook."""

    session: aiohttp.ClientSession
    base: str
    sink: MemorySink

    async def post(self, body: bytes | str, topic: str = "social.posts.v1", token: str = "secret") -> tuple[int, Any]:  # noqa: S107
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.post(f"{self.base}/ingest/{topic}", data=body, headers=headers) as answer:
            return answer.status, msgspec.json.decode(await answer.read())


@asynccontextmanager
async def webhook(tmp_path: Path, sink: MemorySink, **more: Any) -> AsyncIterator[Caller]:
    (tmp_path / "tokens").write_text(f"# those who may\n{hashed('secret')} acme\n")
    config = msgspec.convert({"tokens": "tokens", "port": 0, **more}, type=WebhookConfig)
    server = config.connector(context(tmp_path))
    assert isinstance(server, Webhook)
    running = asyncio.create_task(server.run(output(sink)))
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(20):
            while server.port is None:
                await asyncio.sleep(0)
            yield Caller(session, f"http://127.0.0.1:{server.port}", sink)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def lines(*rows: object) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)


def test_every_line_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        async with webhook(tmp_path, sink) as caller:
            body = lines(POST, b"{no json", b"", [1], POST | {"text": None}, POST | {"post_id": "forum:2"})
            status, answer = await caller.post(body)
        assert status == 207
        assert (answer["accepted"], answer["rejected"]) == (2, 3)
        assert [(one["line"], one["accepted"]) for one in answer["results"]] == [
            (1, True),
            (2, False),
            (4, False),
            (5, False),
            (6, True),
        ]
        reasons = [one["reason"] for one in answer["results"] if not one["accepted"]]
        assert reasons[0].startswith("no JSON")
        assert reasons[1] == "a record is a JSON object"
        assert "`text` is required" in reasons[2]
        assert sink.keys == ["forum:1", "forum:2"]
        assert {one["source"] for one in sink.values} == {"acme"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (json.dumps(POST), 1),
        (json.dumps(POST, indent=2), 1),
        (json.dumps([POST, POST | {"post_id": "forum:2"}], indent=2), 2),
        ("\ufeff" + json.dumps(POST) + "\r\n", 1),
    ],
    ids=["object", "object on many lines", "array", "byte order mark"],
)
def test_json_and_ndjson(body: str, number: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        async with webhook(tmp_path, sink) as caller:
            status, answer = await caller.post(body)
        assert (status, answer["accepted"], len(sink.records)) == (200, number, number)

    asyncio.run(scenario())


def test_the_same_record_sent_twice_is_the_same_event(tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        async with webhook(tmp_path, sink) as caller:
            for body in (POST, POST, POST | {"text": "نو"}, POST | {"event_id": "mine"}):
                await caller.post(lines(body))
        ids = [one["event_id"] for one in sink.values]
        assert ids[0] == ids[1] != ids[2]
        assert ids[3] == "mine"

    asyncio.run(scenario())


def test_articles_get_their_identity_and_business_topics_their_key(tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        article = {"op": "create", "url": "https://www.paper.ir/1?utm_source=x&id=2", "title": "تیتر"}
        async with webhook(tmp_path, sink) as caller:
            status, answer = await caller.post(lines(article), "press.articles.v1")
            assert status == 200, answer
            status, answer = await caller.post(lines(SPEND, SPEND | {"cost": "much"}), "marketing.spend.v1")
            assert status == 207, answer
        found = msgspec.json.decode(sink.records[0].value, type=Article)
        assert found.canonical_url == "https://www.paper.ir/1?id=2"
        assert (found.publisher.domain, found.published_at_estimated) == ("paper.ir", True)
        assert sink.keys == [found.article_id, "google_ads|a|c|2026-11-23"]
        assert sink.records[1].topic == "marketing.spend.v1"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "topic", "token", "status"),
    [
        ("{}", "social.posts.v1", "", 401),
        ("{}", "social.posts.v1", "wrong", 401),
        ("{}", "listener.mentions.v1", "secret", 404),
        ("", "social.posts.v1", "secret", 400),
        ("[{", "social.posts.v1", "secret", 400),
        ("{}", "social.posts.v1", "secret", 422),
        ("x" * 3000, "social.posts.v1", "secret", 413),
        ("{}\n" * 11, "social.posts.v1", "secret", 413),
    ],
)
def test_what_is_refused(body: str, topic: str, token: str, status: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        sink = MemorySink()
        async with webhook(tmp_path, sink, max_bytes=2000, max_lines=10) as caller:
            found, answer = await caller.post(body, topic, token)
        assert found == status
        assert "error" in answer or answer["rejected"] == 1
        assert sink.records == []

    asyncio.run(scenario())


def test_nothing_is_promised_while_kafka_takes_nothing_and_the_process_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        def refuse(_records: Sequence[Outgoing]) -> None:
            raise Halt("Kafka is away")

        (tmp_path / "tokens").write_text(f"{hashed('secret')} acme\n")
        server = WebhookConfig(tokens="tokens", port=0).connector(context(tmp_path))
        assert isinstance(server, Webhook)
        running = asyncio.create_task(server.run(output(MemorySink(on_send=refuse))))
        async with aiohttp.ClientSession() as session, asyncio.timeout(20):
            while server.port is None:
                await asyncio.sleep(0)
            caller = Caller(session, f"http://127.0.0.1:{server.port}", MemorySink())
            status, answer = await caller.post(lines(POST))
        assert status == 503
        assert "send it again" in answer["error"]
        with pytest.raises(Halt, match="away"):
            await running

    asyncio.run(scenario())


def test_too_many_at_once_are_asked_to_come_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        inside, go = asyncio.Event(), asyncio.Event()

        class Slow(MemorySink):
            async def send(self, records: Sequence[Outgoing]) -> None:
                inside.set()
                await go.wait()
                await super().send(records)

        async with webhook(tmp_path, Slow(), max_requests=1) as caller:
            first = asyncio.create_task(caller.post(lines(POST)))
            await inside.wait()
            status, _ = await caller.post(lines(POST))
            go.set()
            assert status == 503
            assert (await first)[0] == 200

    asyncio.run(scenario())


def test_a_token_is_made_and_known_again() -> None:
    result = CliRunner().invoke(source, ["token", "acme"])
    token, line = result.stdout.strip(), result.stderr.strip()
    assert token not in line
    digest, _, name = line.partition(" ")
    assert Tokens({name: digest}).holder(f"bearer {token}") == "acme"
    assert Tokens({name: digest}).holder(f"Basic {token}") is None
    assert Tokens({name: digest}).holder(None) is None


@pytest.mark.parametrize(
    ("text", "what"), [("sha256:12 a\n", "tokens:1: not"), ("# none\n", "holds no token"), ("x", "tokens:1: not")]
)
def test_wrong_token_files_are_named(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(text)
    with pytest.raises(UsageProblem, match=what):
        Tokens.read(tmp_path / "tokens")
    with pytest.raises(UsageProblem, match="cannot be read"):
        Tokens.read(tmp_path / "nowhere")
