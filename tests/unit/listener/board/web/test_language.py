import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

import listener.board.web
from listener.board.access.settings import AUTHS
from listener.board.web.dates import write_moment, write_number, write_share
from listener.board.web.language import Language, language_of
from listener.board.web.panels import PANELS
from listener.board.web.words import TEXTS
from models.outcome import OUTCOMES
from models.post import PLATFORMS

TEMPLATES = Path(listener.board.web.__file__).parent / "templates"
RULES = ("exact", "letters", "separator", "repeat", "ezafe", "suffix", "hashtag", "handle", "url", "account")


@pytest.mark.parametrize(
    ("moment", "day", "clock"),
    [
        # Nowruz 1405, and the last evening of the leap year 1403, as the official calendars have them.
        ("2026-03-20T20:30:00", "شنبه ۱ فروردین ۱۴۰۵", "۰۰:۰۰"),
        ("2025-03-20T20:29:00", "پنجشنبه ۳۰ اسفند ۱۴۰۳", "۲۳:۵۹"),
        ("2026-11-20T18:30:00", "جمعه ۲۹ آبان ۱۴۰۵", "۲۲:۰۰"),
    ],
)
def test_persian_days_are_of_the_jalali_calendar_and_of_tehran(moment: str, day: str, clock: str) -> None:
    found = write_moment(datetime.fromisoformat(moment).replace(tzinfo=UTC), "Asia/Tehran", "fa")
    assert found == (day, clock)
    assert str(found) == f"{day}، {clock}"


def test_english_days() -> None:
    found = write_moment(datetime(2026, 11, 20, 18, 30, tzinfo=UTC), "Asia/Tehran", "en")
    assert str(found) == "Fri 20 Nov 2026, 22:00"


@pytest.mark.parametrize(
    ("number", "decimals", "fa", "en"),
    [
        (0, 0, "۰", "0"),
        (1_234_567, 0, "۱٬۲۳۴٬۵۶۷", "1,234,567"),
        (3.25, 1, "۳٫۲", "3.2"),
        (-12, 0, "\u200e−۱۲", "−12"),
    ],
)
def test_numbers(number: float, decimals: int, fa: str, en: str) -> None:
    assert write_number(number, "fa", decimals) == fa
    assert write_number(number, "en", decimals) == en


def test_shares_and_spans() -> None:
    assert (write_share(0.276, "fa"), write_share(0.276, "en")) == ("۲۸٪", "28%")
    spans = {0: "0 s", 96: "96 s", 120: "2 min", 7200: "2 h", 200_000: "2 days", -5: "0 s"}
    assert {seconds: Language("en").span(seconds) for seconds in spans} == spans


@pytest.mark.parametrize(
    ("path", "cookie", "accepted", "expected"),
    [
        ("/", "", "", "fa"),
        ("/", "", "en-GB,en;q=0.9,fa;q=0.8", "en"),
        ("/", "", "fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        ("/", "", "de, en;q=0.3, fa;q=0.5", "fa"),
        ("/", "", "de-DE", "en"),
        ("/", "", "fa;q=0", "en"),
        ("/", "", "en;q=x, fa", "fa"),
        ("/", "listener-language=en", "fa", "en"),
        ("/?lang=fa", "listener-language=en", "en", "fa"),
        ("/?lang=xx", "listener-language=yy", "en", "en"),
    ],
)
def test_the_language_of_a_request(path: str, cookie: str, accepted: str, expected: str) -> None:
    headers = {"Cookie": cookie, "Accept-Language": accepted}
    assert language_of(make_mocked_request("GET", path, headers=headers)).code == expected


def test_every_text_has_both_languages_and_the_same_places() -> None:
    for key, texts in TEXTS.items():
        assert all(texts), key
        persian, english = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts)
        assert persian == english, key


def test_whatever_is_named_has_a_name() -> None:
    named = [f"platform_{name}" for name in PLATFORMS] + [f"rule_{name}" for name in RULES]
    assert set(named) | set(OUTCOMES) | {panel.name for panel in PANELS} <= set(TEXTS)
    assert Language("en").named("platform", "smoke_signals") == "smoke_signals"
    assert AUTHS[0] == "local"


def test_templates_use_only_texts_that_there_are_and_nothing_that_the_policy_forbids() -> None:
    for file in TEMPLATES.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        used = set(re.findall(r"""\bt\(["']([a-z_]+)["'][,)]""", text))
        assert used <= set(TEXTS), file
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style", text), file
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), file
        assert not re.search(r"\|\s*safe\b", text), file


def test_no_text_is_left_over() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in TEMPLATES.rglob("*.html"))
    source += "".join(
        file.read_text(encoding="utf-8") for file in TEMPLATES.parent.glob("*.py") if file.stem != "words"
    )
    computed = re.compile(
        "platform_|rule_|sort_|period_|incident_quiet_|answer_|severity_|backtest_bad_|backtest_(busy|failed)"
    )
    panels = {panel.name for panel in PANELS}
    unused = {key for key in TEXTS if f'"{key}"' not in source and f"'{key}'" not in source and not computed.match(key)}
    assert unused <= set(OUTCOMES) | panels
