"""The raw-bytes filter: what it must let through, and how little else."""

import json
from itertools import islice
from pathlib import Path

import pytest

from models.campaign import Campaign, CampaignSet
from processors.match import Matcher
from processors.match.canonical import canonical
from processors.match.patterns import KeywordPattern


def matcher_of(*keywords: str, accounts: tuple[str, ...] = (), all_of: tuple[str, ...] = ()) -> Matcher:
    return Matcher(CampaignSet((Campaign(id="c", keywords=keywords, accounts=accounts, all_of=all_of),)))


def record(text: str | None, *, ascii_only: bool = False, **fields: object) -> bytes:
    post = {"platform": "twitter", "op": "create", "author": {"id": "7", "handle": "someone"}, "text": text, **fields}
    return json.dumps(post, ensure_ascii=ascii_only).encode()


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "دیجی‌کالا", "ديجي كالا", "دیجیییی کالا", "دِیجی کالا", "دیجـی کالا",
        "#دیجی_کالا", "د‌ی‌ج‌ی کالا", "دی\u200fجی کالا",
        "ﺩﯾﺠﯽ ﮐﺎﻻ", "دیجی¬کالا", "د\ufe0fیجی کالا", 'گفت: "دیجی کالا"', "دیجی\nکالا",
    ],
)  # fmt: skip
def test_spellings_pass(text: str, *, ascii_only: bool) -> None:
    matcher = matcher_of("دیجی‌کالا")
    assert matcher.text(text)
    assert matcher.prefilter.candidate(record(text, ascii_only=ascii_only))


@pytest.mark.parametrize("text", ["سلام به همه", "کتاب‌ها و کاغذ", "حتماً میام ❤️", "see https://t.co/AbC123", ""])
def test_ordinary_posts_do_not(text: str) -> None:
    assert not matcher_of("دیجی‌کالا", "digikala", "اسنپ").prefilter.candidate(record(text))


def test_a_run_of_records_is_searched_in_one_go() -> None:
    find = matcher_of("digikala", accounts=("@asnapp",)).prefilter.find_each
    texts = ["DigiKala", "kala", "kala", None, "digi", "kala", "\u0627", "digikala digikala", "kala"]
    raws = [record(text, ascii_only=number == 6) for number, text in enumerate(texts)]
    raws[2] = record("kala", mentions=["@Asnapp"])
    shown = [json.dumps(text, ensure_ascii=number == 6).encode() if text else b"" for number, text in enumerate(texts)]
    assert find(raws, shown) == [0, 2, 6, 7]
    assert find([], []) == []


def test_whatever_may_hide_a_keyword_is_looked_at() -> None:
    prefilter = matcher_of("digikala").prefilter
    escaped = json.dumps("سلام به همه").encode()
    assert prefilter.find_each([b"{}"] * 3, [b'"hello"', escaped, b'"digikala"']) == [1, 2]
    assert prefilter.candidate_text("a\0b")
    assert not prefilter.candidate_text("سلام به همه")


def test_accounts_pass_wherever_they_stand() -> None:
    prefilter = matcher_of(accounts=("@Digi_Kala", "42")).prefilter
    assert prefilter.candidate(record("x", author={"id": "1", "handle": "digi_kala"}))
    assert prefilter.candidate(record("x", author={"id": "42"}))
    assert prefilter.candidate(record("x", mentions=["@DIGI_KALA"]))
    assert not prefilter.candidate(record("x"))


@pytest.mark.parametrize("keyword", ["twitter", "x", "handle", "post", "لا"])
def test_words_of_every_record_are_searched_for_in_the_text_alone(keyword: str) -> None:
    prefilter = matcher_of(keyword, "اسنپ").prefilter
    assert not prefilter.candidate(record("بنفش", url="https://twitter.com/x/status/1"))
    assert prefilter.candidate(record(f"بنفش {keyword}", url="https://twitter.com/x/status/1"))
    assert prefilter.candidate(record(f'"a\\" {keyword}'))
    assert not prefilter.candidate(record(None, extra={"text": f"{keyword}"}))
    assert prefilter.candidate(
        record("بنفش").replace(b'"text"', b'"te\\u0078t"').replace("بنفش".encode(), keyword.encode())
    )
    assert prefilter.candidate(record("اسنپ"))


def test_without_keywords_the_rarest_of_all_words_decides() -> None:
    prefilter = matcher_of(all_of=("ایران", "پتروشیمی")).prefilter
    assert not prefilter.candidate(record("ایران"))
    assert prefilter.candidate(record("پتروشیمی ایران"))


@pytest.mark.data
def test_on_real_posts_nothing_is_missed_and_few_are_looked_at_in_vain(data_dir: Path) -> None:
    lexicon = (data_dir / "lexicons" / "brands_handmade.jsonl").read_text(encoding="utf-8").splitlines()
    brands = [word for line in lexicon for word in (json.loads(line)["brand"], *json.loads(line)["latin"])]
    brands.remove("x")  # one letter is in every other link
    matcher, patterns = matcher_of(*brands), [KeywordPattern(brand) for brand in brands]
    with (data_dir / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 0, None, 30)]
    candidates = [text for text in texts if matcher.prefilter.candidate(record(text))]
    assert len(candidates) < 0.27 * len(texts)
    for text in set(texts).difference(candidates):
        assert not any(pattern.find(canonical(text)) for pattern in patterns)
    for text in candidates:
        assert bool(matcher.text(text)) == any(pattern.find(canonical(text)) for pattern in patterns)
