"""Properties of the watch: bounded, the same after a restart, deaf to what it has heard; shares that sum to 100."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign import Campaign
from models.series import ClosedMinute
from processors.incidents import CampaignWatch, Change, pack_state, unpack_state
from processors.incidents.explain.shares import percents, split
from processors.incidents.state import KEPT_ROWS

#: A few rows of five minutes that all have the same in every minute: mentions, likes, authors, platform, what is wrong.
ROWS = st.tuples(
    st.integers(0, 400),
    st.integers(0, 5000),
    st.integers(0, 50),
    st.sampled_from(["twitter", "telegram", "news", *(f"p{number}" for number in range(12))]),
    st.sampled_from(["", "", "", "", "replayed", "incomplete", "hole"]),
    st.integers(1, 40),
)
STORIES = st.lists(ROWS, min_size=1, max_size=12)


def minutes(story: list[tuple[int, int, int, str, str, int]]) -> list[ClosedMinute]:
    found, at = [], 0
    for mentions, likes, authors, platform, wrong, rows in story:
        for _ in range(rows * 5):
            counts = {"mentions": mentions, "likes": likes, "mentions_negative": mentions // 3}
            if wrong != "hole":
                found.append(
                    ClosedMinute(
                        "c",
                        at,
                        {platform: {name: amount for name, amount in counts.items() if amount}},
                        authors=authors,
                        replayed=wrong == "replayed",
                        completeness=0.4 if wrong == "incomplete" else 1.0,
                    )
                )
            at += 60
    return found


def warm() -> CampaignWatch:
    watch = CampaignWatch(Campaign(id="c"))
    for index in range(-1440 * 2, 0):
        watch.take(ClosedMinute("c", index * 60, {"twitter": {"mentions": 1 + index % 3}}, authors=1))
    return watch


WARM = pack_state(warm().snapshot())


def watch_of(state: bytes = WARM) -> CampaignWatch:
    return CampaignWatch(Campaign(id="c"), unpack_state(state))


def feed(watch: CampaignWatch, fed: list[ClosedMinute]) -> list[Change]:
    return [change for one in fed for change in watch.take(one)]


@settings(deadline=None, max_examples=15)
@given(STORIES, st.data())
def test_a_restart_anywhere_changes_nothing(
    story: list[tuple[int, int, int, str, str, int]], data: st.DataObject
) -> None:
    fed = minutes(story)
    cut = data.draw(st.integers(0, len(fed)))
    through = watch_of()
    expected = feed(through, fed)
    before = watch_of()
    found = feed(before, fed[:cut])
    # What was read after the snapshot is read again.
    after = watch_of(pack_state(before.snapshot()))
    found += feed(after, fed[max(0, cut - 20) :])
    assert found == expected
    assert after.snapshot() == through.snapshot()


@settings(deadline=None, max_examples=15)
@given(STORIES)
def test_the_same_minutes_again_change_nothing(story: list[tuple[int, int, int, str, str, int]]) -> None:
    fed = minutes(story)
    watch = watch_of()
    feed(watch, fed)
    state = watch.snapshot()
    assert feed(watch, fed) == []
    assert watch.snapshot() == state


@settings(deadline=None, max_examples=15)
@given(STORIES)
def test_the_state_is_bounded_and_incidents_follow_their_order(
    story: list[tuple[int, int, int, str, str, int]],
) -> None:
    watch = watch_of()
    open_id = None
    for change in feed(watch, minutes(story)):
        if change.what == "opened":
            assert open_id is None
        elif open_id is not None:
            assert change.incident.id == open_id
        open_id = None if change.what == "resolved" else change.incident.id
        assert change.incident.started_at < change.incident.opened_at <= change.incident.updated_at
    state = watch.snapshot()
    assert len(state.platforms) <= 8
    assert len(state.fast) <= 5 + 3 * 8
    assert len(state.recent) <= KEPT_ROWS
    assert len(pack_state(state)) < 400_000


@given(st.lists(st.floats(0, 1e12, allow_nan=False), max_size=40))
def test_percents_sum_to_100_and_are_off_by_less_than_one(weights: list[float]) -> None:
    found = percents(weights)
    total = sum(weights)
    assert sum(found) == (100 if total > 0 else 0)
    if total > 0:
        assert all(abs(one - 100 * weight / total) < 1 + 1e-6 for one, weight in zip(found, weights, strict=True))


@given(
    st.dictionaries(st.text(max_size=4), st.integers(0, 1000), max_size=12),
    st.dictionaries(st.text(max_size=4), st.floats(0, 1000), max_size=12),
)
def test_a_split_sums_to_100(observed: dict[str, int], expected: dict[str, float]) -> None:
    found = split("author", observed, expected)
    if found is None:
        assert all(observed[name] <= expected.get(name, 0) for name in observed)
    else:
        assert sum(part.percent for part in found.parts) == 100
        assert len(found.parts) <= 6
