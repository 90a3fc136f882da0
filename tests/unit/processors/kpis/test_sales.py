"""KPIs of leads, customers and money, with numbers worked out by hand."""

from typing import Any

import pytest

from tests.business import campaign, counted, kpis, order, person, spend, values, web

TAGGED = {"utm": {"campaign": "Nowruz"}}


def test_a_person_is_mql_then_sql_each_once_and_they_are_never_summed() -> None:
    found = values(
        [
            person("p1", "mql", **TAGGED),
            person("p1", "sql"),
            person("p1", "mql", at="2026-03-22T09:30:00Z"),
            person("p2", "sql", **TAGGED),
            person("p3", "mql"),
        ]
    )
    assert found["leads"] == {"mql": 1, "sql": 2}


def test_the_first_entry_counts_in_its_own_window_even_when_it_is_told_last() -> None:
    records = [
        person("p", "mql", at="2026-03-22T09:00:00Z", **TAGGED),
        person("p", "mql", at="2026-03-20T09:00:00Z", **TAGGED),
    ]
    assert values(records)["leads"]["mql"] == 1
    assert values(records, period="day", now="2026-03-22T12:00:00Z")["leads"]["mql"] == 0


def test_first_touch_carries_the_campaign_on_and_only_where_it_is_asked_for() -> None:
    records = [person("p", "mql", **TAGGED), person("p", "demo_booked"), person("p", "demo_held")]
    assert values(records)["demos"] == {"booked": 1, "held": 1}
    plain = campaign(attribution={"person_first_touch": False})
    assert values(records, plain)["demos"] == {"booked": 0, "held": 0}


def test_the_first_touch_is_the_first_campaign_s() -> None:
    other = campaign("d", attribution={"utm_campaigns": ("yalda",)})
    records = [
        person("p", "mql", at="2026-03-22T08:00:00Z", **TAGGED),
        person("p", "sql", at="2026-03-22T08:30:00Z", utm={"campaign": "yalda"}),
        order("p", "o1", "100", at="2026-03-22T09:00:00Z"),
    ]
    assert values(records, campaign(), other)["new_customers"] == 1
    theirs = values(records, other, campaign())
    assert (theirs["leads"], theirs["new_customers"]) == ({"mql": 0, "sql": 1}, 0)


def test_booked_is_not_held() -> None:
    records = [person("p", "demo_booked", **TAGGED), person("q", "demo_booked", **TAGGED), person("q", "demo_held")]
    assert values(records)["demos"] == {"booked": 2, "held": 1}


def test_the_first_purchase_makes_a_new_customer_once() -> None:
    records = [
        order("p", "o1", "100", **TAGGED),
        order("p", "o2", "100", at="2026-03-22T09:30:00Z"),
        order("q", "o3", "100", is_new_customer=False, **TAGGED),
        order("r", "o4", "100", kind="renewal", **TAGGED),
    ]
    assert values(records)["new_customers"] == 1


def test_a_purchase_that_is_refunded_in_full_makes_no_customer() -> None:
    first = [order("p", "o1", "100", **TAGGED), order("p", "o1", "100", kind="refund", at="2026-03-22T09:10:00Z")]
    assert values(first)["new_customers"] == 0
    again = [*first, order("p", "o2", "50", at="2026-03-22T09:20:00Z")]
    assert values(again)["new_customers"] == 1
    partly = [order("q", "o1", "100", **TAGGED), order("q", "o1", "40", kind="refund")]
    assert values(partly)["new_customers"] == 1


def test_a_restated_spend_row_replaces_and_never_adds() -> None:
    rows = [
        spend("1000", obs="2026-03-22T10:00:00Z", impressions=10),
        spend("1200.50", obs="2026-03-23T10:00:00Z", impressions=12),
        spend("900", obs="2026-03-22T09:00:00Z", impressions=9),
        spend("500", day="2026-03-23"),
    ]
    batch, outcomes = counted(rows)
    assert outcomes == ["counted", "counted", "stale", "counted"]
    assert kpis(rows)["return_on_investment"]["denominator"] == 1700.5
    assert batch.outcomes["counted"] == 3


def test_a_row_told_again_is_a_duplicate() -> None:
    topic, value = spend("1000")
    again = value.replace(b'"event_id":"', b'"event_id":"again-')
    assert counted([(topic, value), (topic, again)])[1] == ["counted", "duplicate"]


def test_costs_per_result() -> None:
    records = [
        spend("900"),
        spend("600", category="salary", platform="office"),
        web("s", page_url="https://shop.ir/"),
        web("s", "purchase"),
        web("s", "sign_up"),
        web("s", "contact"),
        person("p1", "mql", **TAGGED),
        person("p2", "mql", **TAGGED),
        person("p2", "sql"),
        order("p3", "o1", "10", **TAGGED),
        order("p4", "o2", "10", **TAGGED),
        order("p5", "o3", "10", **TAGGED),
    ]
    found = kpis(records)
    assert (found["cost_per_conversion"]["value"], found["cost_per_conversion"]["unit"]) == (500, "IRR")
    assert (found["cost_per_lead"]["value"], found["cost_per_lead"]["label"]) == (750, "mql")
    assert values(records, campaign(kpis={"lead_stage": "sql"}))["cost_per_lead"] == 1500
    assert values(records, campaign(kpis={"spend": "media"}))["cost_per_lead"] == 450
    assert found["customer_acquisition_cost"]["value"] == {"media": 300, "loaded": 500}
    assert found["customer_acquisition_cost"]["numerator"] == {"media": 900, "loaded": 1500}


def test_mixed_currencies_have_no_sample() -> None:
    records = [
        spend("100"),
        spend("5", day="2026-03-23", currency="USD"),
        web("s", page_url="https://shop.ir/"),
        web("s", "purchase"),
    ]
    found = kpis(records)
    assert found["cost_per_conversion"]["value"] is None
    assert found["cost_per_conversion"]["denominator"] == 1
    assert values(records, span=("2026-03-22", "2026-03-22"))["cost_per_conversion"] == 100
    revenue = [spend("100"), order("p", "o1", "9", currency="EUR", **TAGGED)]
    assert values(revenue)["return_on_investment"] is None


def test_return_on_investment_is_not_roas_and_knows_refunds() -> None:
    records = [
        spend("1000"),
        order("p", "o1", "2500.25", **TAGGED),
        order("p", "o2", "500", at="2026-03-22T09:30:00Z"),
        order("p", "o2", "200.25", kind="refund", at="2026-03-22T09:40:00Z"),
    ]
    body = kpis(records)["return_on_investment"]
    # (2500.25 + 500 − 200.25 − 1000) / 1000
    assert (body["value"], body["numerator"], body["denominator"]) == (1.8, 1800, 1000)


def test_a_refund_is_of_the_order_s_campaign_even_without_first_touch() -> None:
    plain = campaign(attribution={"person_first_touch": False})
    records = [spend("100"), order("p", "o1", "300", **TAGGED), order("p", "o1", "300", kind="refund")]
    assert values(records, plain)["return_on_investment"] == -1


def test_a_refund_takes_no_more_than_the_order_brought() -> None:
    records = [spend("100"), order("p", "o1", "300", **TAGGED), order("p", "o1", "999", kind="refund")]
    assert values(records)["return_on_investment"] == -1


def test_decimals_are_exact() -> None:
    records = [spend("0.10", day=f"2026-03-{day:02}") for day in range(1, 11)]
    assert kpis(records)["return_on_investment"]["denominator"] == 1


def test_no_spend_is_no_sample() -> None:
    found = values([order("p", "o1", "300", **TAGGED)])
    assert found["return_on_investment"] is None
    assert found["cost_per_lead"] is None
    assert found["customer_acquisition_cost"] == {"media": 0, "loaded": 0}


def sales(*rows: Any) -> Any:
    """(Gregorian day, orders, value of each) → records."""
    return [
        order(f"p{day}{number}", f"o{day}{number}", value, at=f"{day}T08:00:00Z", obs=f"{day}T08:00:00Z", **TAGGED)
        for day, numbers, value in rows
        for number in range(numbers)
    ]


def test_sales_grow_from_one_jalali_month_to_the_next() -> None:
    # 20 March 2026 is 29 Esfand 1404, the last day; 21 March is 1 Farvardin 1405.
    records = sales(
        ("2026-02-20", 2, "100"), ("2026-03-20", 2, "100"), ("2026-03-21", 3, "200"), ("2026-04-20", 3, "200")
    )
    body = kpis(records, period="month", now="2026-04-01T00:00:00Z")["sales_growth"]
    assert body["value"] == {"count": 0.5, "revenue": 2}
    assert body["numerator"] == {"count": 2, "revenue": 800}
    assert body["denominator"] == {"count": 4, "revenue": 400}


def test_sales_grow_over_like_periods_only() -> None:
    records = sales(("2026-03-14", 1, "10"), ("2026-03-20", 1, "10"), ("2026-03-21", 1, "30"))
    weeks = values(records, period="week", now="2026-03-22T00:00:00Z")["sales_growth"]
    assert weeks == {"count": -0.5, "revenue": 0.5}
    assert values(records, period="day", now="2026-03-21T12:00:00Z")["sales_growth"]["revenue"] == 2
    assert values(records)["sales_growth"] == {"count": None, "revenue": None}


def test_nothing_before_is_no_growth() -> None:
    assert values(sales(("2026-03-21", 1, "5")), period="month", now="2026-03-22T00:00:00Z")["sales_growth"] == {
        "count": None,
        "revenue": None,
    }


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("currency", "IRT", "multiply by 10"),
        ("cost", "1.005", "more decimals than IRR"),
        ("cost", "12,5", "Expected `str` matching"),
    ],
)
def test_money_is_refused_where_it_cannot_be_exact(field: Any, value: Any, message: Any) -> None:
    from processors.kpis.batch import Invalid

    fields = {"cost": "1", field: value}
    cost = fields.pop("cost")
    with pytest.raises(Invalid, match=message):
        counted([spend(cost, **fields)])


@pytest.mark.parametrize("who", ["sara@example.com", "09121234567", "+98 912 123 4567"])
def test_a_person_who_is_not_hashed_is_refused(who: Any) -> None:
    from processors.kpis.batch import Invalid

    with pytest.raises(Invalid, match="hash it before"):
        counted([person(who, "mql", **TAGGED)])


def test_real_growth_takes_inflation_out_of_money_and_leaves_counts_alone() -> None:
    records = sales(("2026-02-25", 1, "100"), ("2026-03-25", 1, "150"))
    with_index = campaign(kpis={"deflator": (("1404-12", 200.0), ("1405-01", 250.0))})
    body = kpis(records, with_index, period="month", now="2026-04-01T00:00:00Z")["sales_growth"]
    assert body["value"] == {"count": 0, "revenue": 0.5}
    # 150 / 100 / (250 / 200) − 1
    assert body["real"] == {"revenue": pytest.approx(0.2)}
    assert "real" not in kpis(records, with_index, period="week", now="2026-03-25T12:00:00Z")["sales_growth"]


def test_campaign_to_date_is_between_its_start_and_end() -> None:
    from listener.kpis.spans import moment

    start, end = (moment(day, "Asia/Tehran", "") for day in ("2026-03-21", "2026-03-23"))
    bounded = campaign(start_ms=start, end_ms=end)
    rows = [spend("1", day=f"2026-03-{day}") for day in (20, 21, 22, 23)]
    assert kpis(rows, bounded)["return_on_investment"]["denominator"] == 2
    assert kpis(rows, bounded, now="2026-03-30T00:00:00Z")["return_on_investment"]["denominator"] == 2
    assert kpis(rows, bounded, now="2026-03-21T12:00:00Z")["return_on_investment"]["denominator"] == 1
    assert kpis(rows)["return_on_investment"]["denominator"] == 4
