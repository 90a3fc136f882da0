"""What a mention says beyond its words: normalised text, sentiment toward the campaign, relevance, story."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from models.campaign import CampaignSet
from models.mention import LABELS, MAX_TEXT, Label
from processors.match.folding import Folded, fold
from processors.normalize import Normalizer
from processors.relevance.features import Profile, profile, profile_of
from processors.sentiment import Sentiment
from processors.sentiment.target import Asked

#: The sentiment of each text toward what stands at its spans; without spans, that of the whole text.
SentimentOf = Callable[[Sequence[Asked]], Sequence[Sentiment]]
#: Probability that the names at the spans of a text mean what the campaign means; the text folded comes last.
RelevanceOf = Callable[[str, Sequence[tuple[int, int]], Profile, Folded], float]
#: The story that a text tells.
StoryOf = Callable[[str, Folded], str]

_RELEVANT_FROM: Final = 0.5
_DECIMALS: Final = 6
_NONE: Final = CampaignSet()


class Item(NamedTuple):
    """A text and one campaign that it matches; ``spans`` are code points of the campaign's matches in it."""

    text: str
    campaign: str
    spans: tuple[tuple[int, int], ...]


class Analysis(NamedTuple):
    """The fields of ``Mention`` of the same names; None and empty where there is no model."""

    normalized: str
    sentiment: Label | None
    scores: dict[str, float]
    relevant: bool | None
    relevance: float | None
    story: str


class Enricher:
    """Analyses mentions. Immutable, safe between threads, and the same whatever is analysed together.

    ``versions`` names what was loaded: what decides (models, rules) → its version. ``missing`` says why a model is not
    there; mentions then go without what it would have said.
    """

    def __init__(
        self,
        normalizer: Normalizer,
        story: StoryOf,
        sentiment: SentimentOf | None,
        relevance: RelevanceOf | None,
        versions: Mapping[str, str],
        missing: Mapping[str, str],
        campaigns: CampaignSet = _NONE,
    ) -> None:
        self.versions: Final = dict(versions)
        self.missing: Final = dict(missing)
        self._normalize: Final = normalizer.normalize
        self._story: Final = story
        self._sentiment: Final = sentiment
        self._relevance: Final = relevance
        self._normalizer: Final = normalizer
        self._profiles: Final = {one.id: profile_of(one) for one in campaigns.campaigns}

    def of(self, campaigns: CampaignSet) -> "Enricher":
        """The same for other campaigns; what is loaded is shared."""
        return Enricher(
            self._normalizer, self._story, self._sentiment, self._relevance, self.versions, self.missing, campaigns
        )

    def analyse(self, items: Sequence[Item]) -> list[Analysis]:
        """The analysis of each item, in order; what equal texts share is done once. Takes any text.

        Of a text only the first ``MAX_TEXT`` code points, which mentions keep, are read.
        One step after the other over all texts, not one text after the other: each step's tables stay in the
        processor's cache.
        """
        items = [item if len(item.text) <= MAX_TEXT else item._replace(text=item.text[:MAX_TEXT]) for item in items]
        texts = list(dict.fromkeys(item.text for item in items))
        normalized = dict(zip(texts, map(self._normalize, texts), strict=True))
        folded = dict(zip(texts, map(fold, texts), strict=True))
        story = {text: self._story(text, folded[text]) for text in texts}
        different = list(dict.fromkeys(items))
        feelings = self._feelings(different, folded)
        relevances = [self._judge(item, folded[item.text]) for item in different]
        known = {
            item: Analysis(
                normalized[item.text],
                label,
                scores,
                None if relevance is None else relevance >= _RELEVANT_FROM,
                relevance,
                story[item.text],
            )
            for item, (label, scores), relevance in zip(different, feelings, relevances, strict=True)
        }
        return [known[item] for item in items]

    def _judge(self, item: Item, folded: Folded) -> float | None:
        if self._relevance is None:
            return None
        of = self._profiles.get(item.campaign) or profile(item.campaign, ())
        return round(self._relevance(item.text, item.spans, of, folded), _DECIMALS)

    def _feelings(
        self, items: Sequence[Item], folded: Mapping[str, Folded]
    ) -> list[tuple[Label | None, dict[str, float]]]:
        if self._sentiment is None:
            return [(None, {})] * len(items)
        scored = self._sentiment([Asked(item.text, item.spans, folded[item.text]) for item in items])
        return [(label if label in LABELS else None, scores) for label, scores in scored]
