"""``listener explain`` as a filter and as a page."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.explain import explain


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("{id: snapp, keywords: [اسنپ]}", encoding="utf-8")
    return tmp_path


def test_lines(campaigns: Path) -> None:
    given = "\n".join(json.dumps({"id": n, "text": text}) for n, text in enumerate(("اسنپم", "واسنپ", "هیچ")))
    result = CliRunner().invoke(explain, ["--campaigns", str(campaigns)], input=given, catch_exceptions=False)
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert first["campaigns"][0]["found"][0] == {
        "keyword": "اسنپ",
        "start": 0,
        "end": 4,
        "text": "اسنپ",
        "en": "with the ending «م»",
        "fa": "با پسوند «م»",
        "rule": "suffix",
        "tokens": [
            {"text": "اسنپ", "reads": "اسنپ", "role": "word"},
            {"text": "م", "reads": "م", "role": "suffix"},
        ],
    }
    assert second["campaigns"][0]["missed"][0]["reason"] == "prefix"
    assert third == {"id": 2, "campaigns": []}


def test_one_text_for_people(campaigns: Path) -> None:
    arguments = ["--campaigns", str(campaigns), "--text", "واسنپ به اسنپ‌ها"]
    said = CliRunner().invoke(explain, arguments, catch_exceptions=False).output
    assert said.startswith("snapp: matches · می‌خواند\n  + اسنپ «اسنپ» at 9:13: suffix\n      with the ending «ها»\n")
    assert "  - اسنپ «اسنپ» at 1:5: prefix\n" in said
    assert "پیشوند «و» پذیرفته نیست" in said


def test_nothing_to_say(campaigns: Path) -> None:
    said = CliRunner().invoke(explain, ["--campaigns", str(campaigns), "--text", "هیچ"]).output
    assert "No campaign matches" in said
