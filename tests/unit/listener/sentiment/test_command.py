"""``listener sentiment`` and ``listener train sentiment``."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from skops.io import dumps, loads

from listener.errors import UsageProblem
from listener.sentiment.artefact import load
from listener.sentiment.command import sentiment, train

ROWS = [
    {"text": f"{word} {more}", "mood": mood}
    for word, mood in (("عالی", "up"), ("خوب", "up"), ("بد", "down"), ("افتضاح", "down"))
    for more in ("بود", "است", "شد")
]


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sentiment")
    data = directory / "data.ndjson"
    data.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    out = directory / "m.skops"
    command = ["sentiment", "--data", str(data), "--label-field", "mood", "--licence", "ours", "--out", str(out)]
    result = CliRunner().invoke(train, command, catch_exceptions=False)
    assert "macro-F1" in result.output
    assert "µs per post" in result.output
    return out


def test_filter(artefact: Path) -> None:
    lines = ['{"id": 1.10, "text": "عالی بود", "target": "x"}', "", '{"id": "b", "text": "افتضاح"}']
    result = CliRunner().invoke(sentiment, ["--model", str(artefact)], input="\n".join(lines))
    first, second = result.stdout.splitlines()
    assert first.startswith('{"id":1.10,"label":"up","scores":{"down":')
    assert json.loads(second)["label"] == "down"
    assert result.exit_code == 0


def test_malformed_lines_keep_their_place(artefact: Path) -> None:
    given = ['{"id": 1, "text": ""}', "{", '{"id": 2}', '{"id": null, "text": ""}', '{"id": 3, "text": "خوب"}']
    result = CliRunner().invoke(sentiment, ["--model", str(artefact)], input="\n".join(given) + "\n")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, None, None, None, 3]
    assert isinstance(result.exception, UsageProblem)
    assert "3 malformed" in str(result.exception)


def test_the_default_model_is_offline_and_has_three_labels() -> None:
    model, _, origin = load(None)
    assert model.labels == ("negative", "neutral", "positive")
    assert origin.licence != "not stated"
    assert model.score("خیلی راضی‌ام، عالی بود").label == "positive"
    assert model.score("افتضاح بود، اصلا نخرید").label == "negative"
    assert model.score("ساعت کاری شعبه چنده؟").label == "neutral"


def test_the_origin_is_kept(artefact: Path) -> None:
    origin = load(artefact).origin
    assert (origin.examples, origin.licence, len(origin.data)) == (len(ROWS), "ours", 64)
    assert origin.estimator.startswith("LogisticRegression")


def test_other_versions_are_refused(artefact: Path, tmp_path: Path) -> None:
    content = loads(artefact.read_bytes())
    origin = json.loads(content["origin"])
    origin["libraries"]["scikit-learn"] = "0.1"
    content["origin"] = json.dumps(origin)
    other = tmp_path / "other.skops"
    other.write_bytes(dumps(content))
    with pytest.raises(UsageProblem, match=r"scikit-learn 0\.1 \(here .*train it again"):
        load(other)


class Foreign:
    """A type that no artefact may hold."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "damaged"),
        (b"PK\x03\x04 cut", "damaged"),
        (dumps({"format": "x"}), "damaged"),
        (dumps({"format": "x", "origin": ""}), "has the format"),
        (dumps({"a": Foreign()}), "not trusted"),
    ],
)
def test_bad_artefacts(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "m.skops"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageProblem, match=message):
        load(path)


def test_weights_that_do_not_fit_are_refused(artefact: Path, tmp_path: Path) -> None:
    content = loads(artefact.read_bytes())
    content["features"][0] += "\nextra"
    path = tmp_path / "m.skops"
    path.write_bytes(dumps(content))
    with pytest.raises(UsageProblem, match="differ in number"):
        load(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1"),
        ('{"text": 5, "label": "a"}', "'text' must be a string"),
        ('{"text": "a"}', "'label' must be"),
        ('{"text": "a", "label": "a"}', "two labels"),
    ],
)
def test_bad_training_data(tmp_path: Path, line: str, message: str) -> None:
    data = tmp_path / "d.ndjson"
    data.write_text(line, encoding="utf-8")
    result = CliRunner().invoke(train, ["sentiment", "--data", str(data), "--out", str(tmp_path / "m")])
    assert isinstance(result.exception, UsageProblem)
    assert message in str(result.exception)


def test_guessed_labels_are_counted_as_examples(artefact: Path, tmp_path: Path) -> None:
    labelled = [{"text": row["text"], "label": "positive" if row["mood"] == "up" else "negative"} for row in ROWS]
    posts = [{"text": "عالی و قشنگ"}, {"text": "بد و افتضاح"}, {"text": "خوب و قشنگ"}, {"text": "خوب ولی بد"}]
    data, distant, out = (tmp_path / name for name in ("d", "p", "m"))
    data.write_bytes(b"\n".join(map(msgspec.json.encode, labelled)))
    distant.write_bytes(b"\n".join(map(msgspec.json.encode, posts)))
    command = ["sentiment", "--data", str(data), "--distant", str(distant), "--out", str(out)]
    CliRunner().invoke(train, command, catch_exceptions=False)
    assert load(out).origin.examples == len(ROWS) + 2, "as many of each label as the least guessed one has"
