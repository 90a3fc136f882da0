"""The analysis of mentions: order kept, equal texts once, any text accepted, models left out."""

from collections.abc import Sequence

import pytest

from models.campaign import Campaign, CampaignSet
from models.mention import MAX_TEXT
from processors.enrich import Analysis, Enricher, Item
from processors.match.folding import Folded
from processors.normalize import Normalizer
from processors.relevance.features import Profile
from processors.sentiment import Sentiment
from processors.sentiment.target import Asked


def as_it_is(text: str, _folded: Folded) -> str:
    return text


NEUTRAL = {"negative": 0.25, "neutral": 0.5, "positive": 0.25}


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    return Normalizer()


def test_every_field(normalizer: Normalizer) -> None:
    def sentiment(asked: Sequence[Asked]) -> list[Sentiment]:
        assert {one.text[slice(*one.spans[0])] for one in asked} == {"گپ"}
        return [Sentiment("neutral", NEUTRAL)] * len(asked)

    def relevance(text: str, spans: Sequence[tuple[int, int]], of: Profile, _folded: Folded) -> float:
        return 0.8 if of.campaign == "gap" and "messenger" in of.sectors else 0.3

    enricher = Enricher(normalizer, lambda text, _: text.upper(), sentiment, relevance, {"sentiment": "abc"}, {})
    enricher = enricher.of(CampaignSet((Campaign(id="gap", keywords=("گپ",)),)))
    found = enricher.analyse([Item("كد گپ x", "gap", ((3, 5),)), Item("كد گپ x", "other", ((3, 5),))])
    assert found == [
        Analysis("کد گپ x", "neutral", NEUTRAL, relevant=True, relevance=0.8, story="كد گپ X"),
        Analysis("کد گپ x", "neutral", NEUTRAL, relevant=False, relevance=0.3, story="كد گپ X"),
    ]
    assert enricher.versions == {"sentiment": "abc"}


def test_equal_texts_are_analysed_once_and_order_is_kept(normalizer: Normalizer) -> None:
    texts_asked: list[str] = []

    def sentiment(asked: Sequence[Asked]) -> list[Sentiment]:
        texts_asked.extend(one.text for one in asked)
        return [Sentiment("neutral", NEUTRAL)] * len(asked)

    texts = ["ب", "الف", "ب", "پ", "الف"]
    enricher = Enricher(normalizer, as_it_is, sentiment, None, {}, {})
    found = enricher.analyse([Item(text, "c", ()) for text in texts])
    assert [one.story for one in found] == texts
    assert texts_asked == ["ب", "الف", "پ"]


def test_without_models_and_with_unknown_labels(normalizer: Normalizer) -> None:
    bare = Enricher(normalizer, as_it_is, None, None, {}, {"sentiment": "damaged"})
    assert bare.analyse([Item("متن", "c", ())]) == [Analysis("متن", None, {}, None, None, "متن")]
    odd = Enricher(normalizer, as_it_is, lambda asked: [Sentiment("2", {"2": 1.0})] * len(asked), None, {}, {})
    assert odd.analyse([Item("متن", "c", ())])[0].sentiment is None


@pytest.mark.parametrize("unit", ["خوب ", "a.", "#a@b.", "ن\u200c"])
def test_of_a_huge_text_only_what_mentions_keep_is_read(normalizer: Normalizer, unit: str) -> None:
    asked: list[int] = []

    def sentiment(every: Sequence[Asked]) -> list[Sentiment]:
        asked.extend(len(one.text) for one in every)
        return [Sentiment("neutral", NEUTRAL)] * len(every)

    def relevance(text: str, spans: Sequence[tuple[int, int]], of: Profile, _folded: Folded) -> float:
        asked.append(len(text))
        return 0.5

    def story(text: str, _folded: Folded) -> str:
        asked.append(len(text))
        return ""

    enricher = Enricher(normalizer, story, sentiment, relevance, {}, {})
    (found,) = enricher.analyse([Item(unit * (1_000_000 // len(unit)), "c", ((0, 3),))])
    assert asked == [MAX_TEXT] * 3
    assert len(found.normalized) <= 2 * MAX_TEXT
