from listener.relevance.words import is_common


def test_common_words_and_names() -> None:
    """Canonical letters without separators, as the matcher has them."""
    assert all(map(is_common, ("دیوار", "سروش", "ماه", "ملت", "همراه")))
    assert not any(map(is_common, ("بریمو", "هزارسبد", "دیجیکالا", "snapp", "")))
