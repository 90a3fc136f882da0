"""Values of YAML nodes, with every mistake noted at its file and line instead of ending the load."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_BOOLEAN: Final = "tag:yaml.org,2002:bool"
_NULL: Final = "tag:yaml.org,2002:null"


@dataclass
class Problems:
    """Mistakes found so far."""

    _found: list[tuple[Path, int, int, str]] = field(default_factory=list)

    def add(self, file: Path, node: Node | None, field_name: str, message: str) -> None:
        """Note one mistake; ``field_name`` may be empty when it is the whole file or campaign."""
        self.add_at(
            file, node.start_mark.line + 1 if node else 0, f"{field_name}: {message}" if field_name else message
        )

    def add_at(self, file: Path, line: int, message: str, column: int = 0) -> None:
        """Note one mistake; lines and columns count from 1, 0 is the file or line as a whole."""
        self._found.append((file, line, column, message))

    def lines(self) -> list[str]:
        """One line for each mistake, by file and line."""
        found = sorted(self._found, key=lambda mistake: mistake[:3])
        return [
            ":".join((str(file), *(str(number) for number in (line, column) if number))) + f": {message}"
            for file, line, column, message in found
        ]


@dataclass
class Fields:
    """One mapping of a file, read field by field."""

    file: Path
    node: MappingNode
    known: tuple[str, ...]
    problems: Problems
    values: dict[str, Node] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the fields that have a value; note those that are unknown or there twice."""
        seen: set[str] = set()
        for key, value in self.node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if name not in self.known:
                self.problem(name or "field", f"unknown field{_nearest(name, self.known)}", key)
            elif name in seen:
                self.problem(name, "is there twice; merge the two", key)
            elif value.tag != _NULL:
                self.values[name] = value
            seen.add(name)

    def problem(self, name: str, message: str, node: Node | None = None) -> None:
        """Note a mistake at the field's value, or at ``node``."""
        self.problems.add(self.file, node or self.values.get(name, self.node), name, message)

    def text(self, name: str) -> str | None:
        """A scalar as it is written (``0912`` stays ``0912``); None when absent or no text."""
        node = self.values.get(name)
        return None if node is None else self.scalar(name, node)

    def texts(self, name: str) -> list[tuple[str, Node]]:
        """A list of scalars with their nodes; a single scalar counts as a list of one."""
        return [(text, item) for item in self.items(name) if (text := self.scalar(name, item)) is not None]

    def items(self, name: str) -> list[Node]:
        """The nodes of a list; a single value counts as a list of one."""
        node = self.values.get(name)
        if node is None:
            return []
        return list(node.value) if isinstance(node, SequenceNode) else [node]

    def scalar(self, name: str, node: Node) -> str | None:
        """One value as text; notes the mistake and gives None where it is none."""
        if not isinstance(node, ScalarNode):
            self.problem(name, "must be text, not a list or mapping", node)
        elif node.tag == _BOOLEAN:
            self.problem(name, f'YAML reads {node.value} as true or false; quote it: "{node.value}"', node)
        elif node.tag == _NULL:
            self.problem(name, "is empty; give a value or remove it", node)
        else:
            return str(node.value)
        return None


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known fields: {', '.join(known)}"
