"""A headless Chromium, and a served board to look at."""

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.pictured import Pictured

T = TypeVar("T")
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


# Playwright's event loop runs in the thread of the tests: for as long as it is there, no other test could run one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine. Without one tests are skipped; in CI (environment variable CI) they fail."""
    path = os.environ.get("LISTENER_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        message = "no Chromium: apt-get install chromium-headless-shell, or set LISTENER_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # A container has no user namespaces for Chromium's sandbox; what it opens here is our own page.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Served:
    """A board on an event loop of its own thread."""

    def __init__(self, pictured: Pictured, loop: asyncio.AbstractEventLoop) -> None:
        self.pictured = pictured
        self.url = f"http://127.0.0.1:{pictured.port}"
        self._loop = loop

    def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run something on the board's loop."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)


@asynccontextmanager
async def _pictured() -> AsyncIterator[Pictured]:
    async with Pictured(posts=400) as pictured:
        yield pictured


@pytest.fixture(scope="module")
def served(browser: Browser) -> Iterator[Served]:
    """The picture of a week, served."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = _pictured()
    pictured = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(120)
    yield Served(pictured, loop)
    asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def look(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Opens pages; a script error, a refusal by the content security policy or a failed request fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(path: str, language: str = "fa", **options: Any) -> Page:
        locale = {"fa": "fa-IR", "en": "en-GB"}[language]
        context = browser.new_context(locale=locale, **{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
        page.goto(served.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
