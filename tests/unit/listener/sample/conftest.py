"""The default sample day, made once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from listener.campaigns.files import load_campaigns
from listener.inputs.fieldmap import FieldMap
from listener.inputs.reading import partition, read_records
from listener.recount.counting import Recount, recount
from listener.sample import campaigns_directory
from listener.sample.day import DEFAULT_DAY
from listener.sample.records import Record
from listener.sample.stream import sample_records, write
from models.campaign import CampaignSet
from processors.match import Matcher


@pytest.fixture(scope="session")
def day() -> list[Record | bytes]:
    return list(sample_records())


@pytest.fixture(scope="session")
def sound(day: list[Record | bytes]) -> list[Record]:
    return [record for record in day if isinstance(record, dict)]


@pytest.fixture(scope="session")
def campaigns() -> CampaignSet:
    return load_campaigns(campaigns_directory())


@pytest.fixture(scope="session")
def matches(campaigns: CampaignSet) -> Callable[[str], set[str]]:
    matcher = Matcher(campaigns)
    return lambda text: {match.campaign_id for match in matcher.text(text)}


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory, campaigns: CampaignSet) -> Recount:
    """The oracle's figures of the day's file, counted two days later."""
    return count_file(tmp_path_factory.mktemp("sample") / "day.ndjson", campaigns)


def count_file(file: Path, campaigns: CampaignSet) -> Recount:
    write(file)
    now_ms = round((DEFAULT_DAY + timedelta(days=2)).timestamp() * 1000)
    records = ((partition(one.key, 4), one.value, now_ms, one.topic) for one in read_records([file], FieldMap()))
    return recount(records, campaigns, Matcher(campaigns))
