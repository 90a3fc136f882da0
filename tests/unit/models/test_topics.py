import pytest

from models.topics import Namespace


def test_names() -> None:
    default = Namespace()
    assert default.posts == "social.posts.v1"
    assert default.dead_letters == "listener.dead_letters.v1"
    assert default.campaigns == "listener.campaigns.v1"
    assert default.changelog("minute") == "listener-minute-changelog"


def test_prefix_and_app_are_independent() -> None:
    namespace = Namespace(app="blue", prefix="test.")
    assert namespace.posts == "test.social.posts.v1"
    assert namespace.changelog("progress") == "blue-progress-changelog"


def test_unknown_table() -> None:
    with pytest.raises(ValueError, match="'week'"):
        Namespace().changelog("week")


@pytest.mark.parametrize(("app", "prefix"), [("", ""), ("a b", ""), ("app", "p/"), ("پویش", "")])
def test_characters_that_kafka_refuses(app: str, prefix: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        Namespace(app, prefix)
