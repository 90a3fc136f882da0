"""Distinct counts, share of voice and reach."""

from processors.kpis.distinct import ERROR, EXACT, Distinct
from tests.business import campaign, kpis, post, values


def filled(first: int, last: int) -> Distinct:
    found = Distinct()
    for number in range(first, last):
        found.add(f"author {number}")
    return found


def test_few_are_exact_and_many_within_the_error() -> None:
    few = filled(0, EXACT)
    few.merge(filled(5, 50))
    assert (few.count(), few.exact) == (EXACT, True)
    many = filled(0, 60_000)
    many.merge(filled(30_000, 90_000))
    assert not many.exact
    assert abs(many.count() - 90_000) < 4 * ERROR * 90_000


def author(number: int, followers: int | None = None) -> dict[str, object]:
    return {"author": {"id": f"a{number}", "followers": followers}}


def test_authors_and_potential_reach() -> None:
    records = [post("1", **author(1, 100)), post("2", **author(1, 120)), post("3", **author(2)), post("4", "دیگر")]
    found = kpis(records)
    assert (found["unique_authors"]["value"], found["potential_reach"]["value"]) == (2, 120)
    assert found["potential_reach"]["estimated"]
    assert values([])["potential_reach"] is None


def test_share_of_voice_is_inside_a_group() -> None:
    ours = campaign("c", group="shops")
    rival = campaign("d", group="shops", keywords=("رقیب",))
    apart = campaign("e", group="banks", keywords=("بانک",))
    records = [post("1"), post("2", "رقیب"), post("3", "رقیب و برندما"), post("4", "بانک"), post("5", "رقیب دوم")]
    body = kpis(records, ours, rival, apart)["share_of_voice"]
    assert (body["numerator"], body["denominator"], body["value"]) == (2, 5, 0.4)
    assert values(records, apart)["share_of_voice"] == 1
