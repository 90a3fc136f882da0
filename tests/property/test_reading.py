"""What is worked out once per word is what the rules say of the whole text."""

import re
from itertools import takewhile

from hypothesis import example, given
from hypothesis import strategies as st

from listener.sentiment.artefact import load
from processors.match.folding import fold, fold_text
from processors.relevance.features import PREFIXES, features, find, profile
from processors.sentiment.signs import negated
from processors.sentiment.tokens import plain, read, tokens, tokens_of
from processors.sentiment.views import views

MODEL = load(None).model
GAP = profile("gap", ("گپ",))

#: What the rules of the analysis form look for, and what may stand around it.
PARTS = (
    *("می", "نمی", "بی", "فوق", "العاده", "قابل", "قبول", "غیر", "ها", "های", "تر", "ام", "اند", "ای"),
    *("کتاب", "شود", "پا", "خوب", "خیلی", "نیست", "بدون", "گپ", "بانک", "کانال", "ششش", "ك", "ّ", "\ufe0f", "ـ", "😡"),
    *("۱۲٫۵", "0", "@", "#", "_", "https://", "www.", "a.ir", "rt", "!", "؟", ".", "،", "«", "\ue000"),
    *(" ", " ", " ", " ", "  ", "\u200c", "\n", "\t"),
)
TEXTS = st.lists(st.sampled_from(PARTS), max_size=16).map("".join) | st.text(max_size=30)


@given(TEXTS)
@example("بی پا های")
@example("می @a شود")
@example("کتاب \u200c ها")
@example("فوق  العاده")
def test_pieces_read_as_the_whole_text(text: str) -> None:
    written = plain(text)
    words = read(fold_text(text))
    assert [word for one in words for word in one.words] == written.split()
    assert [token.text for token in tokens_of(words)] == tokens(text) == re.findall(r"\w+|[^\w\s]", written)


@given(TEXTS)
def test_what_is_scored_is_what_training_sees_bit_for_bit(text: str) -> None:
    assert MODEL.logits_read([read(fold_text(text))]) == MODEL.logits([views(text)])


#: How many words of its clause a word denies, back (below 0) or on.
REACH = {"نیست": -3, "نمیشود": -3, "بدون": 2, "فاقد": 2, "خوب": 0, "کتاب": 0, "ولی": 0, ".": 0}
ENDS = ("ولی", ".")


@given(st.lists(st.sampled_from(sorted(REACH)), max_size=16))
def test_a_denial_reaches_over_some_words_within_its_clause_and_two_cancel_each_other(words: list[str]) -> None:
    times = [0] * len(words)
    for at, word in enumerate(words):
        reach = REACH[word]
        span = range(at - 1, at + reach - 1, -1) if reach < 0 else range(at + 1, at + reach + 1)
        for place in takewhile(lambda one: 0 <= one < len(words) and words[one] not in ENDS, span):
            times[place] += 1
    assert negated(words) == [time % 2 == 1 for time in times]


@given(TEXTS)
def test_a_text_folded_before_has_the_same_features(text: str) -> None:
    spans = tuple((one.start(), one.end()) for one in re.finditer("گپ", text))
    found = find(text, spans, GAP, fold(text))
    assert {prefix + one for prefix, kind in zip(PREFIXES, found, strict=True) for one in kind} == features(
        text, spans, GAP
    )


@given(st.lists(TEXTS, max_size=8))
def test_scores_do_not_depend_on_what_is_scored_together(texts: list[str]) -> None:
    assert MODEL.batch(texts) == [MODEL.score(text) for text in reversed(texts)][::-1]
