"""The parts of a campaign file that are about alerts: how easily it alerts, and what we do ourselves."""

from collections.abc import Callable
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from yaml.nodes import MappingNode, Node, SequenceNode

from listener.campaigns.dates import end_ms, start_ms
from listener.campaigns.nodes import Fields
from models.campaign import Alerts, Planned

ALERTS: Final = "alerts"
PLANNED: Final = "planned"
#: The fields that this module reads.
ALERT_FIELDS: Final = (ALERTS, PLANNED)

_SETTINGS: Final = ("false_per_week", "least_mentions", "least_authors")
_PLAN: Final = ("name", "start", "end")


def read_alerts(fields: Fields) -> Alerts:
    """The settings; mistakes are noted and the default taken."""
    node = fields.values.get(ALERTS)
    if node is None:
        return Alerts()
    if not isinstance(node, MappingNode):
        fields.problem(ALERTS, f"must be a mapping of {', '.join(_SETTINGS)}")
        return Alerts()
    nested, usual = Fields(fields.file, node, _SETTINGS, fields.problems), Alerts()
    return Alerts(
        _number(nested, "false_per_week", float, lambda one: isfinite(one) and one > 0, "a number above 0")
        or usual.false_per_week,
        int(
            _number(nested, "least_mentions", int, lambda one: one > 0, "a whole number above 0")
            or usual.least_mentions
        ),
        int(
            _number(nested, "least_authors", int, lambda one: one > 0, "a whole number above 0") or usual.least_authors
        ),
    )


def read_planned(fields: Fields, zone: ZoneInfo) -> tuple[Planned, ...]:
    """What is planned, in the order of the file; mistakes are noted and the entry left out."""
    node = fields.values.get(PLANNED)
    if node is None:
        return ()
    if not isinstance(node, SequenceNode):
        fields.problem(PLANNED, "must be a list of mappings with name, start and end")
        return ()
    found = (_plan(fields, one, zone) for one in node.value)
    return tuple(one for one in found if one is not None)


def _plan(fields: Fields, node: Node, zone: ZoneInfo) -> Planned | None:
    if not isinstance(node, MappingNode):
        fields.problem(PLANNED, "must be a list of mappings with name, start and end", node)
        return None
    nested = Fields(fields.file, node, _PLAN, fields.problems)
    for missing in (name for name in _PLAN if name not in nested.values):
        nested.problem(f"{PLANNED}.{missing}", "is missing", node)
    start, end = _bound(nested, "start", start_ms, zone), _bound(nested, "end", end_ms, zone)
    name = nested.text("name")
    if start is None or end is None or name is None:
        return None
    if end <= start:
        nested.problem("end", "is not after start")
        return None
    return Planned(name, start, end)


def _bound(fields: Fields, name: str, parse: Callable[[str, ZoneInfo], int], zone: ZoneInfo) -> int | None:
    text = fields.text(name)
    try:
        return None if text is None else parse(text, zone)
    except ValueError as error:
        fields.problem(name, str(error))
        return None


def _number(
    fields: Fields, name: str, read: Callable[[str], float], fits: Callable[[float], bool], what: str
) -> float | None:
    text = fields.text(name)
    if text is None:
        return None
    try:
        number = read(text)
    except ValueError:
        number = float("nan")
    if fits(number):
        return number
    fields.problem(name, f"{text} must be {what}")
    return None
