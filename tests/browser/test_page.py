"""The page as a person meets it, in both languages, on a desk and in a hand, by mouse, keyboard and screen reader."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served
from tests.mentioning import put, said
from tests.pictured import UNTIL

pytestmark = pytest.mark.browser

Look = Callable[..., Page]
CAMPAIGN = "/campaigns/berimo"
#: One with targets, and with figures of every KPI.
SHOP = "/campaigns/hezarsabad?period=campaign"


def violations(page: Page) -> list[Any]:
    results = Axe().run(page)
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in results.response["violations"]]


@pytest.mark.parametrize(
    ("path", "scheme", "language"),
    [("/", "light", "fa"), ("/", "dark", "en"), (CAMPAIGN, "dark", "fa"), (CAMPAIGN, "light", "en")],
)
def test_no_violation_of_the_accessibility_rules(look: Look, path: str, scheme: str, language: str) -> None:
    page = look(path, language, color_scheme=scheme)
    if path == CAMPAIGN:
        expect(page.locator("[data-chart] canvas")).to_be_visible()
        page.locator(".why summary").first.click()
    assert violations(page) == []


@pytest.mark.parametrize(("scheme", "language"), [("light", "fa"), ("dark", "en")])
def test_kpis_and_targets_have_no_violation_either(look: Look, scheme: str, language: str) -> None:
    page = look(SHOP, language, color_scheme=scheme)
    page.locator("#kpis .kpi summary").first.click()
    page.locator("#targets summary").first.click()
    assert violations(page) == []


def test_the_period_of_the_kpis_is_chosen_and_kept(look: Look) -> None:
    page = look("/campaigns/hezarsabad?q=x", "en")
    periods = page.get_by_role("navigation", name="Period of the KPIs")
    expect(periods.locator("[aria-current]")).to_have_text("24 hours")
    assert page.locator("#kpis .kpi").count() == 24
    links = page.locator("[data-kpi=inbound_links] .kpi-value")
    growth = page.locator("[data-kpi=sales_growth]")
    expect(growth).to_contain_text("%")
    periods.get_by_role("link", name="Campaign to date").click()
    expect(page).to_have_url(re.compile(r"\?q=x&period=campaign#kpis"))
    expect(periods.locator("[aria-current]")).to_have_text("Campaign to date")
    expect(links.first).to_have_text("3")
    expect(growth).to_contain_text("no sample")
    page.locator("[data-kpi=bounce_rate] summary").click()
    expect(page.locator("[data-kpi=bounce_rate] dl")).to_contain_text("÷")


def test_targets_show_where_they_stand_and_what_became_of_them(look: Look) -> None:
    page = look(SHOP, "fa")
    leads = page.locator("#targets .target").first
    expect(leads).to_contain_text("از ۶۰۰")
    expect(leads).to_contain_text("سارا")
    leads.locator("summary").click()
    expect(leads.locator("ol li")).to_have_count(2)
    expect(leads.locator("ol li").first).to_contain_text("۳۰۰ تا ۳۰ آذر ۱۴۰۵")


def test_the_check_of_accessibility_sees_what_it_looks_for(look: Look) -> None:
    page = look("/", "en")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button>')")
    assert [rule for rule, _ in violations(page)] == ["button-name"]


@pytest.mark.parametrize("path", ["/", CAMPAIGN, SHOP])
def test_nothing_is_wider_than_a_phone(look: Look, path: str) -> None:
    page = look(path, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []


def test_persian_is_right_to_left_with_its_digits_and_calendar(look: Look) -> None:
    page = look(CAMPAIGN, "fa")
    html = page.locator("html")
    expect(html).to_have_attribute("dir", "rtl")
    expect(html).to_have_attribute("lang", "fa")
    expect(page.locator(".under")).to_contain_text("جمعه ۲۹ آبان ۱۴۰۵، ۲۲:۰۰")
    assert not re.search("[0-9]", page.locator("#now").inner_text())
    expect(page.locator("#now .badge.up")).to_contain_text("برابر معمول")


def test_english_is_chosen_by_the_browser_or_the_link_and_kept(look: Look) -> None:
    page = look("/", "en")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.locator("h1")).to_have_text("Campaigns")
    page.get_by_role("link", name="فارسی").click()
    expect(page.locator("h1")).to_have_text("کمپین‌ها")
    page.get_by_role("link", name="بریمو", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "fa")


def test_the_trend_is_drawn_and_is_a_table_too(look: Look) -> None:
    page = look(CAMPAIGN, "en")
    chart = page.locator("[data-chart]")
    expect(chart).to_have_attribute("data-drawn", "hour")
    for step in ("Minute", "Day"):
        page.get_by_text(step, exact=True).click()
        expect(chart).to_have_attribute("data-drawn", step.lower())
    page.get_by_text("The same data as a table").click()
    assert page.locator("[data-table] tr").count() > 5


def test_the_matches_stand_out_and_say_why(look: Look) -> None:
    page = look(CAMPAIGN, "en")
    first = page.locator("#latest .mention").first
    expect(first.locator("mark").first).to_be_visible()
    first.locator(".why summary").click()
    expect(first.locator(".why li").first).to_be_visible()


def test_search_and_filters_work_with_the_keyboard(look: Look) -> None:
    page = look(CAMPAIGN, "en")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#q").focus()
    page.keyboard.type("قطعي")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=.*#latest"))
    texts = page.locator("#latest .said").all_inner_texts()
    assert texts
    assert all("قطعی" in text for text in texts)
    page.locator("#f-platform").select_option("telegram")
    page.get_by_role("button", name="Find").click()
    tags = page.locator("#latest .tag.platform")
    expect(tags.first).to_be_visible()
    assert set(tags.all_inner_texts()) == {"Telegram"}
    assert "platform=telegram" in str(page.get_by_role("link", name="CSV (Excel)").get_attribute("href"))


def test_pages_follow_one_another(look: Look) -> None:
    page = look(CAMPAIGN, "en")
    first = page.locator("#latest .mention").first.get_attribute("data-entity")
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("cursor="))
    assert page.locator("#latest .mention").first.get_attribute("data-entity") != first
    page.get_by_role("link", name="First page").click()
    expect(page.locator("#latest .mention").first).to_have_attribute("data-entity", str(first))


def test_what_happens_is_seen_without_reload(look: Look, served: Served) -> None:
    page = look("/campaigns/tordooneh", "en")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "live")
    page.evaluate("window.here = true")
    before = page.locator("#now .big b").first.inner_text()

    async def happen() -> None:
        await served.pictured.add(
            put(said("twitter:new", 10**6, campaign="tordooneh", text="تازه‌ترین خبر", event_time=UNTIL))
        )
        served.pictured.close_minute("tordooneh", mentions=40)

    served.do(happen)
    expect(page.locator("#now .big b").first).not_to_have_text(before, timeout=15_000)
    expect(page.locator("[data-entity='twitter:new']").first).to_be_visible(timeout=15_000)
    assert page.evaluate("window.here"), "the page was not loaded again"


def test_who_is_typing_is_left_alone(look: Look, served: Served) -> None:
    page = look("/campaigns/hezarsabad", "en")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "live")
    page.locator("#q").fill("half a wo")
    before = page.locator("#now .big b").first.inner_text()

    async def happen() -> None:
        served.pictured.close_minute("hezarsabad", mentions=30)

    served.do(happen)
    expect(page.locator("#now .big b").first).not_to_have_text(before, timeout=15_000)
    expect(page.locator("#q")).to_have_value("half a wo")
    expect(page.locator("#q")).to_be_focused()


def test_without_events_the_page_asks(look: Look, browser: Any, served: Served) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.route("**/events", lambda route: route.fulfill(status=503, body=""))
    page.goto(served.url + "/")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "polling", timeout=15_000)
    context.close()


def test_a_mark_is_noted(look: Look, served: Served) -> None:
    page = look(CAMPAIGN, "en")
    button = page.get_by_role("button", name="It is not relevant").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert served.pictured.mentions.said[-1].relevant is False


def test_what_people_write_is_text_and_never_code(look: Look, served: Served) -> None:
    evil = "<img src=x onerror=alert(1)><script>window.evil = 1</script> پرستوتل"

    async def happen() -> None:
        where = {"campaign": "parastootel", "event_time": UNTIL}
        await served.pictured.add(put(said("twitter:<b>'\"", 10**6 + 1, text=evil, url="javascript:alert(1)", **where)))

    served.do(happen)
    page = look("/campaigns/parastootel?q=onerror", "en")
    mention = page.locator("#latest .mention").first
    expect(mention.locator(".said")).to_contain_text("<script>window.evil = 1</script>")
    assert page.evaluate("window.evil") is None
    assert mention.locator("a").count() == 0
    assert violations(page) == []


def test_without_scripts_everything_but_the_chart_is_there(look: Look) -> None:
    page = look(CAMPAIGN + "?q=" + "بریمو", "en", java_script_enabled=False)
    expect(page.locator("#now .big b").first).to_be_visible()
    expect(page.locator("#latest .mention").first).to_be_visible()


def test_incidents_say_why_and_are_answered(look: Look, served: Served) -> None:
    page = look(CAMPAIGN, "en")
    panel = page.locator("#incidents")
    first = panel.locator(".incident").first
    expect(first).to_contain_text("critical")
    expect(first).to_contain_text("240 mentions, 31 expected; 180 authors, 12 stories, 194 negative")
    first.locator("summary").click()
    expect(first).to_contain_text("negative 81%")
    expect(first).to_contain_text("Without story \u2068از صبح قطع است\u2069 (140 mentions) this would not have fired.")
    expect(first).to_contain_text("38% are near-copies of one another")
    # What people wrote is text.
    expect(first.get_by_role("link")).to_contain_text("<b>باز</b>")
    assert violations(page) == []
    first.get_by_role("button", name="False alarm").click()
    expect(page).to_have_url(re.compile("answered=berimo-.*#incidents"))
    expect(page.locator("#incidents [role=status]")).to_have_text("The answer is noted.")
    (said_,) = served.pictured.alerts.said
    assert (said_.campaign, said_.incident, said_.answer, said_.by) == (
        "berimo",
        served.pictured.alerts.incidents[0].id,
        "false_alarm",
        "page",
    )
    expect(page.locator("#incidents .incident").first.locator(".tag", has_text="False alarm")).to_be_visible()
    expect(page.locator("#incidents .incident").first.get_by_role("button", name="False alarm")).to_have_count(0)


def test_incidents_are_marked_on_the_trend(look: Look) -> None:
    page = look(CAMPAIGN, "en")
    chart = page.locator("[data-chart]")
    for step, shaded in (("Hour", "3"), ("Minute", "1"), ("Day", "3")):
        page.get_by_text(step, exact=True).click()
        expect(chart).to_have_attribute("data-drawn", step.lower())
        expect(chart).to_have_attribute("data-shaded", shaded)
    expect(page.get_by_role("link", name="Shaded: incidents")).to_be_visible()


@pytest.mark.parametrize(("language", "scheme"), [("fa", "light"), ("en", "dark")])
def test_a_sensitivity_is_tried_on_the_past(look: Look, language: str, scheme: str) -> None:
    page = look("/campaigns/hezarsabad", language, color_scheme=scheme, viewport={"width": 360, "height": 740})
    page.locator("#panel-sensitivity").fill("20")
    page.locator("#incidents .backtest button").click()
    expect(page.locator("#result-heading")).to_be_visible(timeout=30_000)
    expect(page.locator(".result pre")).to_contain_text("false_per_week: 20")
    expect(page.locator("#page-sensitivity")).to_have_value("20")
    # It jumps to six times the usual in the last hour.
    assert page.locator(".result .incident").count() > 0
    page.locator(".result summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []


def test_errors_are_pages_too(browser: Any, served: Served) -> None:
    context = browser.new_context(locale="fa-IR")
    page = context.new_page()
    answer = page.goto(served.url + "/campaigns/nobody")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_have_text("پیدا نشد")
    assert violations(page) == []
    context.close()
