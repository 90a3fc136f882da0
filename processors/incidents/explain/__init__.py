"""Why: an incident's excess over the usual, taken apart. Deterministic; nothing here guesses."""

from processors.incidents.explain.explain import Evidence, explain
from processors.incidents.explain.rerun import History

__all__ = ["Evidence", "History", "explain"]
