"""``listener compare``: what enters and leaves when the campaign files change."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.compare import compare

OLD = "[{id: a, keywords: [اسنپ]}, {id: gone, keywords: [تپسی]}, {id: same, keywords: [تپسی]}]"
NEW = "[{id: a, query: '(اسنپ OR snapp) NOT آگهی'}, {id: fresh, keywords: [تپسی]}, {id: same, keywords: [تپسی]}]"
TEXTS = ("اسنپ", "اسنپ آگهی", "snapp", "snapp 2", "تپسی", "هیچ")


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    for name, content in (("old", OLD), ("new", NEW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(content, encoding="utf-8")
    lines = [json.dumps({"id": f"p{n}", "ts": "2026-11-20T10:00:00Z", "text": text}) for n, text in enumerate(TEXTS)]
    (tmp_path / "posts.jsonl").write_text("\n".join([*lines, "{", '{"id": "p9"}']), encoding="utf-8")
    return [
        *(str(tmp_path / "old"), str(tmp_path / "new"), "--input", str(tmp_path / "posts.jsonl")),
        *("--map", "post_id=id,created_at=ts"),
    ]


def test_json(arguments: list[str]) -> None:
    result = CliRunner().invoke(compare, [*arguments, "--json"], catch_exceptions=False)
    report = json.loads(result.stdout)
    assert (report["posts"], report["skipped"]) == (6, 2)
    counts = {one["id"]: (one["stays"], one["enters"], one["leaves"]) for one in report["campaigns"]}
    assert counts == {"a": (1, 2, 1), "fresh": (0, 1, 0), "gone": (0, 0, 1), "same": (1, 0, 0)}
    (first, *_) = report["campaigns"]
    assert {sample["post_id"] for sample in first["entering"]} == {"p2", "p3"}
    assert first["leaving"] == [
        {
            "post_id": "p1",
            "text": "اسنپ آگهی",
            "matches": [{"keyword": "اسنپ", "start": 0, "end": 4, "rule": "exact"}],
        }
    ]


def test_text_and_samples(arguments: list[str]) -> None:
    result = CliRunner().invoke(compare, [*arguments, "--samples", "1"], catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("6 posts compared, 2 records skipped (")
    assert lines[1] == "a: 1 stay, +2 enter, -1 leave"
    assert len([line for line in lines if line.startswith("  + ")]) == 2
    assert "  - p1 [«اسنپ» exact] اسنپ آگهی" in lines
    assert lines[-1] == "1 of 4 campaigns unchanged"


def test_samples_do_not_depend_on_the_order(arguments: list[str], tmp_path: Path) -> None:
    def samples() -> list[str]:
        result = CliRunner().invoke(compare, [*arguments, "--samples", "1", "--json"], catch_exceptions=False)
        return [sample["post_id"] for one in json.loads(result.stdout)["campaigns"] for sample in one["entering"]]

    first = samples()
    file = tmp_path / "posts.jsonl"
    file.write_text("\n".join(reversed(file.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    assert samples() == first
