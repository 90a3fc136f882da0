"""Relevance as a pure step: whether a text that holds a campaign's keyword speaks of what the campaign means."""
