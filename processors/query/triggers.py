"""What must be there for a query to be true: the few things worth searching every record for."""

from collections.abc import Callable
from typing import TypeAlias

from processors.query.tree import SELECTIVE_FIELDS, And, Field, Near, Node, Not, Or, Term

Trigger: TypeAlias = Term | Field
#: Orders triggers by how rare they may be expected to be; more is rarer.
Rarity: TypeAlias = Callable[[Trigger], tuple[bool, int, int, int]]


def triggers(node: Node, rarity: Rarity) -> frozenset[Trigger]:
    """Terms and fields of which one is there whenever the query is true; of ``AND`` the rarest part decides.

    Raises ValueError where nothing needs to be there (the parser refuses such queries).
    """
    found = _triggers(node, rarity, positive=True)
    if found is None:
        raise ValueError("the query matches nearly everything")
    return found


def _triggers(node: Node, rarity: Rarity, *, positive: bool) -> frozenset[Trigger] | None:
    """None where the node can be true without any; of its opposite with ``positive`` false."""
    match node:
        case Not():
            return _triggers(node.child, rarity, positive=not positive)
        case And() | Or():
            parts = [_triggers(child, rarity, positive=positive) for child in node.children]
            return _rarest(parts, rarity) if isinstance(node, And) == positive else _united(parts)
        case Near():
            if not positive:
                return None
            sides = (node.left, node.right)
            return _rarest([_triggers(side, rarity, positive=True) for side in sides], rarity)
        case Term():
            return frozenset({node}) if positive else None
        case Field():
            return frozenset({node}) if positive and node.name in SELECTIVE_FIELDS else None


def _united(parts: list[frozenset[Trigger] | None]) -> frozenset[Trigger] | None:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _rarest(parts: list[frozenset[Trigger] | None], rarity: Rarity) -> frozenset[Trigger] | None:
    known = [part for part in parts if part is not None]
    return max(known, key=lambda part: (min(map(rarity, part)), -len(part)), default=None)
