"""The parts of a campaign file that are about business events: attribution, KPI settings, targets."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeVar, get_args
from zoneinfo import ZoneInfo

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from listener.campaigns.dates import end_ms, start_ms
from listener.campaigns.nodes import Fields
from models.attribution import (
    Attribution,
    ConversionBase,
    EngagementBase,
    KeywordBase,
    KpiSettings,
    LeadStage,
    OwnReplies,
    SpendBase,
    Target,
)
from models.kpis import BESIDE, KPIS, Kpi

ATTRIBUTION: Final = "attribution"
CONVERSIONS: Final = "conversions"
SETTINGS: Final = "kpis"
TARGETS: Final = "targets"
#: The fields that this module reads.
BUSINESS_FIELDS: Final = (ATTRIBUTION, CONVERSIONS, SETTINGS, TARGETS)

_LISTS: Final = ("utm_campaigns", "landing_pages", "ad_campaigns", "sites", "search_keywords")
_CHOICES: Final = {
    "conversion_base": get_args(ConversionBase),
    "engagement_base": get_args(EngagementBase),
    "keyword_base": get_args(KeywordBase),
    "lead_stage": get_args(LeadStage),
    "spend": get_args(SpendBase),
    "own_replies": get_args(OwnReplies),
}
_SETTINGS: Final = (*_CHOICES, "engagement_saves", "rank_provider", "referral_exclusions", "deflator")
_TARGET: Final = (
    *("kpi", "target", "baseline", "start", "deadline", "owner", "curve", "attainable_max", "evaluate_every"),
)
_CONVERSION: Final = re.compile("[a-z][a-z0-9_]{0,39}")
_MONTH: Final = re.compile(r"1[34][0-9]{2}-(0[1-9]|1[0-2])")
_TRUE: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_WEEK: Final = 7
#: Which letter of SMART a target lacks without a field, and what that asks for.
_SMART: Final = {
    "target": ("M", "measurable", "the number to reach"),
    "owner": ("R", "relevant", "who answers for it"),
    "deadline": ("T", "time-bound", "the day by which it is to be reached"),
}

R = TypeVar("R")


@dataclass(frozen=True)
class Business:
    """What a file says about business events."""

    attribution: Attribution
    settings: KpiSettings
    targets: tuple[Target, ...]

    @property
    def attributes(self) -> bool:
        """Whether any business event can be this campaign's."""
        return any(getattr(self.attribution, name) for name in _LISTS)


def read_business(fields: Fields, zone: ZoneInfo) -> Business:
    """Read the business parts; mistakes are noted and the field left out."""
    return Business(_attribution(fields), _settings(fields), _targets(fields, zone))


def _nested(fields: Fields, name: str, known: tuple[str, ...]) -> Fields | None:
    node = fields.values.get(name)
    if node is None:
        return None
    if not isinstance(node, MappingNode):
        fields.problem(name, f"must be a mapping of {', '.join(known)}")
        return None
    return Fields(fields.file, node, known, fields.problems)


def _attribution(fields: Fields) -> Attribution:
    nested = _nested(fields, ATTRIBUTION, (*_LISTS, "person_first_touch"))
    if nested is None:
        return Attribution()
    lists = {name: tuple(dict.fromkeys(text for text, _ in nested.texts(name))) for name in _LISTS}
    return Attribution(**lists, person_first_touch=_flag(nested, "person_first_touch"))


def _settings(fields: Fields) -> KpiSettings:
    events = tuple(dict.fromkeys(_checked_conversion(fields, text, node) for text, node in fields.texts(CONVERSIONS)))
    nested = _nested(fields, SETTINGS, _SETTINGS)
    if nested is None:
        return KpiSettings(conversion_events=tuple(filter(None, events)))
    chosen = {name: choice for name in _CHOICES if (choice := _choice(nested, name)) is not None}
    excluded = tuple(text for text, _ in nested.texts("referral_exclusions"))
    return KpiSettings(
        conversion_events=tuple(filter(None, events)),
        engagement_saves=_flag(nested, "engagement_saves"),
        rank_provider=nested.text("rank_provider"),
        referral_exclusions=excluded if "referral_exclusions" in nested.values else None,
        deflator=_deflator(nested),
        **chosen,  # type: ignore[arg-type]
    )


def _checked_conversion(fields: Fields, text: str, node: Node) -> str:
    if _CONVERSION.fullmatch(text):
        return text
    fields.problem(CONVERSIONS, f"{text!r} is no event name: lower-case letters, digits and _, at most 40", node)
    return ""


def _choice(fields: Fields, name: str) -> str | None:
    text = fields.text(name)
    if text is None or text in _CHOICES[name]:
        return text
    fields.problem(name, f"{text!r} must be one of {', '.join(_CHOICES[name])}")
    return None


def _flag(fields: Fields, name: str) -> bool:
    node = fields.values.get(name)
    if node is None:
        return False
    value = _TRUE.get(str(node.value).lower()) if isinstance(node, ScalarNode) else None
    if value is None:
        fields.problem(name, "must be true or false")
    return bool(value)


def _deflator(fields: Fields) -> tuple[tuple[str, float], ...]:
    node = fields.values.get("deflator")
    if node is None:
        return ()
    if not isinstance(node, MappingNode):
        fields.problem("deflator", "must map Jalali months to a price index, as in 1404-01: 311.5")
        return ()
    rows: list[tuple[str, float]] = []
    for key, value in node.value:
        index = _as_number(value)
        if not _MONTH.fullmatch(str(key.value)) or index is None or index <= 0:
            fields.problem("deflator", f"{key.value}: must be a Jalali month and an index, as in 1404-01: 311.5", key)
        else:
            rows.append((str(key.value), index))
    return tuple(sorted(rows))


# ── targets ──


def _targets(fields: Fields, zone: ZoneInfo) -> tuple[Target, ...]:
    """Targets as a mapping from KPI to its target, or as a list with ``kpi`` in each."""
    node = fields.values.get(TARGETS)
    named: list[tuple[str | None, Node]] = []
    if isinstance(node, MappingNode):
        named = [(str(key.value), value) for key, value in node.value]
    elif isinstance(node, SequenceNode):
        named = [(None, item) for item in node.value]
    elif node is not None:
        fields.problem(TARGETS, "must map KPIs to targets, as in `leads.mql: {target: 200, deadline: …, owner: …}`")
    found: list[Target] = []
    for name, item in named:
        if not isinstance(item, MappingNode):
            fields.problem(TARGETS, "a target is a mapping of target, deadline, owner, …", item)
            continue
        target = _target(Fields(fields.file, item, _TARGET, fields.problems), name, zone)
        if target is not None and any(one.subject == target.subject for one in found):
            fields.problem(TARGETS, f"{target.subject} has two targets; leave one", item)
        elif target is not None:
            found.append(target)
    return tuple(found)


def _target(fields: Fields, name: str | None, zone: ZoneInfo) -> Target | None:
    subject = name or fields.text("kpi")
    for lacking in (one for one in _SMART if one not in fields.values):
        letter, word, what = _SMART[lacking]
        fields.problem(
            TARGETS,
            f"{subject or 'a target'}: the {letter} of SMART ({word}) is missing: give `{lacking}`, {what}",
            fields.node,
        )
    kpi = _named_kpi(fields, subject)
    number, deadline = _number(fields, "target"), _day(fields, "deadline", end_ms, zone)
    start = _day(fields, "start", start_ms, zone)
    owner = fields.text("owner")
    if kpi is None or number is None or deadline is None or not owner:
        return None
    if start is not None and start >= deadline:
        fields.problem("deadline", "is not after start")
        return None
    every = _number(fields, "evaluate_every")
    return Target(
        kpi=kpi[0],
        part=kpi[1],
        target=number,
        owner=owner,
        deadline_ms=deadline,
        start_ms=start,
        baseline=_number(fields, "baseline"),
        curve=_curve(fields),
        attainable_max=_number(fields, "attainable_max"),
        evaluate_every=None if every is None else int(every),
    )


def _named_kpi(fields: Fields, subject: str | None) -> tuple[str, str | None] | None:
    """(KPI, part) of ``kpi`` or ``kpi.part``; the S of SMART: one number of one KPI that there is."""
    if subject is None:
        fields.problem(TARGETS, "the S of SMART (specific) is missing: give `kpi`", fields.node)
        return None
    name, _, part = subject.partition(".")
    kpi = (KPIS | BESIDE).get(name)
    if kpi is None:
        fields.problem(TARGETS, f"the S of SMART (specific): there is no KPI {name!r}", fields.node)
        return None
    parts = _parts(kpi)
    if parts and (not part or (kpi.each is None and part not in parts)):
        fields.problem(TARGETS, f"the S of SMART (specific): {name} has parts, name {' or '.join(parts)}", fields.node)
        return None
    return name, part or None


def _parts(kpi: Kpi) -> list[str]:
    if kpi.each in ("conversion", "keyword"):
        return [f"{name}.<{kpi.each}>" for name in (kpi.id,)]
    return [part.name for part in kpi.parts if part.name]


def _number(fields: Fields, name: str) -> float | None:
    node = fields.values.get(name)
    if node is None:
        return None
    value = _as_number(node)
    if value is None:
        fields.problem(name, "must be a number")
    return value


def _as_number(node: Node) -> float | None:
    try:
        value = float(str(node.value).replace("_", "").replace(",", ""))
    except ValueError:
        return None
    return value if isinstance(node, ScalarNode) and isfinite(value) else None


def _day(fields: Fields, name: str, parse: Callable[[str, ZoneInfo], int], zone: ZoneInfo) -> int | None:
    text = fields.text(name)
    if text is None:
        return None
    try:
        return parse(text, zone)
    except ValueError as error:
        fields.problem(name, str(error))
        return None


def _curve(fields: Fields) -> tuple[float, ...]:
    """``linear`` (the default), or seven weights from Saturday to Friday."""
    node = fields.values.get("curve")
    if node is None or (isinstance(node, ScalarNode) and node.value == "linear"):
        return ()
    weights = [_as_number(one) for one in node.value] if isinstance(node, SequenceNode) else []
    known = [one for one in weights if one is not None and one >= 0]
    if len(known) != _WEEK or len(weights) != _WEEK or not sum(known):
        fields.problem("curve", "must be linear, or seven weights from Saturday to Friday")
        return ()
    return tuple(known)
