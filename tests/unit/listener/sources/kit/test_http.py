"""What answers ask of us."""

import asyncio

import pytest
from aiohttp import web

from listener.sources.kit.errors import RateLimited, Refused, SourceFault
from listener.sources.kit.http import call, judge, open_session, pause_of, wait_of
from tests.unit.listener.sources.rig import serve

#: 2026-11-24T00:00:00Z.
NOW = 1_795_478_400.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Tue, 24 Nov 2026 00:00:30 GMT"}, 30),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Tue, 24 Nov 2020 00:00:00 GMT"}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-24T00:01:00.000Z"}, 60),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "1795478410"}, 10),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "5"}, 5),
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "5"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_of(headers, NOW) == seconds


def test_a_pause_only_when_nothing_remains() -> None:
    assert pause_of({"RateLimit-Remaining": "1", "RateLimit-Reset": "9"}, NOW) == 0
    assert pause_of({"RateLimit-Remaining": "0", "RateLimit-Reset": "9"}, NOW) == 9
    assert pause_of({"RateLimit-Remaining": "0"}, NOW) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Refused), (403, Refused), (429, RateLimited), (500, SourceFault), (503, SourceFault), (400, SourceFault)],
)
def test_what_a_status_means(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        judge(status, {}, "https://a.example/", NOW)


@pytest.mark.parametrize("status", [200, 204, 304, 404, 410])
def test_what_is_left_to_the_caller(status: int) -> None:
    judge(status, {}, "https://a.example/", NOW)


def test_too_long_an_answer_and_no_answer_are_faults() -> None:
    async def scenario() -> None:
        async def long(_request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 100_000)

        async with serve({"/": long}) as base, open_session() as session:
            with pytest.raises(SourceFault, match="more than 1000 bytes"):
                await call(session, f"{base}/", max_bytes=1000)
            assert len((await call(session, f"{base}/")).body) == 100_000
        async with open_session() as session:
            with pytest.raises(SourceFault, match=r"127\.0\.0\.1:9"):
                await call(session, "http://127.0.0.1:9/")

    asyncio.run(scenario())


def test_who_we_are_is_said() -> None:
    async def scenario() -> None:
        async def echo(request: web.Request) -> web.Response:
            return web.Response(text=request.headers["User-Agent"])

        async with serve({"/": echo}) as base, open_session() as session:
            assert (await call(session, f"{base}/")).body.startswith(b"listener/")

    asyncio.run(scenario())
