"""NDJSON files in file order, as bytes: one record per line that is not blank, whatever is in it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from aiokafka.partitioner import DefaultPartitioner

from listener.errors import UsageProblem
from listener.inputs.fieldmap import FieldMap, Fields, decode_fields
from listener.inputs.records import INPUT_TOPICS, InputRecord, make_record
from models.post import POSTS_TOPIC

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ROUTED: Final = {"topic", "record"}

_partitioner = DefaultPartitioner()


def read_records(files: Iterable[Path], field_map: FieldMap) -> Iterator[InputRecord]:
    """Every record of the files.

    A line ``{"topic": …, "record": …}`` is the record of that topic, any other line is a post. Raises UsageProblem for
    a file that cannot be read and for a topic that takes no input.
    """
    for file in files:
        for number, line in _lines(file):
            topic, raw, fields = _unwrap(line, f"{file}:{number}")
            yield make_record(raw, fields, field_map, file=str(file), line=number, topic=topic)


def partition(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner (murmur2) puts a key."""
    numbers = range(partitions)
    chosen: int = _partitioner(key, numbers, numbers)
    return chosen


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                text = line.removesuffix(b"\n")
                if number == 1:
                    text = text.removeprefix(_BYTE_ORDER_MARK)
                if text.strip():
                    yield number, text
    except OSError as error:
        raise UsageProblem(f"--input: {file} cannot be read: {error.strerror or error}.") from error


def _unwrap(line: bytes, where: str) -> tuple[str, bytes, Fields | None]:
    """A line's topic, record, and the record's fields: None when it is no JSON object in UTF-8."""
    fields = parse_fields(line)
    if fields is None or fields.keys() != _ROUTED or not bytes(fields["topic"]).startswith(b'"'):
        return POSTS_TOPIC, line, fields
    topic = msgspec.json.decode(fields["topic"], type=str)
    if topic not in INPUT_TOPICS:
        names = ", ".join(INPUT_TOPICS)
        raise UsageProblem(f"{where}: no input topic {topic!r}. Lines with a topic must name one of {names}.")
    record = bytes(fields["record"])
    return topic, record, parse_fields(record)


def parse_fields(text: bytes) -> Fields | None:
    """The fields of a JSON object; None for anything else, wrong UTF-8 included."""
    try:
        text.decode()
        return decode_fields(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
