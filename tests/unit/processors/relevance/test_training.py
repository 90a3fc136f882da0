"""Training of relevance: it learns, repeats itself, and the model scores as its estimator does."""

import numpy as np
import pytest

from processors.relevance.features import profile
from processors.relevance.model import RelevanceModel, vector
from processors.relevance.training import Example, train

OF = profile("", ("گپ", "Gap messenger"))
YES = ("کانال ما در گپ است شماره {}", "پیام‌رسان گپ را نصب کردم بار {}", "اکانت گپ من {} بار پرید")
NO = ("دیشب {} ساعت گپ زدیم", "با {} نفر گپ و گفت داشتیم", "بیا {} دقیقه گپ بزنیم")


def example(text: str, *, relevant: bool, weight: float = 1.0) -> Example:
    at = text.index("گپ")
    return Example(text, ((at, at + 2),), OF, relevant, weight)


EXAMPLES = [
    example(text.format(number), relevant=relevant)
    for relevant, texts in ((True, YES), (False, NO))
    for text in texts
    for number in ("یک", "دو", "سه", "چهار")
]


def test_it_learns_and_repeats_itself() -> None:
    trained, again = train(EXAMPLES, 7), train(EXAMPLES, 7)
    model = trained.fitted.model(trained.temperature)
    unseen = "گپ را از کانال پیام‌رسان نصب کن"
    assert model.score(unseen, ((0, 2),), OF) > 0.5
    assert model.score("گپ زدیم", ((0, 2),), OF) < 0.5
    assert trained.report == again.report
    assert np.array_equal(trained.fitted.estimator.coef_, again.fitted.estimator.coef_)
    assert trained.report.macro_f1 > trained.report.majority_macro_f1


def test_the_model_scores_as_its_estimator_does() -> None:
    fitted = train(EXAMPLES, 7).fitted
    model = fitted.model(1.0)
    column = {one: place for place, one in enumerate(fitted.hashes.tolist())}
    for one in EXAMPLES:
        row = np.zeros(len(column))
        for place, value in vector(one.text, one.spans, one.of).items():
            row[column[place]] = value
        expected = fitted.estimator.predict_proba(row[None])[0, 1]
        assert model.score(one.text, one.spans, one.of) == pytest.approx(expected, abs=1e-9)


def test_background_is_never_judged() -> None:
    background = [example("گپ زدیم و گپ زدیم", relevant=True, weight=0.1)] * 5
    assert sum(map(sum, train([*EXAMPLES, *background], 7).report.confusion)) == len(EXAMPLES)


def test_both_verdicts_are_needed() -> None:
    with pytest.raises(ValueError, match="two examples of each verdict"):
        train([one for one in EXAMPLES if one.relevant], 7)


def test_unknown_features_say_nothing() -> None:
    assert RelevanceModel({}, 0.0, 1.0).score("متن", (), OF) == 0.5


def test_a_name_that_is_no_common_word_is_taken_at_its_word() -> None:
    """Nothing was learnt about either: one can mean something else, the other hardly."""
    model = RelevanceModel({}, 0.0, 1.0).with_words(lambda word: word == "دیوار")
    assert model.score("دیوار بلند است", ((0, 5),), OF) == 0.5
    assert model.score("بریمو گرفتم", ((0, 5),), OF) > 0.95
    assert model.score("بریمو گرفتم", (), OF) == 0.5, "a text without the name has no name to trust"
