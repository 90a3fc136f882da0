"""Which part of a text speaks of the target, and when it says the opposite."""

import pytest

from listener.sentiment.artefact import load
from processors.sentiment.target import focus, toward

MODEL = load(None).model


def spans(text: str, name: str) -> tuple[tuple[int, int], ...]:
    at = text.index(name)
    return ((at, at + len(name)),)


@pytest.mark.parametrize(
    ("text", "target", "part", "turned"),
    [
        ("اسنپ خوبه ولی تپسی افتضاحه", "اسنپ", "اسنپ خوبه", False),
        ("اسنپ خوبه ولی تپسی افتضاحه", "تپسی", "ولی تپسی افتضاحه", False),
        ("اسنپ خوب بود. راننده مودب بود. تپسی بد بود", "اسنپ", "اسنپ خوب بود راننده مودب بود", False),
        ("اسنپ عالی، تپسی داغون", "تپسی", "تپسی داغون", False),
        ("اسنپ همیشه دیر میاد و تپسی همیشه زود میاد", "تپسی", "و تپسی همیشه زود میاد", False),
        ("اسنپ عالیه در حالی که تپسی گرونه", "اسنپ", "اسنپ عالیه", False),
        ("اسنپ از تپسی بهتره", "اسنپ", "اسنپ از تپسی بهتره", False),
        ("اسنپ از تپسی بهتره", "تپسی", "اسنپ از تپسی بهتره", True),
        ("برخلاف تپسی، اسنپ عالی بود", "تپسی", "برخلاف تپسی اسنپ عالی بود", True),
        ("اسنپ خوبه ولی گرونه", "اسنپ", "اسنپ خوبه ولی گرونه", False),
        ("دولت و ملت راضی‌اند ولی اسنپ گرونه", "اسنپ", "دولت و ملت راضی‌اند ولی اسنپ گرونه", False),
        ("بانک ملت خوبه ولی بانک سامان بد", "سامان", "ولی بانک سامان بد", False),
    ],
)
def test_focus(text: str, target: str, part: str, *, turned: bool) -> None:
    assert focus(text, spans(text, target)) == (part, turned)


def test_without_spans_it_is_the_whole_text() -> None:
    assert focus("اسنپ خوبه ولی تپسی بده", ()) == ("اسنپ خوبه ولی تپسی بده", False)


CASES = [
    ("فیلیمو عالیه، خیلی راضی‌ام، ولی نماوا افتضاحه", {"فیلیمو": "positive", "نماوا": "negative"}),
    ("دیجی‌کالا افتضاح بود، سفارشمو گم کرد، اما ترب واقعا عالی بود", {"دیجی‌کالا": "negative", "ترب": "positive"}),
    ("اسنپ خیلی بهتر از تپسیه", {"اسنپ": "positive"}),
    ("رایتل از ایرانسل خیلی بهتره، عالیه", {"رایتل": "positive", "ایرانسل": "negative"}),
    ("پشتیبانی ایرانسل داغون و بی‌ادب. همراه با رایتل عالی و راضی‌ام", {"ایرانسل": "negative", "رایتل": "positive"}),
    ("بستنی کاله خوشمزه و عالیه برعکس میهن که افتضاحه", {"کاله": "positive", "میهن": "negative"}),
    ("طاقچه رو دوست دارم، عالیه؛ فیدیبو اصلا خوب نبود و پشیمونم", {"طاقچه": "positive", "فیدیبو": "negative"}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_each_brand_gets_its_own(text: str, expected: dict[str, str]) -> None:
    assert {name: toward(MODEL, text, spans(text, name)).label for name in expected} == expected


def test_scores_are_turned_with_the_label() -> None:
    text = "اسنپ از تپسی خیلی بهتره، عالیه"
    straight, turned = (toward(MODEL, text, spans(text, name)) for name in ("اسنپ", "تپسی"))
    assert turned.label in {"negative", "neutral", "positive"}
    assert sum(turned.scores.values()) == pytest.approx(1, abs=1e-5)
    assert straight.scores.keys() == turned.scores.keys()
