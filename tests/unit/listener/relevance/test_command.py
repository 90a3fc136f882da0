"""listener relevance and listener train relevance."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from listener.cli import cli
from listener.errors import UsageProblem
from listener.relevance.artefact import load

CAMPAIGNS = """
campaigns:
  - {id: gap, name: پیام‌رسان گپ, keywords: [گپ]}
  - {id: divar, name: Divar classifieds, keywords: [دیوار], all_of: [آگهی]}
"""
MARKS = [
    *({"campaign": "gap", "text": f"کانال ما در گپ {n}", "relevant": True} for n in "ابپت"),
    *({"campaign": "gap", "text": f"دیشب گپ زدیم {n}", "relevant": False} for n in "ابپت"),
]


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    directory = tmp_path / "campaigns"
    directory.mkdir()
    (directory / "all.yaml").write_text(CAMPAIGNS, encoding="utf-8")
    return directory


def ndjson(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments], input=stdin)


def answers(result: Result) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in result.stdout_bytes.splitlines()]


def test_the_default_model_tells_brand_from_word(campaigns: Path) -> None:
    texts = {
        "gap": ("پیام‌رسان گپ را نصب کردم، کانال هم دارد", "دیشب با رفقا گپ زدیم"),
        "divar": ("تو دیوار آگهی فروش گوشی گذاشتم", "روی دیوار اتاق عکس زدم"),
    }
    lines = [
        msgspec.json.encode({"id": f"{campaign}-{number}", "text": text, "campaign": campaign})
        for campaign, pair in texts.items()
        for number, text in enumerate(pair)
    ]
    result = run("relevance", "--campaigns", campaigns, stdin=b"\n".join(lines))
    assert [(one["id"], one["relevant"]) for one in answers(result)] == [
        ("gap-0", True),
        ("gap-1", False),
        ("divar-0", True),
        ("divar-1", False),
    ]
    assert all(0 <= float(str(one["score"])) <= 1 for one in answers(result))


def test_an_unknown_campaign_is_a_malformed_line(campaigns: Path) -> None:
    result = run("relevance", "--campaigns", campaigns, stdin=b'{"id": 1, "text": "a", "campaign": "nobody"}')
    assert answers(result)[0]["id"] is None
    assert "no campaign 'nobody'" in str(answers(result)[0]["error"])
    assert isinstance(result.exception, UsageProblem)


def test_marks_train_a_model(campaigns: Path, tmp_path: Path) -> None:
    feedback = [{"type": "relevance", "entity": "e", "at": "2026-01-01T00:00:00Z", **mark} for mark in MARKS]
    other = {"type": "forgotten", "author": "x", "at": "2026-01-01T00:00:00Z"}
    marks = ndjson(tmp_path / "marks.ndjson", [*feedback, other])
    out = tmp_path / "m.skops"
    result = run("train", "relevance", "--from-feedback", marks, "--campaigns", campaigns, "--out", out)
    assert result.exit_code == 0, result.output
    assert "macro-F1" in result.output
    assert load(out).origin.examples == len(MARKS)
    line = b'{"id": 1, "text": "\xd8\xaf\xd8\xb1 \xda\xaf\xd9\xbe", "campaign": "gap"}'
    assert len(answers(run("relevance", "--campaigns", campaigns, "--model", out, stdin=line))) == 1


def test_mistakes_name_file_line_and_field(campaigns: Path, tmp_path: Path) -> None:
    bad = ndjson(tmp_path / "bad.ndjson", [{"text": "a", "relevant": "yes"}])
    lost = ndjson(tmp_path / "lost.ndjson", [{"text": "a", "relevant": True, "campaign": "nobody"}])
    for data, said in ((bad, "bad.ndjson, line 1: .*relevant"), (lost, "lost.ndjson, line 1: 'campaign' 'nobody'")):
        result = run("train", "relevance", "--data", data, "--campaigns", campaigns, "--out", tmp_path / "m")
        assert isinstance(result.exception, UsageProblem)
        with pytest.raises(UsageProblem, match=said):
            raise result.exception
    assert isinstance(run("train", "relevance", "--out", tmp_path / "m").exception, UsageProblem)


def test_a_damaged_artefact_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "m.skops"
    damaged.write_bytes(b"nothing")
    with pytest.raises(UsageProblem, match="no relevance artefact or is damaged"):
        load(damaged)
    with pytest.raises(UsageProblem, match=r"no relevance artefact|has the format"):
        load(Path("models/sentiment/default.skops").resolve())


def test_the_default_artefact_holds_no_text() -> None:
    origin = load(None).origin
    assert origin.report.macro_f1 > 0.85
    assert "no text" in origin.licence
