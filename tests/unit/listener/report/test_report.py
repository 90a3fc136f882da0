"""Reports of a bit of everything, in every format."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from openpyxl import load_workbook

from listener.errors import UsageProblem
from listener.report.charts import bars, spark
from listener.report.command import report
from listener.report.pdf import browser
from listener.report.words import Words
from tests.business import a_bit_of_everything, post

CAMPAIGN = {
    "id": "c",
    "name": "برند <ما>",
    "keywords": ["برندما"],
    "accounts": ["brand_ir"],
    "attribution": {
        "utm_campaigns": ["nowruz"],
        "ad_campaigns": ["ad-1"],
        "sites": ["shop.ir"],
        "search_keywords": ["خرید کفش"],
        "person_first_touch": True,
    },
    "targets": {"leads.mql": {"target": 10, "start": "2026-03-21", "deadline": "2026-03-22", "owner": "سارا"}},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    directory = tmp_path_factory.mktemp("report")
    (directory / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN, allow_unicode=True), encoding="utf-8")
    hostile = post("9", "برندما <script>alert(1)</script>", counts={"likes": 900}, url="javascript:alert(1)")
    lines = [
        json.dumps({"topic": topic, "record": json.loads(value)}) for topic, value in [*a_bit_of_everything(), hostile]
    ]
    (directory / "in.ndjson").write_text("\n".join(lines), encoding="utf-8")
    return "--campaigns", str(directory), "--input", str(directory / "in.ndjson")


def run(files: tuple[str, ...], *options: str) -> Any:
    arguments = ["--campaign", "c", *files, "--from", "1405-01-01", "--to", "1405-01-02", *options]
    return CliRunner().invoke(report, arguments, catch_exceptions=False)


def test_the_page_is_persian_and_holds_everything_itself(files: tuple[str, ...]) -> None:
    page = run(files).stdout
    assert '<html lang="fa" dir="rtl">' in page
    assert "۱ فروردین ۱۴۰۵ تا ۲ فروردین ۱۴۰۵" in page
    assert "۲۹ اسفند ۱۴۰۴" in page  # the two days before
    assert "http-equiv" not in page
    assert not [sign for sign in ("<script", "src=", "@import", "url(", "<link") if sign in page]
    for title in ("رتبهٔ جست‌وجو", "هزینهٔ جذب مشتری", "نرخ پرش", "بازگشت سرمایه"):
        assert title in page
    assert page.count("<details>") == 24


def test_money_is_toman_to_a_persian_reader_and_numbers_are_right(files: tuple[str, ...]) -> None:
    page = run(files).stdout
    # 1500 rials of spend for two conversions: 75 toman each
    assert "۷۵ تومان" in page
    assert "IRR" in run(files, "--lang", "en").stdout


def test_what_others_wrote_is_text(files: tuple[str, ...]) -> None:
    page = run(files).stdout
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "javascript:" not in page
    assert "برند &lt;ما&gt;" in page


def test_targets_say_whose_they_are_and_how_they_stand(files: tuple[str, ...]) -> None:
    page = run(files).stdout
    assert "مسئول: سارا" in page
    assert "به دست نمی‌آید" in page or "هنوز معلوم نیست" in page


def test_english_with_the_gregorian_calendar(files: tuple[str, ...]) -> None:
    page = run(files, "--lang", "en", "--calendar", "gregorian").stdout
    assert '<html lang="en" dir="ltr">' in page
    assert "21 March 2026 to 22 March 2026" in page
    assert "Cost per conversion" in page


def test_json_has_numbers_of_both_periods(files: tuple[str, ...]) -> None:
    body = json.loads(run(files, "--format", "json").stdout)
    lines = {(line["kpi"], line["part"]): line for line in body["kpis"]}
    cost = lines["cost_per_conversion", ""]
    assert (cost["value"], cost["numerator"], cost["denominator"], cost["unit"]) == (750, 1500, 2, "IRR")
    assert lines["leads", "mql"]["target"] == 10
    assert [day["day"] for day in body["days"]] == ["2026-03-21", "2026-03-22"]
    assert body["outcomes"]["invalid"] == 0
    assert body["top"][0]["likes"] == 900


def test_csv_and_xlsx_are_safe_to_open(files: tuple[str, ...], tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(files, "--format", "csv").stdout.removeprefix("\ufeff"))))
    assert {row["kpi"] for row in rows} >= {"likes", "sales_growth", "inbound_links"}
    out = tmp_path / "r.xlsx"
    run(files, "--format", "xlsx", "--out", str(out))
    book = load_workbook(out)
    assert book.sheetnames == ["شاخص‌ها", "روزها", "هدف‌ها", "گفت‌وگوها"]
    assert book["شاخص‌ها"].sheet_view.rightToLeft
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert not [cell for cell in cells if isinstance(cell, str) and cell.startswith(("=", "+", "@"))]


@pytest.mark.skipif(browser() is None, reason="no Chromium on this machine")
def test_pdf_is_printed(files: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "r.pdf"
    run(files, "--format", "pdf", "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF-")


def test_what_is_missing_is_said(files: tuple[str, ...]) -> None:
    with pytest.raises(UsageProblem, match="there is no campaign 'x'; there are c"):
        CliRunner().invoke(report, ["--campaign", "x", *files], catch_exceptions=False)
    with pytest.raises(UsageProblem, match="give --board URL"):
        CliRunner().invoke(report, ["--campaign", "c"], catch_exceptions=False)
    with pytest.raises(UsageProblem, match="is not after"):
        run(files, "--to", "1404-01-01")


def test_words() -> None:
    words = Words("fa", "jalali", "Asia/Tehran")
    assert words.number(1234567) == "۱٬۲۳۴٬۵۶۷"
    assert words.number(12.345) == "۱۲٫۳۵" or words.number(12.345) == "۱۲٫۳۴"
    assert words.percent(0.1234) == "۱۲٫۳٪"
    assert words.money(1_000_000, "IRR") == "۱۰۰٬۰۰۰ تومان"
    assert words.value(None, "ratio") == "–"
    assert Words("en", "gregorian", "UTC").money(1000, "IRR") == "1,000 IRR"


def test_charts_are_drawn_from_what_there_is() -> None:
    words = Words("en", "gregorian", "UTC")
    assert spark([1]) == ""
    assert spark([1, None, 2, 3]).count("<polyline") == 1
    drawn = bars("a <b>", ["1", "2"], [0, 5], words)
    assert drawn.count("<rect") == 1
    assert 'aria-label="a &lt;b&gt;"' in drawn
