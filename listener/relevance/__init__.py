"""Relevance on the command line: artefacts, marks, the filter."""
