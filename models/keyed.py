"""What the records of the business topics have in common: no ``op``, and one entity each."""

from msgspec import Struct


class Keyed(Struct, frozen=True):
    """A record that tells the newest of its entity; ``entity_key`` names it."""

    @property
    def entity_key(self) -> str:
        """The entity whose state the record changes; records of one entity share a partition."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The same, as the counting plane asks for it."""
        return self.entity_key

    @property
    def op(self) -> str:
        """These records have no ``op``: each is an update."""
        return "update"
