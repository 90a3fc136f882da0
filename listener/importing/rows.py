"""From a row of a sheet to a record: columns mapped, values read, the record checked against its schema."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec

from listener.importing.kinds import ImportKind
from listener.importing.values import plain, read_date, read_flag, read_number, read_time

#: Hex digits of an event id that is made from a row's content.
_DIGITS: Final = 32
_TOMAN: Final = 10
_UTM: Final = "utm_"


class RowProblem(ValueError):  # noqa: N818 - the user mends it
    """A row that cannot be a record: ``column`` is to blame."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Reader:
    """Reads rows of one kind.

    ``columns``: our field → the sheet's column. ``constants``: fields that every row gets. ``observed_at``: when the
    sheet was read, RFC 3339. ``toman``: amounts without a currency of their own are in toman. ``hash_key``: identities
    are hashed with it.
    """

    kind: ImportKind
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    observed_at: str
    zone: str
    toman: bool = False
    hash_key: bytes | None = None
    source: str = "import"
    _decoder: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decoder", msgspec.json.Decoder(self.kind.record))

    def record(self, row: Mapping[str, Any]) -> tuple[str, bytes]:
        """(entity key, value) of a row; RowProblem where it is none."""
        fields = dict(self._fields(row))
        for name, value in self.kind.defaults.items():
            fields.setdefault(name, value)
        self._follow_toman(fields)
        content = msgspec.json.encode(fields, order="deterministic")
        fields["event_id"] = sha256(self.kind.name.encode() + content).hexdigest()[:_DIGITS]
        fields |= {"schema_version": 1, "observed_at": self.observed_at, "source": self.source}
        value = msgspec.json.encode(fields)
        try:
            return self._decoder.decode(value).entity_key, value
        except msgspec.ValidationError as error:
            raise RowProblem(*self._blamed(str(error))) from None

    def _fields(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        utm: dict[str, str] = {}
        given = {name: row[column] for name, column in self.columns.items() if column in row}
        for name, cell in {**self.constants, **given}.items():
            try:
                value = self._value(name, cell)
            except ValueError as error:
                raise RowProblem(self.columns.get(name, name), str(error)) from None
            if name.startswith(_UTM):
                utm[name.removeprefix(_UTM)] = value
            else:
                yield name, value
        if utm:
            yield "utm", utm

    def _value(self, name: str, cell: Any) -> Any:
        kind = self.kind
        if name in kind.dates:
            return read_date(cell)
        if name in kind.times:
            return read_time(cell, self.zone)
        if name in kind.money:
            return read_number(cell)
        if name in kind.numbers:
            number = read_number(cell)
            return float(number) if "." in number else int(number)
        if name in kind.flags:
            return read_flag(cell)
        if name in kind.identity and self.hash_key is not None:
            return hmac.new(self.hash_key, plain(cell).lower().encode(), sha256).hexdigest()
        return plain(cell)

    def _follow_toman(self, fields: dict[str, Any]) -> None:
        """Toman is ten rials: exact, on the decimal text."""
        known = fields.get("currency")
        if known in ("IRT", "TMN", "TOMAN", "تومان") or (known is None and self.toman):
            for name in self.kind.money & fields.keys():
                fields[name] = _tenfold(fields[name])
            fields["currency"] = "IRR"

    def _blamed(self, message: str) -> tuple[str, str]:
        """(column, reason): the sheet's own name for the field that the schema complains of."""
        reason, _, path = message.partition(" - at `$.")
        name = path.rstrip("`") if path else next((one for one in self.kind.fields if f"`{one}`" in message), "row")
        return self.columns.get(name, name), reason.removeprefix(f"`{name}`: ")


def _tenfold(text: str) -> str:
    whole, _, part = text.partition(".")
    if not part:
        return text if text == "0" else f"{whole}0"
    return f"{whole}{part[0]}.{part[1:]}".rstrip(".")
