"""What a query says, as a tree."""

from typing import Final, Literal, NamedTuple, TypeAlias

#: Fields that point at few posts, so a query may consist of one alone.
SELECTIVE_FIELDS: Final = ("author", "site")
FIELDS: Final = (*SELECTIVE_FIELDS, "lang", "platform", "has")

FieldName = Literal["author", "site", "lang", "platform", "has"]


class Term(NamedTuple):
    """Words to be found, side by side; ``exact`` (quoted) without endings, ``wildcard`` with any ending."""

    text: str
    exact: bool
    wildcard: bool

    @property
    def written(self) -> str:
        """The words as the query writes them, without quotes."""
        return self.text + "*" * self.wildcard


class Field(NamedTuple):
    """A fact about the post, such as ``lang:fa``; ``value`` as the query writes it."""

    name: FieldName
    value: str


class Not(NamedTuple):
    """What must not be so."""

    child: "Node"


class And(NamedTuple):
    """What must be so, all of it."""

    children: "tuple[Node, ...]"


class Or(NamedTuple):
    """What must be so, any of it."""

    children: "tuple[Node, ...]"


class Near(NamedTuple):
    """Two finds with at most ``distance`` words between them; ``ordered``: the left one comes first."""

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool


Node: TypeAlias = Term | Field | Not | And | Or | Near
