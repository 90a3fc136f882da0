import pytest

from listener.metrics import METRICS, family, label_text


def test_a_metric_that_is_not_declared_cannot_be_made() -> None:
    with pytest.raises(KeyError, match="listener_made_up"):
        family("listener_made_up", [])


def test_names_follow_the_conventions() -> None:
    for name, spec in METRICS.items():
        assert name == spec.name
        assert name.startswith("listener_")
        assert not name.endswith("_total"), "the exposition adds it to counters"
        assert spec.help.endswith(".")


def test_labels_keep_persian_and_the_half_space() -> None:
    assert label_text("می‌خواهم") == "می‌خواهم"
    assert label_text("a\tb\ud800") == "a\ufffdb\ufffd"
