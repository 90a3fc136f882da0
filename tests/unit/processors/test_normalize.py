"""hazm around protected tokens, with the numpy that the project pins."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hazm import Normalizer as HazmNormalizer

from processors.normalize import Normalizer
from tests.unit.processors.norm_cases import NOT_FOLLOWED


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    return Normalizer()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("كتاب ها را مي خوانم", "کتاب‌ها را می‌خوانم"),
        ("سلامممم   ۱۲ و 34", "سلام ۱۲ و ۳۴"),
        ("", ""),
        (" \n ", ""),
        ("كد https://t.co/Ab_1.  بخر", "کد https://t.co/Ab_1. بخر"),
        ("ببينhttps://t.co/كد", "ببینhttps://t.co/كد"),
        ("@علي_1 و @Ali.b: سلام", "@علي_1 و @Ali.b: سلام"),
        ("#دیجی_کالا\n\n\n\n#كتاب", "#دیجی_کالا\n\n#كتاب"),
        ("به info@digikala.com يا digikala.com/mag/1 برو", "به info@digikala.com یا digikala.com/mag/1 برو"),
        ("#تلگرام‌ و كتاب", "#تلگرام‌ و کتاب"),
        ("رشد 12.5 درصد و 10.450", "رشد ۱۲٫۵ درصد و ۱۰٫۴۵۰"),
        ("نسخه 4.7", "نسخه ۴٫۷"),
    ],
)
def test_examples(normalizer: Normalizer, text: str, expected: str) -> None:
    assert normalizer.normalize(text) == expected


def test_it_runs_on_numpy_2(normalizer: Normalizer) -> None:
    assert np.__version__.startswith("2.")
    assert normalizer.normalize("نمي روم") == "نمی‌روم"


@pytest.mark.data
def test_between_tokens_it_is_hazm(normalizer: Normalizer, data_dir: Path) -> None:
    """The steps are hazm's own, in hazm's order, on real posts."""
    hazm = HazmNormalizer()
    with (data_dir / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 2_000)]
    spelled = [hazm.normalize(text) for text in texts]
    assert [normalizer._hazm.normalize(text) for text in texts] == spelled
    assert [normalizer._pieces.normalize(text, {}) for text in texts] == spelled


@pytest.mark.parametrize(
    "token",
    [
        *("#می‌روم_خانه", "#دیجی_کالا", "#كيفيت", "#استقلال_۱۴۰۳", "#Iran2018", "＃تگ"),
        *("@علي_رضا", "@user.name_1", "@کاربر_123"),
        *("https://fa.wikipedia.org/wiki/ويكي_پديا", "https://x.ir/كتاب/12.5/صفحه", "http://a.ir/p(1)_q"),
        *(
            "t.me/كانال_ما",
            "t.me/abc_def",
            "www.bank-mellat.ir/12,5",
            "digikala.com/product/dkp-12?ref=ي",
            "sub.domain.co.uk",
        ),
        *("info@digikala.com", "a.b+c-d@mail.example.ir", "ftp://files.ir/12.zip", "https://t.co/AbC...dEf"),
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "ببین {} كه", "({} )", "«{} »", "قبل\n{}\nبعد", "سلام {} ، خوبي", "12.5 {} 3%"]
)
def test_addresses_handles_and_tags_stay_byte_for_byte(normalizer: Normalizer, token: str, frame: str) -> None:
    text = normalizer.normalize(frame.format(token))
    assert token in text
    assert normalizer.normalize(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("قيمت(https://t.co/ك1)", "https://t.co/ك1"),
        ("سايتhttps://x.ir/ي.", "https://x.ir/ي"),
        ("كانال:t.me/abc_1", "t.me/abc_1"),
        ("ايميل:info@x.ir،", "info@x.ir"),
        ("«https://x.ir/a_b»", "https://x.ir/a_b"),
        ("https://x.ir/ي!!!", "https://x.ir/ي"),
    ],
)
def test_glued_addresses(normalizer: Normalizer, text: str, kept: str) -> None:
    assert kept in normalizer.normalize(text)


@pytest.mark.data
def test_the_cases_of_other_suites(normalizer: Normalizer, data_dir: Path) -> None:
    """Every case but those named, by reason; and those named are really not followed."""
    with (data_dir / "norm_cases" / "cases.jsonl").open(encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    left_out = {f"{suite}-{n:04}" for suites in NOT_FOLLOWED.values() for suite, ns in suites.items() for n in ns}
    assert left_out <= {case["id"] for case in cases}
    for case in cases:
        if not isinstance(case["expected"], str):
            assert case["id"] in left_out
        elif case["id"] in left_out:
            assert normalizer.normalize(case["input"]) != case["expected"], case["id"]
        else:
            assert agrees(normalizer, case), case["id"]


def agrees(normalizer: Normalizer, case: dict[str, str]) -> bool:
    """As the suite expects, or as the suite expects after the steps that it does not run."""
    given = normalizer.normalize(case["input"])
    return given in (case["expected"], normalizer.normalize(case["expected"]))
