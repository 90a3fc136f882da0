"""From rows of foreign files to fields of a topic: names by a map, values by the type that the topic wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

from listener.errors import UsageProblem
from listener.sources.dates import parse_date
from listener.sources.push.shapes import Fields, Shape
from models.persian import DIGITS

#: Between the members of a list in one cell.
_SEPARATOR: Final = ";"
_DIGITS: Final = str.maketrans(DIGITS)
#: Thousands separators of people and of spreadsheets, Persian ones too.
_GROUPING: Final = str.maketrans("", "", ",٬ \u00a0\u202f")

#: How the pattern of an amount of money begins.
_NUMERIC: Final = "^-?[0-9]"

Path = tuple[str, ...]


@dataclass(frozen=True)
class RowMap:
    """``pairs``: target and source as paths (dots on the outside). Columns with a target's own name need no pair."""

    pairs: tuple[tuple[Path, str], ...]
    kinds: Mapping[Path, inspect.Type]
    zone: tzinfo | None = None

    @classmethod
    def of(cls, given: Mapping[str, str], shape: Shape, zone: tzinfo | None) -> "RowMap":
        """Raises UsageProblem for a target that is no field of the topic."""
        kinds = dict(_kinds(shape.struct))
        for target in given:
            if tuple(target.split(".")) not in kinds:
                names = ", ".join(sorted(".".join(path) for path in kinds))
                raise UsageProblem(f"map: {target!r} is no field of {shape.topic}. The fields: {names}.")
        return cls(tuple((tuple(target.split(".")), source) for target, source in given.items()), kinds, zone)

    def apply(self, row: Mapping[str, Any]) -> Fields:
        """The fields of one row. Raises ValueError that names the column whose value cannot be of the field's type."""
        found: Fields = {}
        mapped = {target for target, _ in self.pairs}
        for target, source in self.pairs:
            self._put(found, target, source, _look_up(row, source))
        for name, value in row.items():
            target = tuple(name.split("."))
            if target in self.kinds and target not in mapped:
                self._put(found, target, name, value)
        return found

    def _put(self, fields: Fields, target: Path, source: str, value: Any) -> None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        try:
            value = self._typed(self.kinds[target], value)
        except ValueError as error:
            raise ValueError(f"column {source!r}: {error}") from error
        for parent in target[:-1]:
            fields = fields.setdefault(parent, {})
        fields[target[-1]] = value

    def _typed(self, kind: inspect.Type, value: Any) -> Any:
        if isinstance(kind, inspect.DateTimeType):
            return self._moment(value, self.zone).isoformat()
        if isinstance(kind, inspect.DateType):
            # A day is a day wherever it is.
            return self._moment(value, UTC).date().isoformat()
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(kind, inspect.IntType) and isinstance(value, str | float):
            return _whole(value)
        if isinstance(kind, inspect.ListType) and isinstance(value, str):
            return [part.strip() for part in value.split(_SEPARATOR) if part.strip()]
        if isinstance(kind, inspect.StrType):
            return _amount(value) if (kind.pattern or "").startswith(_NUMERIC) else _words(value)
        return value.strip() if isinstance(value, str) else value

    def _moment(self, value: Any, zone: tzinfo | None) -> datetime:
        text = value.isoformat() if isinstance(value, datetime | date) else str(value)
        moment = parse_date(text, zone)
        if moment is None:
            raise ValueError(f"{text[:40]!r} is no date")
        return moment


def _words(value: Any) -> Any:
    """A cell of a spreadsheet that looks like a number may be an id."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return value


def _amount(value: Any) -> Any:
    """Money as the topics have it: Latin digits, a point, no grouping."""
    text = _words(value)
    return text.translate(_DIGITS).translate(_GROUPING).replace("٫", ".") if isinstance(text, str) else text


def _whole(value: str | float) -> int:
    try:
        number = float(value.translate(_DIGITS).translate(_GROUPING)) if isinstance(value, str) else value
        if number.is_integer():
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{str(value)[:40]!r} is no whole number")


def _look_up(row: Mapping[str, Any], path: str) -> Any:
    """A column of that very name, or what the path leads to in nested objects."""
    if path in row:
        return row[path]
    value: Any = row
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _kinds(struct: type[Struct]) -> list[tuple[Path, inspect.Type]]:
    """Every field that a map can name, with its kind; nested ones with their whole path, and their parents too."""
    found: list[tuple[Path, inspect.Type]] = []
    for field in msgspec.structs.fields(struct):
        kind = _plain(inspect.type_info(field.type))
        found.append(((field.name,), kind))
        if isinstance(kind, inspect.StructType):
            found += [((field.name, *path), inner) for path, inner in _kinds(kind.cls)]
    return found


def _plain(kind: inspect.Type) -> inspect.Type:
    """Without its constraints, and without null."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return next((_plain(one) for one in kind.types if not isinstance(_plain(one), inspect.NoneType)), kind)
    return kind
