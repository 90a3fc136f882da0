"""Sentiment: what is known about Persian opinion words, and the labelled sentences of the default artefact."""
