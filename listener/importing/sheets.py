"""Rows of CSV and XLSX files, with their numbers as a spreadsheet shows them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from listener.errors import UsageProblem

#: (row number from 1, column name → cell); empty cells are left out.
Row = tuple[int, dict[str, Any]]
_DELIMITERS: Final = ",;\t"
_SAMPLE: Final = 65_536


def read_rows(file: Path) -> tuple[list[str], Iterator[Row]]:
    """(column names, rows) of a file; UsageProblem where it is none, or has no header."""
    rows = _xlsx(file) if file.suffix.lower() in (".xlsx", ".xlsm") else _csv(file)
    try:
        header = [str(cell).strip().lstrip("\ufeff") if cell is not None else "" for cell in next(rows)]
    except StopIteration:
        raise UsageProblem(f"{file} is empty: its first row must name the columns.") from None
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise UsageProblem(f"{file}: the column {twice[0]!r} is there twice; rename one of them.")
    return header, _named(header, rows)


def _named(header: list[str], rows: Iterator[list[Any]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 2):
        row = {name: cell for name, cell in zip(header, cells, strict=False) if name and cell not in (None, "")}
        if row:
            yield number, row


def _csv(file: Path) -> Iterator[list[Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.read(_SAMPLE)
            stream.seek(0)
            yield from csv.reader(stream, delimiter=_delimiter(head))
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{file} is not UTF-8: save it as “CSV UTF-8” (byte {error.start}).") from error
    except csv.Error as error:
        raise UsageProblem(f"{file} is no CSV file: {error}.") from error


def _delimiter(head: str) -> str:
    """The one that the first line has most of."""
    line = head.partition("\n")[0]
    return max(_DELIMITERS, key=line.count)


def _xlsx(file: Path) -> Iterator[list[Any]]:
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror or error}.") from error
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise UsageProblem(f"{file} is no Excel workbook: {error}.") from error
    try:
        for row in book.active.iter_rows(values_only=True):
            yield list(row)
    finally:
        book.close()
