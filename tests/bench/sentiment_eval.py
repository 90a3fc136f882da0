"""How sentiment does on the research sets: cross-validated on DeepSentiPers, and an artefact on all of them.

python tests/bench/sentiment_eval.py [--data DIR] [--model M] [--artefact-only]
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from sklearn.metrics import classification_report, f1_score

from listener.sentiment.artefact import load
from processors.sentiment import SentimentModel
from processors.sentiment.report import report
from processors.sentiment.training import Example, train

SEED = 0
LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive"}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])


def labelled(directory: Path) -> list[dict[str, Any]]:
    return [*rows(directory / "train.jsonl"), *rows(directory / "dev.jsonl")]


def cross_validate(data: Path) -> None:
    """Five folds over train and dev together, each vocabulary and weight learned inside its fold."""
    found = labelled(data / "deepsentipers")
    tasks = {
        "two classes": [Example(row["text"], row["label3"]) for row in found if row["label3"] != "neu"],
        "three classes": [Example(row["text"], row["label3"]) for row in found],
        "five classes": [Example(row["text"], str(row["label5"])) for row in found],
    }
    for name, examples in tasks.items():
        figures = report(train(examples, SEED))
        print(
            f"{name}: weighted F1 {figures.weighted_f1:.3f} ± {figures.weighted_f1_spread:.3f}, "
            f"macro-F1 {figures.macro_f1:.3f} ± {figures.macro_f1_spread:.3f}, "
            f"calibration error {figures.calibration_error:.3f}"
        )


def judge(model: SentimentModel, name: str, found: list[dict[str, Any]]) -> None:
    kept = [row for row in found if row["label3"] in LABELS]
    truth = [LABELS[row["label3"]] for row in kept]
    start = perf_counter()
    given = [one.label for one in model.batch(row["text"] for row in kept)]
    cost = (perf_counter() - start) / len(kept) * 1e6
    print(f"{name}: {cost:.0f} µs per text, macro-F1 {f1_score(truth, given, average='macro', zero_division=0):.3f}")
    print(classification_report(truth, given, zero_division=0))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path)
    parser.add_argument("--artefact-only", action="store_true")
    options = parser.parse_args()
    if not options.artefact_only:
        cross_validate(options.data)
    model = load(options.model).model
    for name in ("deepsentipers", "parsinlu_food"):
        judge(model, name, labelled(options.data / name))


if __name__ == "__main__":
    main()
