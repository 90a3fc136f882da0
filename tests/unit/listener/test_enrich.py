"""Loading the enricher: what ships, and going on without what cannot be loaded."""

from pathlib import Path

import pytest

from listener.enrich import load_enricher
from models.campaign import CampaignSet
from models.mention import LABELS
from processors.enrich import Enricher, Item

CAMPAIGNS = CampaignSet()


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return load_enricher(CAMPAIGNS)


def test_what_ships(enricher: Enricher) -> None:
    (found,) = enricher.analyse([Item("كيفيتش عالیه، خیلی راضی‌ام از دیجی کالا", "digikala", ((31, 40),))])
    assert found.sentiment == "positive"
    assert found.normalized.startswith("کیفیتش")
    assert set(found.scores) == set(LABELS)
    assert sum(found.scores.values()) == pytest.approx(1, abs=1e-5)
    assert enricher.missing == {}
    assert len(enricher.versions["sentiment"]) == 16


@pytest.mark.parametrize("text", ["", " \n", "\udcff\ud800", "\x00\x1d", "ا" * 5_000, "🙂‍↔️", "ن\u200c" * 2_000])
def test_any_text_is_taken(enricher: Enricher, text: str) -> None:
    (found,) = enricher.analyse([Item(text, "c", ())])
    assert sum(found.scores.values()) == pytest.approx(1, abs=1e-5)


def test_batches_do_not_matter(enricher: Enricher) -> None:
    items = [Item(f"متن شماره {number} خوب نبود", "c", ((0, 3),)) for number in range(256)]
    assert enricher.analyse(items) == [enricher.analyse([item])[0] for item in items]


def test_a_damaged_model_is_left_out(tmp_path: Path) -> None:
    damaged = tmp_path / "m.skops"
    damaged.write_bytes(b"no model")
    enricher = load_enricher(CAMPAIGNS, damaged)
    assert "damaged" in enricher.missing["sentiment"]
    assert enricher.versions.keys().isdisjoint({"sentiment"})
    (found,) = enricher.analyse([Item("عالی", "c", ())])
    assert (found.sentiment, found.scores) == (None, {})


def test_syndicated_copies_are_one_story(enricher: Enricher) -> None:
    body = (
        "شرکت بریمو اعلام کرد که از ابتدای ماه آینده خدمات خود را در ده شهر تازه آغاز می‌کند و به رانندگان وام می‌دهد. "
    )
    texts = [
        body * 3,
        f"به گزارش خبرگزاری، {body * 3}",
        "خبر دیگری دربارهٔ هوا و باران فردا در شمال کشور و راه‌های آن " * 4,
    ]
    stories = [one.story for one in enricher.analyse([Item(text, "c", ()) for text in texts])]
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]
