"""Whatever is asked of a board, it answers: never with an error of its own, and it goes on answering."""

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.http import MAX_BODY_BYTES
from tests.pictured import Pictured

PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    """A board with mentions, KPIs, incidents and page, on an event loop of its own thread."""

    port: int
    paths: tuple[str, ...]
    campaigns: tuple[str, ...]

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
        """The status of the answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            connection.request(method, path, body, headers or {})
            return connection.getresponse().status


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def enter() -> Pictured:
        return await Pictured(posts=60, days=2).__aenter__()

    pictured = asyncio.run_coroutine_threadsafe(enter(), loop).result(120)
    routes = [route.resource.canonical for route in pictured.app.router.routes() if route.resource is not None]
    yield Served(pictured.port, tuple(sorted(set(routes))), tuple(sorted(pictured.board.known)))
    asyncio.run_coroutine_threadsafe(pictured.__aexit__(None, None, None), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


METHODS = st.sampled_from(["GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
#: What a parameter is never meant to be, and what it may be.
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["", "0", "-1", "1e400", "nan", "2026-03-22", "9999-12-31", "0001-01-01T00:00:00Z", "last_7_days"]),
    st.sampled_from(
        ["day", "hour", "minute", "newest", "engagement", "twitter", "1405-01-02", "' OR 1=1 --", "<b>", "%", "*"]
    ),
    st.sampled_from(["(", ")", '"', "near(", "الف", "\u200c", "\U0001f600" * 10, "a" * 3000]),
)
_NAMES = (
    *(
        "window",
        "from",
        "to",
        "start",
        "end",
        "limit",
        "cursor",
        "sort",
        "q",
        "platform",
        "id",
        "kpi",
        "period",
        "lang",
    ),
    *("n", "page", "until", "since", "relevant", "sentiment", "keyword", "author", "story", "kind", "per_week"),
)
NAMES = st.sampled_from(_NAMES)
QUERIES = st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=8)), VALUES), max_size=4)
BODIES = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"{}",
            b"[]",
            b"null",
            b'{"relevant": "yes"}',
            b'{"relevant": true}',
            b"[" * 9_000,
            b"answer=",
            b"answer=x&next=//x",
        ]
    ),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["application/openmetrics-text", "text/html", "*/*", ";q=x"]),
        "Accept-Language": st.sampled_from(["fa", "en", "xx;q=9", "," * 50]),
        "Content-Type": st.sampled_from(
            ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; charset=nope"]
        ),
        "Cookie": st.sampled_from(["a=b", "listener=", "=;=;", "x" * 500]),
        "Authorization": st.sampled_from(["Bearer x", "Basic !", "x"]),
        "Last-Event-ID": st.sampled_from(["0", "x"]),
        "If-None-Match": st.sampled_from(["x", '"', "*"]),
        "Range": st.sampled_from(["bytes=0-0", "bytes=9-1", "lines=1"]),
        "Origin": st.sampled_from(["http://evil.example", "null"]),
    },
)


@st.composite
def paths(draw: st.DrawFn, known: tuple[str, ...], campaigns: tuple[str, ...]) -> str:
    """A path of the board with something in its places, or none of it."""
    if draw(st.integers(0, 7)) == 7:
        path = "/" + quote_from_bytes(draw(st.binary(max_size=30)))
    else:
        path = re.sub(
            r"\{([a-z_]+)[^}]*\}",
            lambda _found: quote(draw(st.one_of(st.sampled_from(campaigns), VALUES.filter(bool))), safe=""),
            draw(st.sampled_from(known)),
        )
    asked = "&".join(f"{quote(name)}={quote(value)}" for name, value in draw(QUERIES))
    return f"{path}?{asked}" if asked else path


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data(), method=METHODS, body=BODIES, headers=HEADERS)
def test_a_board_never_fails_whatever_it_is_asked(
    served: Served, data: st.DataObject, method: str, body: bytes | None, headers: dict[str, str]
) -> None:
    path = data.draw(paths(served.paths, served.campaigns))
    status = served.ask(method, path, body, headers)
    assert 200 <= status < 500, (method, path, body, headers, status)


def test_a_body_beyond_the_limit_is_refused(served: Served) -> None:
    body = b"next=/&x=" + b"a" * MAX_BODY_BYTES
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert served.ask("POST", "/alerts/answer", body, headers) == 413


@pytest.mark.parametrize("line", [b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n", b"X: " + b"a" * 20_000 + b"\r\n"])
def test_a_head_beyond_the_limit_is_refused(served: Served, line: bytes) -> None:
    first = b"" if line.startswith(b"GET") else b"GET / HTTP/1.1\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        connection.sendall(first + line + b"Host: x\r\n\r\n")
        assert b" 400 Bad Request" in connection.recv(64)
