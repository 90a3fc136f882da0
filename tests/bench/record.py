"""Tables of the benchmarks on their way into docs/performance.md.

A benchmark prints its table and leaves it under ``build/tables``, with a line that says when, where and how it was
measured, and its chart beside it. ``make bench-docs`` puts the tables that are there between their marks in the page,
``<!-- measured: NAME -->`` and ``<!-- /measured -->``, and the charts under docs/images.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

TABLES: Final = Path("build/tables")
PAGE: Final = Path("docs/performance.md")
IMAGES: Final = Path("docs/images")
_MARKED: Final = re.compile(r"(<!-- measured: ([a-z-]+) -->\n).*?(<!-- /measured -->)", re.DOTALL)
#: How busy the machine was before the benchmark made it so.
_LOAD: Final = os.getloadavg()[0]


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def record(name: str, text: str) -> None:
    """Print ``text``, and leave it for the page."""
    print(text)
    TABLES.mkdir(parents=True, exist_ok=True)
    (TABLES / f"{name}.md").write_text(f"{text.rstrip()}\n\n{_circumstances()}\n", encoding="utf-8")


def record_chart(name: str, svg: str) -> None:
    """Leave a chart for the page."""
    TABLES.mkdir(parents=True, exist_ok=True)
    (TABLES / f"{name}.svg").write_text(svg, encoding="utf-8")


def _circumstances() -> str:
    asked = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "no commit"
    module = Path(sys.argv[0]).with_suffix("").relative_to(Path.cwd()).as_posix().replace("/", ".")
    command = shlex.join(["python", "-m", module, *sys.argv[1:]])
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"<sub>`{command}`, {day}, {commit}, {os.cpu_count()} cores, load average before it {_LOAD:.1f}</sub>"


def put(page: str, tables: Path) -> tuple[str, list[str]]:
    """The page with the tables that are there, and their names."""
    done: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        source = tables / f"{name}.md"
        if not source.exists():
            return found.group()
        done.append(name)
        return f"{begin}{source.read_text(encoding='utf-8')}{end}"

    return _MARKED.sub(replaced, page), done


def main() -> None:
    """Put what was measured into the page."""
    page, done = put(PAGE.read_text(encoding="utf-8"), TABLES)
    PAGE.write_text(page, encoding="utf-8")
    for chart in TABLES.glob("*.svg"):
        (IMAGES / chart.name).write_bytes(chart.read_bytes())
    print(f"{PAGE}: {', '.join(done) or 'nothing was measured'}")


if __name__ == "__main__":
    main()
