"""Properties of the KPIs: sums do not care how records are split or ordered, ratios are ratios of sums."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import CampaignSet
from models.kpis import BESIDE, KPIS
from processors.business.kinds import BUSINESS_KINDS
from processors.business.rules import Rules
from processors.kpis.evaluate import Evaluator
from processors.kpis.figures import MinuteFigures
from processors.kpis.periods import Period, Span, custom, day_start, local_day, month_start, period, shift_month
from processors.windows import MINUTE_MS
from tests.business import a_bit_of_everything, campaign, counted

OURS = campaign()
RECORDS = a_bit_of_everything()
HOUR = 60 * MINUTE_MS
NOW = 1_774_180_800_000
ZONE = "Asia/Tehran"
#: Topics in which the order of records of an entity decides nothing.
EVENTS = ("marketing.web.v1", "marketing.people.v1")


def amounts(records: list[tuple[str, bytes]]) -> dict[Any, int]:
    """Everything that the records of business topics add up to, by place."""
    rules, entities, sums = Rules(CampaignSet((OURS,))), {}, {}
    for topic, value in records:
        kind = BUSINESS_KINDS[topic]
        record = kind.decoder().decode(value)
        change = kind.fold(entities.get((topic, record.entity_key)), record, rules)
        if change.entity is not None:
            entities[topic, record.entity_key] = change.entity
        for place, amount in change.deltas.items():
            sums[topic, place] = sums.get((topic, place), 0) + amount
    return {where: amount for where, amount in sums.items() if amount}


IN_ORDER = [one for one in RECORDS if one[0] in EVENTS and b'"s7"' not in one[1]]


@given(st.permutations(IN_ORDER))
@settings(max_examples=60, deadline=None)
def test_events_of_people_may_come_in_any_order(records: list[tuple[str, bytes]]) -> None:
    people = [one for one in records if one[0] == "marketing.people.v1"]
    first = [one for one in people if b'"utm"' in one[1]]
    rest = [one for one in people if one not in first]
    expected = [one for one in IN_ORDER if one[0] == "marketing.people.v1"]
    # Whoever is not known to a campaign is not remembered: the attributed event must be among the first.
    assert amounts([*first, *rest]) == amounts(expected)


@given(st.lists(st.sampled_from(RECORDS), max_size=80))
@settings(max_examples=60, deadline=None)
def test_what_comes_again_changes_nothing(again: list[tuple[str, bytes]]) -> None:
    business = [one for one in RECORDS if one[0] in BUSINESS_KINDS]
    more = [one for one in again if one[0] in EVENTS]
    assert amounts([*business, *more]) == amounts(business)


def split_figures(number: int, seed: list[int]) -> list[MinuteFigures]:
    """The records of all topics, shared out among so many counts, whole entities each."""
    shares: list[list[tuple[str, bytes]]] = [[] for _ in range(number)]
    for topic, value in RECORDS:
        key = hash_of(topic, value)
        shares[seed[key % len(seed)] % number].append((topic, value))
    return [counted(share, OURS)[0].figures for share in shares]


def hash_of(topic: str, value: bytes) -> int:
    from zlib import crc32

    from processors.inputs import KINDS

    return crc32(f"{topic}|{KINDS[topic].skim(value).key}".encode())


class Together:
    """Several counts as one."""

    def __init__(self, parts: list[MinuteFigures]) -> None:
        self.parts = parts

    def amounts(self, name: str, stream: str, span: Span) -> dict[str, list[int]]:
        sums: dict[str, list[int]] = {}
        for part in self.parts:
            for dimension, cell in part.amounts(name, stream, span).items():
                sums[dimension] = [a + b for a, b in zip(sums.get(dimension, [0] * len(cell)), cell, strict=True)]
        return sums

    def last(self, *where: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in self.parts:
            found |= part.last(*where)
        return found

    def stories(self, name: str, span: Span) -> None:
        return None

    authors = potential_reach = stories


@given(st.integers(1, 4), st.lists(st.integers(0, 100), min_size=1, max_size=7))
@settings(max_examples=25, deadline=None)
def test_partitions_add_up(number: int, seed: list[int]) -> None:
    whole, parts = counted(RECORDS, OURS)[0].figures, Together(split_figures(number, seed))
    ever = Period("campaign", Span(None, None), None)
    for name, kpi in (KPIS | BESIDE).items():
        if name not in ("press_mentions", "amplification", "site_rank", "unique_authors", "potential_reach"):
            assert Evaluator(parts, OURS).readings(kpi, ever) == Evaluator(whole, OURS).readings(kpi, ever)


@given(st.lists(st.integers(-400, 30), min_size=1, max_size=5, unique=True))
@settings(max_examples=40, deadline=None)
def test_windows_add_up(cuts: list[int]) -> None:
    figures = counted(RECORDS, OURS)[0].figures
    edges = [None, *(NOW + cut * HOUR for cut in sorted(cuts)), None]
    spans = [Span(first, last) for first, last in pairwise(edges)]
    evaluator = Evaluator(figures, OURS)
    for kpi in KPIS.values():
        for index, part in enumerate(kpi.parts):
            if part.kind != "A" or kpi.each:
                continue
            pieces = [evaluator.readings(kpi, Period("custom", span, None))[index].value or 0 for span in spans]
            (whole,) = [evaluator.readings(kpi, Period("custom", Span(None, None), None))[index].value]
            assert sum(pieces) == whole


@given(st.integers(-600, 30), st.integers(1, 900))
@settings(max_examples=40, deadline=None)
def test_a_ratio_is_a_ratio_of_sums_and_nothing_without_a_denominator(start: int, hours: int) -> None:
    figures = counted(RECORDS, OURS)[0].figures
    span = Span(NOW + start * HOUR, NOW + (start + hours) * HOUR)
    for kpi in (KPIS | BESIDE).values():
        for one in Evaluator(figures, OURS).readings(kpi, Period("custom", span, None)):
            if one.denominator is None or one.numerator is None:
                continue
            expected = None if one.denominator == 0 else Fraction(one.numerator) / one.denominator
            assert one.value == expected


@given(st.integers(NOW - 3 * 10**11, NOW + 3 * 10**11))
@settings(max_examples=200, deadline=None)
def test_like_periods_touch_and_hold_now(moment: int) -> None:
    for name in ("1m", "1h", "24h", "day", "week", "month"):
        found = period(name, moment, ZONE)  # type: ignore[arg-type]
        assert found.before is not None
        assert found.before.end == found.span.start
        assert found.span.holds(moment)
        assert not found.before.holds(moment)
    first = month_start(local_day(moment, ZONE))
    months = custom(day_start(first, ZONE), day_start(shift_month(first, 3), ZONE), ZONE)
    assert months.before == Span(day_start(shift_month(first, -3), ZONE), day_start(first, ZONE))
