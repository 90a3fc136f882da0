"""Training and scoring on tiny data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.sentiment import pieces
from processors.sentiment.report import calibration_error, report
from processors.sentiment.training import Example, train
from processors.sentiment.views import runs_of, views

WORDS = {
    "positive": ["عالی بود", "خیلی خوب بود", "راضی هستم", "عالی و خوب", "خوب و راضی", "راضی بودم عالی"],
    "negative": ["افتضاح بود", "خیلی بد بود", "ناراضی هستم", "افتضاح و بد", "بد و ناراضی", "ناراضی بودم افتضاح"],
    "neutral": ["قیمت چنده", "فردا می‌رسد", "قیمت فردا", "فردا قیمت چنده", "چنده فردا", "می‌رسد فردا"],
}
EXAMPLES = [Example(text, label) for label, texts in WORDS.items() for text in texts]
TRAINED = train(EXAMPLES, 7)
MODEL = TRAINED.fitted.model(TRAINED.temperature)
#: Words of the examples, and what no example holds.
PIECES = [word for one in EXAMPLES for word in one.text.split()] + ["نیست", "ناشناخته", "😡", "!", "‌", "a"]


def test_it_learns() -> None:
    assert [one.label for one in MODEL.batch(one.text for one in EXAMPLES)] == [one.label for one in EXAMPLES]


def test_scores_are_probabilities_of_all_labels_and_the_label_is_the_likeliest() -> None:
    label, scores = MODEL.score("خیلی عالی بود")
    assert list(scores) == ["negative", "neutral", "positive"]
    assert sum(scores.values()) == pytest.approx(1, abs=1e-5)
    assert scores[label] == max(scores.values())


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join), min_size=1, max_size=256))
@settings(max_examples=25, deadline=None)
def test_scores_do_not_depend_on_the_batch(texts: list[str]) -> None:
    together = MODEL.batch(texts)
    assert together == [MODEL.batch([text])[0] for text in texts]
    assert together[::-1] == MODEL.batch(texts[::-1])


def test_the_seed_decides() -> None:
    again = train(EXAMPLES, 7)
    assert np.array_equal(again.logits, TRAINED.logits)
    assert np.array_equal(again.fitted.estimator.coef_, TRAINED.fitted.estimator.coef_)
    assert again.temperature == TRAINED.temperature


def test_the_model_gives_the_logits_of_its_estimator() -> None:
    fitted, found = TRAINED.fitted, [views(one.text) for one in EXAMPLES]
    for one in found:
        runs = [run for word in one.words for run in runs_of(word)]
        parts = []
        for view, features in zip(fitted.views, (runs, one.stems, one.marks, one.concepts), strict=True):
            row = np.zeros(len(view.rarity))
            places = view.find(features)
            np.add.at(row, places, view.rarity[places] * view.scale(places))
            parts.append(row)
        expected = fitted.estimator.decision_function(np.concatenate(parts)[None])[0]
        assert MODEL.logits([one])[0] == pytest.approx(expected, abs=1e-9)


def test_near_copies_are_held_out_together() -> None:
    copies = [Example(f"{one.text}!", one.label) for one in EXAMPLES]
    trained = train([*EXAMPLES, *copies], 7)
    assert trained.fold[: len(EXAMPLES)].tolist() == trained.fold[len(EXAMPLES) :].tolist()


def test_the_model_agrees_with_the_estimator_for_two_labels() -> None:
    two = [one for one in EXAMPLES if one.label != "neutral"]
    trained = train(two, 7)
    model = trained.fitted.model(1.0)
    assert model.labels == ("negative", "positive")
    assert {one.label for one in model.batch(one.text for one in two)} == set(model.labels)


def test_five_labels_and_guesses() -> None:
    five = [Example(f"{one.text} {number % 2}", f"{number % 5 - 2}") for number, one in enumerate(EXAMPLES)]
    trained = train([*five, Example("عالی", "2", 0.2)], 7)
    assert len(trained.truth) == len(EXAMPLES), "guesses are not judged"
    assert report(trained).labels == ["-1", "-2", "0", "1", "2"]


@pytest.mark.parametrize(
    ("examples", "message"),
    [([], "two labels"), ([Example("خوب", "a")], "two labels"), ([*EXAMPLES, Example("x", "odd")], "'odd' has one")],
)
def test_too_few_examples(examples: list[Example], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(examples, 7)


def test_report() -> None:
    figures = report(TRAINED)
    assert sum(map(sum, figures.confusion)) == len(EXAMPLES)
    assert 0 <= figures.macro_f1 <= 1


def test_calibration_error() -> None:
    scores = np.array([0.9, 0.9, 0.55, 0.55])
    assert calibration_error(scores, np.array([True, True, True, False])) == pytest.approx(0.5 * 0.1 + 0.5 * 0.05)


def test_scores_stay_when_more_words_come_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{one.text} {'آبپتث'[number % 5] * (number % 3 + 2)}" for number, one in enumerate(EXAMPLES)]
    alone = MODEL.batch(texts)
    monkeypatch.setattr(pieces, "_REMEMBERED", 4)
    forgetful = TRAINED.fitted.model(TRAINED.temperature)
    assert forgetful.batch(texts) == alone == [forgetful.score(text) for text in texts]
