"""Sheets as marketing teams have them: Persian digits, Jalali dates, toman, mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from listener.errors import UsageProblem
from listener.importing.command import import_command
from listener.importing.values import read_date, read_number, read_time
from tests.business import counted

ORDERS = """شناسه,زمان,سفارش,مبلغ
sara@example.com,۱۴۰۵/۰۱/۰۲ ۱۰:۳۰,الف-۱,"۲٬۵۰۰٬۰۰۰"
reza@example.com,1405-1-3,الف-۲,900000.5
"""
MAP = "person_id=شناسه,occurred_at=زمان,order_id=سفارش,value=مبلغ"


def run(file: Path, *options: str) -> Any:
    return CliRunner().invoke(import_command, [str(file), *options], catch_exceptions=False)


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sheet(directory: Path, text: str = ORDERS) -> Path:
    file = directory / "orders.csv"
    file.write_text(text, encoding="utf-8-sig")
    return file


def hashed(directory: Path) -> tuple[str, str]:
    key = directory / "key"
    key.write_text("secret\n")
    return "--hash-key-file", str(key)


def test_a_persian_sheet_of_orders(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    options = ("--kind", "orders", "--map", MAP, "--toman", *hashed(tmp_path), "--set", "utm_campaign=nowruz")
    said = run(sheet(tmp_path), *options, "--out", str(out)).stderr
    first, second = (line["record"] for line in records(out))
    assert {line["topic"] for line in records(out)} == {"marketing.people.v1"}
    assert (first["value"], first["currency"], first["kind"]) == ("25000000", "IRR", "purchase")
    assert (first["occurred_at"], second["occurred_at"]) == ("2026-03-22T07:00:00Z", "2026-03-22T20:30:00Z")
    assert second["value"] == "9000005"
    assert len(first["person_id"]) == 64
    assert first["utm"] == {"campaign": "nowruz"}
    assert "2 rows are right, 0 are not" in said


def test_importing_again_counts_nothing_twice(tmp_path: Path) -> None:
    options = ("--kind", "orders", "--map", MAP, "--toman", *hashed(tmp_path), "--set", "utm_campaign=nowruz")
    for name in ("a", "b"):
        run(sheet(tmp_path), *options, "--out", str(tmp_path / name))
    twice = records(tmp_path / "a") + records(tmp_path / "b")
    _, outcomes = counted([(line["topic"], json.dumps(line["record"]).encode()) for line in twice])
    assert outcomes == ["counted", "counted", "duplicate", "duplicate"]


def test_mistakes_are_named_by_row_and_column_and_stop_everything(tmp_path: Path) -> None:
    wrong = (
        "platform,campaign_id,date,cost,currency\ng,1,2026-03-21,12,IRR\ng,1,1405/13/01,5,IRR\ng,1,2026-03-21,x,IRR\n"
    )
    wrong += "g,1,2026-03-21,1.005,IRR\n"
    out = tmp_path / "out.ndjson"
    with pytest.raises(UsageProblem, match="nothing was imported: mend the 3 rows"):
        run(sheet(tmp_path, wrong), "--kind", "spend", "--out", str(out))
    assert not out.exists()
    said = run(sheet(tmp_path, wrong), "--kind", "spend", "--skip-invalid", "--out", str(out)).stderr
    assert "row 3, column date: there is no day 1405/13/01" in said
    assert "row 4, column cost: 'x' is no number" in said
    assert "row 5, column cost: 1.005 has more decimals than IRR has" in said
    assert [line["record"]["cost"] for line in records(out)] == ["12"]


def test_who_is_not_hashed_is_not_imported(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem):
        run(sheet(tmp_path), "--kind", "orders", "--map", MAP, "--toman", "--dry-run")


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    options = ("--kind", "orders", "--map", MAP, "--toman", *hashed(tmp_path))
    assert run(sheet(tmp_path), *options, "--dry-run", "--out", str(out)).exit_code == 0
    assert not out.exists()


def test_a_workbook_has_dates_and_numbers_of_its_own(tmp_path: Path) -> None:
    from datetime import datetime

    book = Workbook()
    book.active.append(["site", "date", "query", "clicks", "impressions", "position"])
    book.active.append(["shop.ir", datetime(2026, 3, 22), "خرید کفش", 3, 10.0, 2.5])  # noqa: DTZ001 - as Excel has it
    book.active.append(["shop.ir", "۱۴۰۵/۰۱/۰۲", "کفش", 0, "۱٬۲۰۰", None])
    file = tmp_path / "search.xlsx"
    book.save(file)
    run(file, "--kind", "search", "--out", str(tmp_path / "out"))
    first, second = (line["record"] for line in records(tmp_path / "out"))
    assert (first["date"], first["impressions"], first["position"]) == ("2026-03-22", 10, 2.5)
    assert (second["date"], second["impressions"]) == ("2026-03-22", 1200)
    assert "position" not in second


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n", ("--kind", "spend"), "there is no column for platform, campaign_id, date, cost"),
        ("a,b\n1,2\n", ("--kind", "spend", "--map", "cost=c"), "has no column 'c' for cost"),
        ("a,b\n1,2\n", ("--kind", "spend", "--map", "price=a"), "spend has no field 'price'"),
        ("a,a\n1,2\n", ("--kind", "spend"), "the column 'a' is there twice"),
        ("", ("--kind", "spend"), "is empty"),
    ],
)
def test_what_is_wrong_with_the_sheet_is_said(tmp_path: Path, text: str, options: Any, message: str) -> None:
    with pytest.raises(UsageProblem, match=message):
        run(sheet(tmp_path, text), *options)


def test_values() -> None:
    assert read_date("۱۴۰۴/۱۲/۲۹") == "2026-03-20"
    assert read_time("2026-03-21T08:00:00+01:00", "Asia/Tehran") == "2026-03-21T07:00:00Z"
    assert read_number("-1,234.50") == "-1234.50"
    for wrong in ("1,23", "1e5", "ده"):
        with pytest.raises(ValueError, match="is no number"):
            read_number(wrong)
