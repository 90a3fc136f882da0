"""The collector leaves alone what stays, and what goes needs no collector."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from listener.worker.garbage import YOUNG, settle
from listener.worker.sets import compile_set
from models.campaign import Campaign, CampaignSet
from processors.match import Matcher


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()
    gc.enable()


def test_what_lives_is_not_looked_at_again() -> None:
    settle()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] == YOUNG
    assert gc.isenabled()


def test_a_campaign_set_that_went_is_freed_without_the_collector() -> None:
    campaigns = CampaignSet(
        (
            Campaign(id="a", keywords=("اسنپ", "digikala.com"), accounts=("@snapp",), all_of=("تاکسی",)),
            Campaign(id="b", query='"علی بابا" OR (بیمه NEAR/3 ایران AND NOT author:someone)', except_=("سامانه",)),
        )
    )
    compiled, matcher = compile_set(campaigns), Matcher(campaigns)
    assert matcher.text("تاکسی اسنپ‌ها و علی بابا")
    went = [weakref.ref(compiled.match), weakref.ref(matcher)]
    settle()
    gc.disable()
    del compiled, matcher
    assert [one() for one in went] == [None, None]
