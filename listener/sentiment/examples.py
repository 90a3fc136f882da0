"""Reading labelled examples, and guessing labels for posts that have none (distant supervision)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from listener.errors import UsageProblem
from processors.sentiment.distant import guess
from processors.sentiment.training import Example

_GUESS_WEIGHT: Final = 0.2


def read_examples(paths: Sequence[Path], label_field: str, text_field: str) -> list[Example]:
    """The labelled texts of NDJSON files; raises UsageProblem that names file, line and field."""
    return [
        Example(_text(row, text_field, where), _label(row, label_field, where))
        for path in paths
        for where, row in _rows(path)
    ]


def guess_examples(paths: Sequence[Path], text_field: str) -> list[Example]:
    """Examples of little weight from posts whose opinion words and emoji all point one way.

    No label gets more guesses than the least guessed one has, and neutral a quarter of that: a text without opinion
    words is weak evidence, many opinions are told in other words.
    """
    texts = dict.fromkeys(_text(row, text_field, where) for path in paths for where, row in _rows(path))
    guessed = [(text, label) for text in texts if (label := guess(text)) is not None]
    counts = Counter(label for _, label in guessed)
    fewest = min(counts.values(), default=0)
    room = Counter({label: fewest // 4 if label == "neutral" else fewest for label in counts})
    kept: list[Example] = []
    for text, label in guessed:
        if room[label] > 0:
            room[label] -= 1
            kept.append(Example(text, label, _GUESS_WEIGHT))
    return kept


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 of the files' bytes, one after the other."""
    total = sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror or error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield f"{path}, line {number}", msgspec.json.decode(line, type=dict[str, Any])
        except ValueError as error:
            raise UsageProblem(f"{path}, line {number}: {error}; each line must be a JSON object.") from error


def _text(row: dict[str, Any], field: str, where: str) -> str:
    text = row.get(field)
    if not isinstance(text, str):
        raise UsageProblem(f"{where}: {field!r} must be a string; name another field with --text-field.")
    return text


def _label(row: dict[str, Any], field: str, where: str) -> str:
    label = row.get(field)
    if not isinstance(label, str | int):
        raise UsageProblem(f"{where}: {field!r} must be a string or a whole number; name another with --label-field.")
    return str(label)
