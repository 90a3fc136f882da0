"""Files and watched directories: rows become records, and how far each file was read is remembered."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from listener.errors import UsageProblem
from listener.sources.kit.connector import Connector, Context
from listener.sources.kit.output import Outgoing, Output
from listener.sources.push.mapping import RowMap
from listener.sources.push.rows import FORMATS, Row, read_rows
from listener.sources.push.shapes import SHAPES, Fields, Filler
from listener.sources.records import Problem
from models.article import ARTICLES_TOPIC
from models.post import POSTS_TOPIC

_log = logging.getLogger("listener.sources.files")

_BATCH: Final = 500
#: Topics whose records say what happened; a row of a file is there for the first time.
_WITH_OP: Final = (POSTS_TOPIC, ARTICLES_TOPIC)
#: A file is the same, grown, as long as it begins with the same bytes.
_HEAD: Final = 4096


class FilesConfig(Struct, forbid_unknown_fields=True):
    """`paths`: files, directories and patterns. `map`: field of the topic → column (or path in nested objects).

    `watch: true` goes on: a file is taken when it was left alone for `settle_s` seconds, and again when it has grown.
    """

    paths: Annotated[list[str], Meta(min_length=1)]
    topic: str = POSTS_TOPIC
    format: Literal["auto", "csv", "ndjson", "xlsx"] = "auto"
    map: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    zone: str | None = None
    sheet: str | None = None
    watch: bool = False
    poll_s: Annotated[float, Meta(gt=0)] = 5.0
    settle_s: Annotated[float, Meta(ge=0)] = 2.0

    def connector(self, context: Context) -> Connector:
        """The reader. Raises UsageProblem for a topic, zone or map that is none."""
        shape = SHAPES.get(self.topic)
        if shape is None:
            raise UsageProblem(f"topic: {self.topic!r} is none of {', '.join(SHAPES)}.")
        try:
            zone = ZoneInfo(self.zone) if self.zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageProblem(f"zone: {self.zone!r} is no time zone, as Asia/Tehran is.") from None
        filler = Filler(
            shape, "files", context.clock(), {**({"op": "create"} if self.topic in _WITH_OP else {}), **self.defaults}
        )
        return FileReader(self, RowMap.of(self.map, shape, zone), filler, context)


class Place(Struct, omit_defaults=True):
    """How far a file was read: ``rows`` of it, when it had this size, this time of change and this beginning."""

    rows: int = 0
    size: int = 0
    changed: float = 0.0
    head: str = ""
    head_size: int = 0


@dataclass(frozen=True)
class _Found:
    """A file as it is now."""

    file: Path
    size: int
    changed: float


class FileReader:
    """Reads every file once, or goes on looking for more; its cursors are one for each file, under its path."""

    def __init__(self, config: FilesConfig, row_map: RowMap, filler: Filler, context: Context) -> None:
        self.topics = (config.topic,)
        self._config = config
        self._map = row_map
        self._filler = filler
        self._context = context
        self._places: dict[str, Place] = {}

    async def run(self, output: Output) -> None:
        """Read until all is read, or until cancelled when watching. Raises UsageProblem when there is no file."""
        self._places = {part: _place(saved) for part, saved in output.cursors.items()}
        output.stats.answered()
        while True:
            found = await asyncio.to_thread(lambda: list(self._files()))
            if not found and not self._config.watch:
                raise UsageProblem(f"there is no file at {', '.join(self._config.paths)}.")
            for one in found:
                await self._read(one, output)
            if not self._config.watch:
                return
            await asyncio.sleep(self._config.poll_s)

    def _files(self) -> Iterator[_Found]:
        seen: set[Path] = set()
        for text in self._config.paths:
            path = self._context.base / text
            files = path.rglob("*") if path.is_dir() else path.parent.glob(path.name)
            for file in sorted(files):
                if file in seen or not file.is_file() or file.name.startswith((".", "~")):
                    continue
                seen.add(file)
                if self._format(file) is not None:
                    stat = file.stat()
                    yield _Found(file, stat.st_size, stat.st_mtime)

    def _format(self, file: Path) -> str | None:
        return FORMATS.get(file.suffix.lower()) if self._config.format == "auto" else self._config.format

    async def _read(self, found: _Found, output: Output) -> None:
        part = str(found.file)
        place = self._places.get(part, Place())
        now = self._context.clock()
        is_busy = self._config.watch and now.timestamp() - found.changed < self._config.settle_s
        if is_busy or (place.size, place.changed) == (found.size, found.changed):
            return
        try:
            await self._take(found, await asyncio.to_thread(_begin, found, place), output)
        except (ValueError, OSError) as error:
            output.complain(error, f"{found.file}: ")
            # Not again until it changes.
            done = Place(0, found.size, found.changed)
            await output.write([], {part: msgspec.to_builtins(done)})
            self._places[part] = done
        await output.save()

    async def _take(self, found: _Found, place: Place, output: Output) -> None:
        kind = self._format(found.file) or "csv"
        rows = await asyncio.to_thread(read_rows, found.file, kind, sheet=self._config.sheet, skip=place.rows)
        filler = self._filler.at(self._context.clock())
        done = place.rows
        while batch := await asyncio.to_thread(lambda: list(islice(rows, _BATCH))):
            results = [self._judged(number, row, filler) for number, row in batch]
            done += len(batch)
            is_last = len(batch) < _BATCH
            reached = msgspec.structs.replace(place, rows=done, **({} if is_last else {"size": -1}))
            await output.write(results, {str(found.file): msgspec.to_builtins(reached)}, f"{found.file}: ")
        reached = msgspec.structs.replace(place, rows=done)
        await output.write([], {str(found.file): msgspec.to_builtins(reached)})
        self._places[str(found.file)] = reached
        if done > place.rows:
            _log.info("%s: %s: %d rows", output.stats.name, found.file, done - place.rows)

    def _judged(self, number: int, row: Row, filler: Filler) -> Outgoing | Problem:
        if isinstance(row, ValueError):
            return Problem(f"row {number}: {row}")
        try:
            return filler.make(_prefixed(self._map.apply(row), self._config))
        except (ValueError, RecursionError) as error:
            return Problem(f"row {number}: {error}")


def _prefixed(fields: Fields, config: FilesConfig) -> Fields:
    """A post's id with its platform before it, as the topic has them, when the file has the bare id."""
    native = fields.get("post_id")
    if config.topic == POSTS_TOPIC and isinstance(native, str):
        platform = fields.setdefault("platform", config.defaults.get("platform", "other"))
        if not native.startswith(f"{platform}:"):
            fields["post_id"] = f"{platform}:{native}"
    return fields


def _begin(found: _Found, place: Place) -> Place:
    """Where to go on: after the rows that were read when the file has only grown, from its start when it is another."""
    with found.file.open("rb") as stream:
        head = stream.read(_HEAD)
    is_same = place.head_size and sha256(head[: place.head_size]).hexdigest() == place.head
    rows = place.rows if is_same and found.size >= max(place.size, place.head_size) else 0
    return Place(rows, found.size, found.changed, sha256(head).hexdigest(), len(head))


def _place(saved: Any) -> Place:
    try:
        return msgspec.convert(saved, type=Place)
    except msgspec.ValidationError:
        return Place()
