"""What is kept of a tracked post."""

from models.entity import DELETED, PostEntity, Tracking, entity_stamp, pack_entity, unpack_entity


def typical() -> PostEntity:
    """A well-liked post of one campaign, deep in the topic, all six counters known."""
    return PostEntity(
        stamp=98_765_432_101,
        observed=1_774_038_059_000,
        content=2**63 - 1,
        changed=1_774_038_059_000,
        created=1_774_030_000_000,
        platform=1,
        flags=0,
        held=0,
        last=[41_250, 1_830, 912, 1_250_000, 12, 640],
        high=[41_300, 1_830, 912, 1_250_000, 12, 640],
        campaigns=[Tracking("coca-cola", net=[39_000, 1_500, 900, 0, 12])],
    )


def test_a_typical_post_takes_at_most_120_bytes() -> None:
    assert len(pack_entity(typical())) <= 120


def test_survives_its_bytes() -> None:
    entity = typical()
    entity.flags, entity.held, entity.last[3] = DELETED, 0b101, None
    assert unpack_entity(pack_entity(entity)) == entity


def test_the_stamp_alone() -> None:
    assert entity_stamp(pack_entity(typical())) == 98_765_432_101
