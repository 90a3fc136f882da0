"""hazm around protected tokens, with the numpy that the project pins."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hazm import Normalizer as HazmNormalizer

from processors.normalize import Normalizer


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
    assert [normalizer._hazm.normalize(text) for text in texts] == [hazm.normalize(text) for text in texts]
