import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Iterable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

import listener.http
from listener.errors import UsageProblem
from listener.http import Health, MetricsPage, health_app, serve


class Scrapes(Collector):
    """Counts how often it is collected, and remembers in which thread."""

    def __init__(self) -> None:
        self.times = 0
        self.thread = 0

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        self.times += 1
        self.thread = threading.get_ident()
        yield GaugeMetricFamily("scrapes", "So far.", self.times)


def application(*, live: bool = True, ready: bool = True) -> web.Application:
    app = health_app(lambda: Health(live), lambda: Health(ready, {"missing": ["x"]}), CollectorRegistry())

    async def fail(_request: web.Request) -> web.Response:
        raise RuntimeError("a secret")

    async def hang(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/livez")

    app.router.add_get("/fail", fail)
    app.router.add_get("/hang", hang)
    app.router.add_get("/elsewhere", elsewhere)
    return app


def ask(
    app: web.Application, path: str, method: str = "GET"
) -> tuple[int, object, aiohttp.client_reqrep.CIMultiDictProxy[str]]:
    async def scenario() -> tuple[int, object, aiohttp.client_reqrep.CIMultiDictProxy[str]]:
        async with TestClient(TestServer(app)) as client, client.request(method, path, allow_redirects=False) as answer:
            body = await answer.read()
            assert answer.content_type == "application/json" or answer.status < 400
            return (
                answer.status,
                json.loads(body) if answer.content_type == "application/json" else body,
                answer.headers,
            )

    return asyncio.run(scenario())


def test_probes_answer_with_their_status_and_what_is_missing() -> None:
    assert ask(application(), "/livez")[:2] == (200, {"ok": True})
    assert ask(application(live=False), "/livez")[:2] == (503, {"ok": False})
    assert ask(application(ready=False), "/readyz")[:2] == (503, {"ok": False, "missing": ["x"]})


def test_errors_are_json_and_give_nothing_away() -> None:
    assert ask(application(), "/nothing")[:2] == (404, {"error": "404: Not Found"})
    status, body, headers = ask(application(), "/livez", "DELETE")
    assert (status, body) == (405, {"error": "405: Method Not Allowed"})
    assert "GET" in headers["Allow"]
    status, body, _ = ask(application(), "/fail")
    assert status == 500
    assert "secret" not in str(body)


def test_a_redirect_is_no_error() -> None:
    status, _, headers = ask(application(), "/elsewhere")
    assert (status, headers["Location"]) == (302, "/livez")


def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener.http, "ANSWER_S", 0.01)
    assert ask(application(), "/hang")[0] == 503


def test_the_page_is_rendered_off_the_loop_and_kept_for_a_second() -> None:
    scrapes, registry = Scrapes(), CollectorRegistry()
    registry.register(scrapes)
    prepared: list[int] = []
    times = iter([0.0, 0.0, 0.5, 0.99, 1.0, 1.0])

    async def scenario() -> list[bytes]:
        page = MetricsPage(registry, lambda: prepared.append(threading.get_ident()), now=lambda: next(times))
        app = web.Application()
        app.router.add_get("/metrics", page.handle)
        async with TestClient(TestServer(app)) as client:
            return [await (await client.get("/metrics")).read() for _ in range(4)]

    pages = asyncio.run(scenario())
    assert pages[0] == pages[1] == pages[2] != pages[3]
    assert scrapes.times == 2
    assert prepared == [threading.get_ident()] * 2
    assert scrapes.thread != threading.get_ident()


def test_the_page_is_compressed_once_for_all_who_take_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus does. One rendering serves them and those who do not."""
    scrapes, registry, levels = Scrapes(), CollectorRegistry(), []
    registry.register(scrapes)
    compress = gzip.compress

    def counting(data: bytes, level: int) -> bytes:
        levels.append(threading.get_ident())
        return compress(data, level)

    monkeypatch.setattr(gzip, "compress", counting)

    async def scenario() -> list[tuple[str | None, bytes]]:
        app = web.Application()
        app.router.add_get("/metrics", MetricsPage(registry, now=lambda: 0.0).handle)
        async with TestClient(TestServer(app), auto_decompress=False) as client:
            found = []
            for accepted in ("gzip", "br, GZip;q=0.5", "identity", "gzip;q=0", ""):
                async with client.get("/metrics", headers={"Accept-Encoding": accepted}) as answer:
                    found.append((answer.headers.get("Content-Encoding"), await answer.read()))
            return found

    found = asyncio.run(scenario())
    assert [encoding for encoding, _ in found] == ["gzip", "gzip", None, None, None]
    plain = found[2][1]
    assert [gzip.decompress(body) if encoding else body for encoding, body in found] == [plain] * 5
    assert scrapes.times == 1
    assert len(levels) == 1
    assert levels[0] != threading.get_ident()


def test_the_page_is_openmetrics_for_those_who_ask() -> None:
    registry = CollectorRegistry()
    registry.register(Scrapes())

    async def scenario(accept: str) -> tuple[str, str]:
        app = health_app(lambda: Health(ok=True), lambda: Health(ok=True), registry)
        async with TestClient(TestServer(app)) as client, client.get("/metrics", headers={"Accept": accept}) as answer:
            return answer.headers["Content-Type"], await answer.text()

    kind, text = asyncio.run(scenario("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"))
    assert kind.startswith("application/openmetrics-text")
    assert [family.name for family in parse_openmetrics(text)] == ["scrapes"]
    kind, text = asyncio.run(scenario("*/*"))
    assert kind.startswith("text/plain; version=0.0.4")
    assert [family.name for family in parse_text(text)] == ["scrapes"]


def test_serving_gives_the_port_and_ends_with_the_context() -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as http:
            async with (
                serve(application(), "127.0.0.1", 0) as port,
                http.get(f"http://127.0.0.1:{port}/livez") as answer,
            ):
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientConnectionError):
                await http.get(f"http://127.0.0.1:{port}/livez")

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_a_problem_the_user_can_mend() -> None:
    async def scenario(port: int) -> None:
        async with serve(application(), "127.0.0.1", port):
            raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(UsageProblem, match=rf"127.0.0.1:{port} .*--http-port"):
            asyncio.run(scenario(port))
