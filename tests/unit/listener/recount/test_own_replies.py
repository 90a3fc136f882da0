"""The recount counts the comments of a campaign's own accounts, as the workers do."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from listener.recount.counting import Context, Partition, judge_post
from listener.recount.history import amounts
from models.campaign import Campaign, CampaignSet
from processors.business.rules import Rules
from processors.match import Matcher

SET = CampaignSet(
    (Campaign(id="brand", keywords=("snapp",), accounts=("brand_help",)), Campaign(id="all", keywords=("snapp",)))
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("author", "answers", "own"),
    [
        ("brand_help", "twitter:1", {"brand": 1}),
        ("brand_help", None, {}),
        ("somebody", "twitter:1", {}),
        (None, "twitter:1", {}),
    ],
)
def test_an_own_reply_is_one_for_the_campaign_whose_account_wrote_it(
    author: str | None, answers: str | None, own: dict[str, int]
) -> None:
    record = {
        "event_id": "e",
        "schema_version": 1,
        "observed_at": NOON,
        "op": "create",
        "post_id": "twitter:2",
        "platform": "twitter",
        "created_at": NOON,
        "text": "snapp",
        "in_reply_to": answers,
        "author": author and {"id": "7", "handle": author},
    }
    partition = Partition()
    context = Context(Matcher(SET), None, retention=False, wrote=Rules(SET).wrote)
    judge_post(partition, msgspec.json.encode(record), context)
    (story,) = partition.stories.values()
    found = [one for one in amounts(story.seen) if one.metric == "own_replies"]
    assert Counter(one.campaign for one in found) == own
    assert {one.minute for one in found} <= {timedelta(seconds=NOON.timestamp())}
