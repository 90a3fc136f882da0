"""``--map``: which field of a foreign record becomes which field of ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import msgspec
from msgspec import Raw

from listener.errors import UsageProblem
from models.post import Author, Counts, Post

#: A JSON object whose values are left as they are written.
Fields = dict[str, Raw]

NULL: Final = b"null"
decode_fields = msgspec.json.Decoder(Fields).decode

_NESTED: Final[dict[str, type[msgspec.Struct]]] = {"author": Author, "counts": Counts}
_TARGETS: Final = {
    *(field.name for field in msgspec.structs.fields(Post)),
    *(f"{parent}.{field.name}" for parent, kind in _NESTED.items() for field in msgspec.structs.fields(kind)),
}
#: These are judged as they stand: a record that lacks one, or has it in another type, is not a post.
_ESSENTIAL: Final = {"text"} | {field.name for field in msgspec.structs.fields(Post) if field.required}
_OPTIONAL: Final = {
    field.name: msgspec.json.Decoder(field.type).decode
    for field in msgspec.structs.fields(Post)
    if field.name not in _ESSENTIAL
}


@dataclass(frozen=True)
class FieldMap:
    """Pairs of (target path, source path); an empty map changes nothing."""

    pairs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read ``target=source,…``, dots for nesting on both sides. Raises UsageProblem naming the entry at fault."""
        entries = [entry.strip() for text in texts for entry in text.split(",") if entry.strip()]
        pairs = [_parse_entry(entry) for entry in entries]
        targets = [target for target, _ in pairs]
        for target in targets:
            if targets.count(target) > 1 or (len(target) > 1 and target[:1] in targets):
                raise UsageProblem(f"--map: {'.'.join(target)} is given twice. Leave one of them.")
        return cls(tuple(pairs))

    def apply(self, record: Fields) -> Fields:
        """Our fields of a foreign record, or the record itself when it has none of the mapped sources.

        A null source counts as lacking. Of the fields that are not mapped those stay that are ours by name, optional
        ones only when they have our type too: a source's own ``mentions: 3`` means something else.
        """
        mapped = [(target, value) for target, source in self.pairs if (value := _look_up(record, source)) is not None]
        if not mapped:
            return record
        filled = {name: value for name, value in record.items() if _is_ours(name, value)}
        nested: dict[str, Fields] = {}
        for (name, *rest), value in mapped:
            if rest:
                parent = nested.setdefault(name, decode_fields(filled[name]) if name in filled else {})
                parent[rest[0]] = value
            else:
                filled[name] = value
        filled.update((name, Raw(msgspec.json.encode(parent))) for name, parent in nested.items())
        return filled


def _parse_entry(entry: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    target, equals, source = (part.strip() for part in entry.partition("="))
    if not equals or not source or "" in source.split("."):
        raise UsageProblem(f"--map: {entry!r} is not target=source (for example post_id=id,counts.likes=likes).")
    if target not in _TARGETS:
        raise UsageProblem(f"--map: {target!r} is no field of a post. The fields: {', '.join(sorted(_TARGETS))}.")
    return tuple(target.split(".")), tuple(source.split("."))


def _look_up(record: Fields, path: tuple[str, ...]) -> Raw | None:
    *parents, name = path
    for parent in parents:
        value = record.get(parent)
        if value is None or not bytes(value).startswith(b"{"):
            return None
        record = decode_fields(value)
    value = record.get(name)
    return None if value is None or bytes(value) == NULL else value


def _is_ours(name: str, value: Raw) -> bool:
    if bytes(value) == NULL:
        return False
    if name in _ESSENTIAL:
        return True
    if name not in _OPTIONAL:
        return False
    try:
        _OPTIONAL[name](value)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
