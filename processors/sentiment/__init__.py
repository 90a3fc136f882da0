"""Sentiment of a text as a pure step: a linear model over four views of the text."""

from processors.sentiment.model import Sentiment, SentimentModel, View

__all__ = ["Sentiment", "SentimentModel", "View"]
