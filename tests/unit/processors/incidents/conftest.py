"""A watch that has learnt, once for all tests; each gets a copy."""

from collections.abc import Callable

import pytest

from models.campaign import Campaign
from processors.incidents import CampaignWatch, pack_state, unpack_state
from tests.unit.processors.incidents.minutes import CAMPAIGN, learnt


@pytest.fixture(scope="session")
def packed_state() -> bytes:
    return pack_state(learnt().snapshot())


@pytest.fixture
def make_watch(packed_state: bytes) -> Callable[..., CampaignWatch]:
    """A watch after three quiet days, over the usual campaign or one with other settings."""

    def made(campaign: Campaign = CAMPAIGN) -> CampaignWatch:
        return CampaignWatch(campaign, unpack_state(packed_state))

    return made


@pytest.fixture
def watch(make_watch: Callable[..., CampaignWatch]) -> CampaignWatch:
    return make_watch()
