"""What the benchmarks decide by: the guard's verdict, the matcher of the engines' users, peaks of memory."""

import re
import sys
from pathlib import Path

import msgspec
import pytest

from models.campaign import Campaign, CampaignSet
from tests.bench.guard import BASELINE, FAR, Baseline, Measured, verdict
from tests.bench.matchers import matcher, users_matcher
from tests.bench.posts import campaign_set, posts
from tests.bench.processes import run_measured
from tests.bench.record import PAGE, put

RECORDED = Baseline(1.5, "1.0", "abc", "2026-01-01", "command", 100, [1.4, 1.5, 9.0], "3.11", "x86_64")
MB = 64
CAMPAIGNS = CampaignSet((Campaign(id="book", keywords=("کتاب",)), Campaign(id="ride", keywords=("snapp", "اسنپ"))))


@pytest.mark.parametrize(("rounds", "passes"), [([1.2, 3.0, 99.0], True), ([1.2, 3.1, 3.2], False)])
def test_the_guard_fails_on_a_median_above_twice_the_recorded_ratio(rounds: list[float], *, passes: bool) -> None:
    passed, said = verdict(Measured(rounds), RECORDED)
    assert passed is passes
    assert f"fails above {FAR * RECORDED.ratio:.2f}" in said


def test_a_baseline_is_recorded() -> None:
    baseline = msgspec.json.decode(BASELINE.read_bytes(), type=Baseline)
    assert baseline.ratio > 0


def test_users_matcher_finds_whole_words_of_either_spelling_once() -> None:
    match = users_matcher(CAMPAIGNS)
    assert match("كتاب و کتاب، Snapp!") == ["book", "ride"]
    assert match("کتابخانه snapping") == []


def test_both_matchers_find_the_same_in_the_posts_of_the_benchmark() -> None:
    ours, users = matcher("ours", 50), matcher("users", 50)
    texts = [msgspec.json.decode(value)["text"] for _, value in posts(500, campaign_set(50), 0.3)]
    found = [list(ours(text)) for text in texts]
    assert [list(users(text)) for text in texts] == found
    assert sum(map(len, found)) == pytest.approx(150, abs=40)


def test_keywords_of_the_benchmark_can_be_spread_over_campaigns() -> None:
    few = campaign_set(10, campaigns=3)
    assert [len(one.keywords) for one in few.campaigns] == [4, 3, 3]
    assert {k for one in few.campaigns for k in one.keywords} == {one.keywords[0] for one in campaign_set(10).campaigns}


def test_the_peak_is_that_of_the_process_and_its_children() -> None:
    child = f"held = b'x' * ({MB} << 20); import time; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    done, peak = run_measured([sys.executable, "-c", parent])
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert MB < peak < MB + 100


def test_tables_go_between_their_marks_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("| new |\n")
    page = "a\n<!-- measured: one -->\nold\n<!-- /measured -->\nb\n<!-- measured: two -->\nkept\n<!-- /measured -->\n"
    after, done = put(page, tmp_path)
    assert done == ["one"]
    assert after == page.replace("old", "| new |")


def test_every_table_that_is_recorded_has_its_place_in_the_page() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path("tests/bench").rglob("*.py"))
    names = set(re.findall(r'record\("([a-z-]+)"', sources)) | {"peers-ours", "peers-users"}
    marks = re.findall(r"<!-- measured: ([a-z-]+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(marks) == sorted(names)
