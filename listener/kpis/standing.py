"""Targets as plain data."""

from typing import Any

from processors.kpis.aims import Aim
from processors.windows import rfc3339


def standing_json(aim: Aim) -> dict[str, Any]:
    """A target and where it stands."""
    target, now = aim.target, aim.standing
    return {
        "kpi": target.kpi,
        "part": target.part,
        "target": target.target,
        "baseline": target.baseline,
        "owner": target.owner,
        "start": None if target.start_ms is None else rfc3339(target.start_ms),
        "deadline": rfc3339(target.deadline_ms),
        "actual": now.actual,
        "expected": now.expected,
        "attainment": now.attainment,
        "pace": now.pace,
        "forecast": now.forecast,
        "interval": now.interval,
        "verdict": now.verdict,
        "warnings": aim.warnings,
        "cautions": [{"why": one.why, "limit": one.limit} for one in aim.cautions],
        "course": [{"at": rfc3339(at), "value": value} for at, value in aim.course],
        "way": [{"at": rfc3339(at), "value": value} for at, value in aim.way],
    }
