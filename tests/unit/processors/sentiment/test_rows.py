"""What a model finds in many words or numbers at once is what it would find in each alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.sentiment.lookup import Lookup
from processors.sentiment.rows import Runs
from processors.sentiment.views import runs_of

NUMBERS = st.integers(0, 1 << 40) | st.integers(0, 40)
KNOWN = ["کتاب", "کتابها", "خوب", "خخخخ", "a😡", "آ" * 60]
PLACES = {run: place for place, run in enumerate(dict.fromkeys(run for word in KNOWN[:-2] for run in runs_of(word)))}
LETTERS = st.text("کتابهاخو a😡\u200c\x00\ud800", max_size=50).map(lambda text: text.replace(" ", ""))


@given(st.dictionaries(NUMBERS, st.integers(1, 1 << 30), max_size=60), st.lists(NUMBERS, max_size=60))
def test_a_lookup_finds_what_a_dictionary_finds(entries: dict[int, int], others: list[int]) -> None:
    keys = [*entries, *others]
    assert Lookup(entries).find(np.array(keys, np.intp)).tolist() == [entries.get(key, 0) for key in keys]


@given(st.lists(st.sampled_from(KNOWN) | LETTERS, min_size=1, max_size=12))
def test_runs_are_the_known_ones_of_each_word_once_in_order(words: list[str]) -> None:
    expected = [[0, *sorted(PLACES[run] + 1 for run in runs_of(word) if run in PLACES)] for word in words]
    assert Runs(PLACES).rows(words).tolist() == [row for rows in expected for row in rows]
