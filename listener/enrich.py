"""Loads what ``processors.enrich`` needs; a model that cannot be loaded is left out, with the reason."""

import logging
from functools import partial
from pathlib import Path
from typing import Final

from listener.errors import UsageProblem
from listener.relevance.artefact import load as load_relevance
from listener.sentiment.artefact import load as load_sentiment
from models.campaign import CampaignSet
from models.mention import LABELS
from processors.enrich import Enricher, RelevanceOf, SentimentOf
from processors.normalize import Normalizer
from processors.sentiment.target import toward_each
from processors.stories import story_id

_LOGGER: Final = logging.getLogger("listener.enrich")


def load_enricher(campaign_set: CampaignSet, sentiment: Path | None = None, relevance: Path | None = None) -> Enricher:
    """The enricher for these campaigns with these artefacts; None means the one that ships.

    Takes seconds: hazm is loaded too. A missing, damaged or unsuitable artefact is logged and left out
    (``Enricher.missing``): mentions are counted all the same.
    """
    normalizer = Normalizer()
    normalizer.normalize("سلام")
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    try:
        feeling, versions["sentiment"] = _sentiment(sentiment)
    except UsageProblem as problem:
        feeling, missing["sentiment"] = None, str(problem)
    try:
        judge, versions["relevance"] = _relevance(relevance)
    except UsageProblem as problem:
        judge, missing["relevance"] = None, str(problem)
    for model, reason in missing.items():
        _LOGGER.error("mentions go without %s: %s", model, reason)
    return Enricher(normalizer, story_id, feeling, judge, versions, missing, campaign_set)


def _relevance(path: Path | None) -> tuple[RelevanceOf, str]:
    loaded = load_relevance(path)
    return loaded.model.score, loaded.version


def _sentiment(path: Path | None) -> tuple[SentimentOf, str]:
    model, version, _ = load_sentiment(path)
    if set(model.labels) != set(LABELS):
        raise UsageProblem(
            f"--model: {path} has the labels {', '.join(model.labels)}; it must have {', '.join(LABELS)}."
        )

    return partial(toward_each, model), version
