"""Why: parts that sum to 100, terms, coordination, and the rule run again without somebody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.campaign import Campaign
from models.incident import Explanation
from models.mention import Mention, Origin
from models.post import Counts
from models.series import ClosedMinute
from processors.incidents import CampaignWatch
from processors.incidents.explain import Evidence, History, explain
from processors.incidents.explain.coordination import suspicions
from processors.incidents.explain.shares import percents, split
from processors.incidents.explain.terms import telling, words
from tests.unit.processors.incidents.minutes import CAMPAIGN, DAY, LEARNT_MINUTES, MIDNIGHT, quiet

START = LEARNT_MINUTES + 60


def mention(number: int, text: str = "بریمو", *, at: int = START, **fields: Any) -> Mention:
    moment = datetime.fromtimestamp(MIDNIGHT + at * 60, UTC)
    usual: dict[str, Any] = {
        "campaign": "berimo",
        "kind": "post",
        "op": "create",
        "platform": "twitter",
        "event_time": moment,
        "observed_at": moment,
        "author": f"author{number}",
        "story": f"story{number}",
        "sentiment": "neutral",
    }
    return Mention(**usual | fields, entity=f"twitter:{number}", origin=Origin("social.posts.v1", 0, number), text=text)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1, 1, 1], [34, 33, 33]),
        ([2, 1], [67, 33]),
        ([5], [100]),
        ([0, 0], [0, 0]),
        # 16.67, 16.67, 66.67: one point is left, the first of the equal remainders has it.
        ([1, 1, 4], [17, 17, 66]),
        ([0.5, 99.5], [1, 99]),
    ],
)
def test_percents_by_largest_remainder(weights: list[float], expected: list[int]) -> None:
    assert percents(weights) == expected


def test_what_is_below_its_usual_is_no_part_of_the_excess() -> None:
    found = split(
        "platform", {"twitter": 40, "telegram": 20, "news": 1}, {"twitter": 10.0, "telegram": 10.0, "news": 9.0}
    )
    assert found is not None
    assert [(part.name, part.percent) for part in found.parts] == [("twitter", 75), ("telegram", 25)]


def test_small_parts_are_other() -> None:
    found = split("author", {f"a{number}": 10 - number for number in range(8)}, {})
    assert found is not None
    assert [part.name for part in found.parts] == ["a0", "a1", "a2", "a3", "a4", "other"]
    assert sum(part.percent for part in found.parts) == 100
    assert found.parts[-1].observed == 5 + 4 + 3


def test_nothing_above_the_usual_is_no_split() -> None:
    assert split("platform", {"twitter": 3}, {"twitter": 5.0}) is None


def test_telling_words_are_those_that_are_new() -> None:
    outage = [words(f"سرور بریمو قطع شد و اپ باز نمیشه {number}") for number in range(10)]
    usual = [words(f"با بریمو سفر کردم و راننده خوب بود {number}") for number in range(30)]
    found = telling(outage, usual, words("بریمو"))
    assert {"سرور", "قطع"} <= set(found)
    assert not {"بریمو", "راننده", "شد", "و"} & set(found)


def test_words_are_folded_and_links_are_none() -> None:
    assert words("كتاب https://example.com/قطع كتابِ") == frozenset({"کتاب"})


def test_few_accounts_and_copies_are_shown() -> None:
    copies = [mention(number, story="same", author=f"a{number % 4}", followers=3) for number in range(12)]
    assert [(one.sign, one.percent) for one in suspicions(copies, frozenset())] == [
        ("few_accounts", 100),
        ("same_text", 100),
        ("new_accounts", 100),
    ]
    own = [mention(number, followers=5000) for number in range(12)]
    assert suspicions(own, frozenset()) == ()
    assert suspicions(copies[:5], frozenset()) == (), "too few to tell"


Fired = tuple[History, Any, list[Mention]]


@pytest.fixture
def fired(make_watch: Callable[..., CampaignWatch]) -> Fired:
    """An incident of 120 mentions in five minutes, 100 of them by one author about one story."""
    history = History(make_watch())

    def take(one: ClosedMinute) -> list[Any]:
        history.before(one)
        return history.watch.take(one)

    for one in quiet(LEARNT_MINUTES, START):
        assert take(one) == []
    made = [
        mention(
            number,
            "سرور بریمو قطع شد" if number % 6 else "سفر خوب بود",
            at=START + number % 5,
            author="loud" if number % 6 else f"author{number}",
            story="outage" if number % 6 else f"story{number}",
            sentiment="negative" if number % 6 else "positive",
            url=f"https://example.com/{number}",
            counts=Counts(likes=number),
        )
        for number in range(120)
    ]
    opened: list[Any] = []
    for index in range(START, START + 5):
        here = [one for one in made if one.event_time.timestamp() == MIDNIGHT + index * 60]
        counts = {"mentions": len(here), "mentions_negative": sum(one.sentiment == "negative" for one in here)}
        opened += take(
            ClosedMinute(
                "berimo",
                MIDNIGHT + index * 60,
                {"twitter": counts},
                authors=len({one.author for one in here}),
                stories=len({one.story for one in here}),
            )
        )
    return history, opened[0].incident, made


def explained(fired: Fired, usual: list[list[Mention]], campaign: Campaign = CAMPAIGN) -> Explanation:
    history, incident, made = fired
    return explain(campaign, incident, history.watch.counts, Evidence(made, usual), history)


def test_without_the_loud_author_it_would_not_have_fired(fired: Fired) -> None:
    found = explained(fired, [])
    tried = {(one.what, one.name): (one.mentions, one.fires) for one in found.without}
    assert tried["author", "loud"] == (100, False)
    assert tried["story", "سرور بریمو قطع شد"] == (100, False)
    assert tried["platform", "twitter"][1] is False
    others = [fires for (what, name), (_, fires) in tried.items() if what == "author" and name != "loud"]
    assert others == [True, True]


def test_every_split_sums_to_100_and_names_what_it_was(fired: Fired) -> None:
    usual = [[mention(900 + number, "سفر خوب بود", at=START - DAY * day + 2) for number in range(4)] for day in (1, 2)]
    found = explained(fired, usual)
    by = {one.by: one for one in found.splits}
    assert {"platform", "sentiment", "author", "story", "term", "source"} <= by.keys()
    assert all(sum(part.percent for part in one.parts) == 100 for one in found.splits)
    assert (by["author"].parts[0].name, by["author"].parts[0].observed) == ("loud", 100)
    assert by["story"].parts[0].name == "سرور بریمو قطع شد"
    assert by["story"].parts[0].url == "https://example.com/119"
    # 20 positive mentions of 120, 4 usual neutral ones: 100 : 20 of the excess.
    assert [(part.name, part.percent) for part in by["sentiment"].parts] == [("negative", 83), ("positive", 17)]
    assert by["term"].parts[0].name in {"سرور", "قطع"}


def test_first_earliest_and_examples(fired: Fired) -> None:
    found = explained(fired, [])
    assert found.first is not None
    assert found.first.entity == "twitter:0"
    assert [one.entity for one in found.examples] == ["twitter:119", "twitter:114", "twitter:108"]
    assert found.sampled == 120
    assert "few_accounts" in {one.sign for one in found.suspicions}


def test_without_mentions_the_counts_still_say_something(fired: Fired) -> None:
    history, incident, _ = fired
    found = explain(CAMPAIGN, incident, history.watch.counts, None, history)
    assert [one.by for one in found.splits] == ["platform", "sentiment"]
    assert (found.sampled, found.without) == (None, ())


def test_the_same_evidence_in_another_order_is_the_same_explanation(fired: Fired) -> None:
    history, incident, made = fired
    again = explain(CAMPAIGN, incident, history.watch.counts, Evidence(made[::-1], []), history)
    assert again == explained(fired, [])


def test_after_a_restart_no_counterfactual_is_claimed(make_watch: Callable[..., CampaignWatch]) -> None:
    history = History(make_watch())
    assert history.fires_without(MIDNIGHT, MIDNIGHT + int(timedelta(hours=1).total_seconds()), ()) is None
