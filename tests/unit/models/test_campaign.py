"""Campaign sets: sorted, versioned by content, the same through JSON."""

import msgspec
import pytest

from models.campaign import Campaign, CampaignSet

A = Campaign(id="a", keywords=("اسنپ",), except_=("اسنپی",), start_ms=1)
B = Campaign(id="b", accounts=("x",))


def test_the_order_of_the_files_does_not_matter() -> None:
    assert CampaignSet((B, A)) == CampaignSet((A, B))
    assert CampaignSet((B, A)).version == CampaignSet((A, B)).version


def test_the_version_is_short_and_follows_the_content() -> None:
    version = CampaignSet((A, B)).version
    assert len(version) == 16
    assert int(version, 16) >= 0
    assert version != CampaignSet((A,)).version
    assert version != CampaignSet((A, msgspec.structs.replace(B, reposts="ignore"))).version


def test_json_and_back() -> None:
    both = CampaignSet((A, B))
    assert CampaignSet.from_json(both.to_json()) == both
    assert b'"except":["' in both.to_json()


def test_an_id_may_be_there_only_once() -> None:
    with pytest.raises(ValueError, match="more than once: a"):
        CampaignSet((A, A))


@pytest.mark.parametrize("wrong", [b'{"campaigns":[{"id":"A"}]}', b'{"campaigns":[{"id":"a","keyword":[]}]}', b"[]"])
def test_foreign_json_is_refused(wrong: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        CampaignSet.from_json(wrong)
