"""Reading judged texts: NDJSON of the team's own marks, or of any labelled posts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from listener.errors import UsageProblem
from listener.relevance.names import Names, keyword_spans
from processors.relevance.features import profile
from processors.relevance.training import Example


class _Row(msgspec.Struct):
    """A mark (``campaign``) or a labelled post (``keyword``, with what the brand is called)."""

    text: str
    relevant: bool
    campaign: str = ""
    keyword: str = ""
    brand: str = ""


class _Kind(msgspec.Struct):
    type: str = "relevance"


_row = msgspec.json.Decoder(_Row).decode
_kind = msgspec.json.Decoder(_Kind).decode


def read_examples(paths: Sequence[Path], names: Names | None, weight: float = 1.0) -> list[Example]:
    """The judged texts of NDJSON files; UsageProblem that names file, line and field. Other feedback is skipped."""
    return [_example(row, names, weight, where) for path in paths for where, row in _rows(path)]


def _example(row: _Row, names: Names | None, weight: float, where: str) -> Example:
    if row.keyword:
        known = (row.keyword, row.brand)
        return Example(row.text, keyword_spans(row.text, row.keyword), profile("", known), row.relevant, weight)
    if names is None:
        raise UsageProblem(f"{where}: without a 'keyword', the campaign's keywords are needed: give --campaigns DIR.")
    of = names.profiles.get(row.campaign)
    if of is None:
        raise UsageProblem(f"{where}: 'campaign' {row.campaign!r} is not among the campaign files.")
    return Example(row.text, names.spans(row.text, row.campaign), of, row.relevant, weight)


def _rows(path: Path) -> Iterator[tuple[str, _Row]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror or error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            if _kind(line).type == "relevance":
                yield where, _row(line)
        except ValueError as error:
            raise UsageProblem(f"{where}: {error}") from error
