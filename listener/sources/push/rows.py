"""Rows of CSV, NDJSON and Excel files, each with its number (of the line or row) for messages."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import openpyxl  # type: ignore[import-untyped]

#: Suffix → format.
FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".xlsx": "xlsx",
}
#: Older Persian exports; every byte means something in it, so it is tried last.
_LAST_RESORT: Final = "windows-1256"
_SNIFFED: Final = 16_384
_LONGEST_LETTER: Final = 4
_DELIMITERS: Final = ",;\t|"
#: Cells above this are an attack or a mistake.
_MAX_CELL: Final = 1_048_576

#: A row by column; or what is wrong with it.
Row = dict[str, Any] | ValueError


def read_rows(file: Path, kind: str, *, sheet: str | None = None, skip: int = 0) -> Iterator[tuple[int, Row]]:
    """Rows after the first ``skip``. Raises ValueError for a file that is not of its format, OSError as files do."""
    readers = {"csv": _csv, "ndjson": _ndjson}
    rows = _xlsx(file, sheet) if kind == "xlsx" else readers[kind](file)
    return islice(rows, skip, None)


def _ndjson(file: Path) -> Iterator[tuple[int, Row]]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield number, _object(text)


def _object(text: bytes) -> Row:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        return ValueError(f"no JSON object: {error}")


def _csv(file: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(_MAX_CELL)
    with file.open(encoding=_encoding(file), newline="") as stream:
        head = stream.read(_SNIFFED)
        stream.seek(0)
        reader = csv.DictReader(stream, delimiter=_delimiter(head.partition("\n")[0]), strict=False)
        if not reader.fieldnames:
            raise ValueError("no header line")
        try:
            for row in reader:
                yield reader.line_num, _cells(row)
        except csv.Error as error:
            yield reader.line_num, ValueError(str(error))


def _cells(row: dict[Any, Any]) -> Row:
    if None in row:
        return ValueError("more cells than the header has columns: is a quote missing?")
    return {str(name).strip(): value for name, value in row.items()}


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _encoding(file: Path) -> str:
    with file.open("rb") as stream:
        head = stream.read(_SNIFFED)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A letter may be cut at the end of what was read.
        if len(head) < _SNIFFED or error.start < len(head) - _LONGEST_LETTER:
            return _LAST_RESORT
    return "utf-8-sig"


def _xlsx(file: Path, sheet: str | None) -> Iterator[tuple[int, Row]]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # zip, XML and format errors of several libraries
        raise ValueError(f"no Excel file: {error}") from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise ValueError(f"no sheet {sheet!r}; there are: {', '.join(book.sheetnames)}")
        rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
        names = [str(name).strip() if name is not None else "" for name in next(rows, ())]
        if not any(names):
            raise ValueError("the first row names no columns")
        for number, values in enumerate(rows, 2):
            if any(value is not None for value in values):
                yield number, {name: value for name, value in zip(names, values, strict=False) if name}
    finally:
        book.close()
