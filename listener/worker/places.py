"""Where counting happens: one partition of one stream."""

from typing import NamedTuple

from models.streams import POSTS, Stream


class Place(NamedTuple):
    """A source partition."""

    stream: Stream
    partition: int

    def __str__(self) -> str:
        return f"{self.stream.topic}/{self.partition}"

    @property
    def order(self) -> tuple[str, int]:
        """Sorts by topic, then partition."""
        return self.stream.topic, self.partition


def posts(partition: int) -> Place:
    """A partition of the posts."""
    return Place(POSTS, partition)
