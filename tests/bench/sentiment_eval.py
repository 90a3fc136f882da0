"""How sentiment does on the research sets: cross-validated on DeepSentiPers, and an artefact on all of them.

python tests/bench/sentiment_eval.py [--data DIR] [--model M] [--artefact-only]
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import classification_report, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from listener.sentiment.artefact import load
from processors.sentiment import SentimentModel
from processors.sentiment.report import report
from processors.sentiment.training import Example, train

EMOTIONS = {
    **dict.fromkeys(("ANGRY", "HATE", "SAD", "FEAR"), "neg"),
    "HAPPY": "pos",
    "OTHER": "neu",
    "SURPRISE": "surprise",
}
LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive"}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])


def labelled(directory: Path) -> list[dict[str, Any]]:
    return [*rows(directory / "train.jsonl"), *rows(directory / "dev.jsonl")]


def cross_validate(data: Path, seeds: int) -> None:
    """Five folds over train and dev together, near copies in one fold, beside plain TF-IDF in the same folds."""
    found = labelled(data / "deepsentipers")
    tasks = {
        "two classes": [Example(row["text"], row["label3"]) for row in found if row["label3"] != "neu"],
        "three classes": [Example(row["text"], row["label3"]) for row in found],
        "five classes": [Example(row["text"], str(row["label5"])) for row in found],
    }
    for name, examples in tasks.items():
        for seed in range(seeds):
            trained = train(examples, seed)
            figures = report(trained)
            print(
                f"{name}, seed {seed}: weighted F1 {figures.weighted_f1:.3f} ± {figures.weighted_f1_spread:.3f}, "
                f"macro-F1 {figures.macro_f1:.3f} ± {figures.macro_f1_spread:.3f}, "
                f"calibration error {figures.calibration_error:.3f}; {plain(examples, trained.fold)}",
                flush=True,
            )


def plain(examples: list[Example], fold: NDArray[np.intp]) -> str:
    """What TF-IDF of words and pairs with a linear support vector machine gets in the same folds."""
    texts, labels = np.array([one.text for one in examples], object), np.array([one.label for one in examples])
    weighted, macro = [], []
    for number in range(fold.max() + 1):
        line = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC())
        given = line.fit(texts[fold != number], labels[fold != number]).predict(texts[fold == number])
        weighted.append(f1_score(labels[fold == number], given, average="weighted", zero_division=0))
        macro.append(f1_score(labels[fold == number], given, average="macro", zero_division=0))
    return f"plain TF-IDF: weighted {np.mean(weighted):.3f}, macro {np.mean(macro):.3f}"


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
    parser.add_argument("--seeds", type=int, default=1, help="repetitions of the cross-validation")
    options = parser.parse_args()
    if not options.artefact_only:
        cross_validate(options.data, options.seeds)
    model = load(options.model).model
    for name in ("deepsentipers", "parsinlu_food"):
        judge(model, name, labelled(options.data / name))
    emotions = [{**row, "label3": EMOTIONS[row["emotion"]]} for row in labelled(options.data / "armanemo")]
    judge(model, "armanemo (emotions that have a side, OTHER as neutral)", emotions)


if __name__ == "__main__":
    main()
