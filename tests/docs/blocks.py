"""The commands of the documentation, as readers see them: every ``sh`` block of a page, and what its comments say.

A comment on the lines before a block (HTML, so that readers do not see it) says how a test treats it:

``<!-- not run: REASON -->``     it can only run elsewhere: a real cluster, kubectl
``<!-- goes on; says: TEXT -->`` it runs until it is stopped; the next block begins when it has said TEXT
``<!-- prints: TEXT -->``        TEXT must be in its output; may be there several times
``<!-- prints at last: TEXT -->`` the same, but the block is repeated until it is: a look at what takes a moment

and anywhere on a page

``<!-- needs Kafka -->``         its blocks find a broker in LISTENER_BOOTSTRAP_SERVERS
``<!-- before: COMMAND -->``     what a reader of the page has already (a file, a directory)
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```sh *$")
_COMMENT = re.compile(r"<!-- *(?P<text>.*?) *-->", re.DOTALL)
_NOT_RUN = "not run:"
_GOES_ON = "goes on; says:"
_PRINTS = "prints:"
_AT_LAST = "prints at last:"
_BEFORE = "before:"
_NEEDS_KAFKA = "needs Kafka"
KNOWN = (_NOT_RUN, _GOES_ON, _PRINTS, _AT_LAST)


@dataclass(frozen=True)
class Block:
    """A block: the line of its first command (from 1), its text, and what its comments say."""

    line: int
    text: str
    not_run: str | None = None
    goes_on: str | None = None
    prints: tuple[str, ...] = ()
    at_last: str | None = None


@dataclass(frozen=True)
class Page:
    """A page of the documentation."""

    path: Path
    blocks: tuple[Block, ...]
    before: tuple[str, ...] = ()
    needs_kafka: bool = False
    comments: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """Its path inside the repository."""
        return str(self.path.relative_to(ROOT))

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return any(block.not_run is None for block in self.blocks)


def page_paths() -> list[Path]:
    """README and everything under docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def pages() -> list[Page]:
    """All pages that have blocks."""
    return [page for page in map(read_page, page_paths()) if page.blocks]


def read_page(path: Path) -> Page:
    """A page with its blocks."""
    text = path.read_text(encoding="utf-8")
    comments = tuple(found["text"] for found in _COMMENT.finditer(text))
    before = tuple(one.removeprefix(_BEFORE).strip() for one in comments if one.startswith(_BEFORE))
    return Page(path, tuple(read_blocks(text)), before, _NEEDS_KAFKA in comments, comments)


def read_blocks(text: str) -> list[Block]:
    """The blocks of a page's text."""
    blocks = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        number += 1
        if fence:
            end = next(i for i in range(number, len(lines)) if lines[i].strip() == "```")
            said = _said_before(lines[: number - 1])
            blocks.append(_block(number + 1, dedent("\n".join(lines[number:end])), said))
            number = end + 1
    return blocks


def _said_before(lines: list[str]) -> list[str]:
    """The comments directly above, blank lines or none between, each on a line of its own."""
    said = []
    for line in reversed(lines):
        comment = _COMMENT.fullmatch(line.strip())
        if comment:
            said.insert(0, comment["text"])
        elif line.strip():
            break
    return said


def _block(line: int, text: str, said: list[str]) -> Block:
    def after(name: str) -> str | None:
        return next((one.removeprefix(name).strip() for one in said if one.startswith(name)), None)

    prints = tuple(one.removeprefix(_PRINTS).strip() for one in said if one.startswith(_PRINTS))
    return Block(line, text, after(_NOT_RUN), after(_GOES_ON), prints, after(_AT_LAST))
