"""``listener import``: a sheet of orders, spend or search rows into Kafka or a file; mistakes by row and column."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import click
import msgspec

from listener.errors import UsageProblem
from listener.importing.kinds import KINDS, ImportKind
from listener.importing.rows import Reader, RowProblem
from listener.importing.sheets import read_rows
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from models.campaign import DEFAULT_TIMEZONE
from models.topics import Namespace

#: So many mistakes are named; the rest is counted.
_NAMED: Final = 50
_PROGRESS: Final = 10_000


@click.command(name="import", help=f"Import business records from CSV or XLSX. Kinds: {', '.join(KINDS)}.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--kind", required=True, type=click.Choice(list(KINDS)), help="What the sheet holds.")
@click.option("--map", "mapped", multiple=True, metavar="FIELD=COLUMN,…", help="Which column is which of our fields.")
@click.option("--set", "constants", multiple=True, metavar="FIELD=VALUE", help="A field that every row gets.")
@click.option("--toman", is_flag=True, help="Amounts without a currency are in toman: they become IRR, times 10.")
@click.option("--timezone", default=DEFAULT_TIMEZONE, show_default=True, help="Of times without an offset.")
@click.option(
    "--hash-key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar="LISTENER_IDENTITY_KEY_FILE",
    help="Hash person_id with this key (HMAC-SHA-256); the same key every time, or one person becomes two.",
)
@click.option("--dry-run", is_flag=True, help="Only check the sheet.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write NDJSON here instead of to Kafka.")
@click.option("--skip-invalid", is_flag=True, help="Import the rows that are right; without it one mistake stops all.")
@kafka_options(required=False)
@namespace_options
def import_command(
    file: Path,
    kind: str,
    mapped: tuple[str, ...],
    constants: tuple[str, ...],
    timezone: str,
    hash_key_file: Path | None,
    out: Path | None,
    kafka: KafkaSettings | None,
    namespace: Namespace,
    *,
    toman: bool,
    dry_run: bool,
    skip_invalid: bool,
) -> None:
    """Import a sheet."""
    chosen = KINDS[kind]
    header, _ = read_rows(file)
    given = _pairs("--set", constants, chosen)
    reader = Reader(
        chosen,
        _columns(chosen, header, _pairs("--map", mapped, chosen), given, file),
        given,
        datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        _zone(timezone),
        toman=toman,
        hash_key=None if hash_key_file is None else hash_key_file.read_bytes().strip(),
    )
    right, wrong = _checked(file, reader)
    click.echo(f"{file}: {right:,} rows are right, {wrong:,} are not", err=True)
    if wrong and not skip_invalid:
        raise UsageProblem(
            f"nothing was imported: mend the {wrong:,} rows named above, or leave them out: --skip-invalid."
        )
    if dry_run:
        return
    if out is not None:
        _write(out, chosen, _records(file, reader))
    elif kafka is None:
        raise UsageProblem("whereto? Give --out FILE.ndjson, or --bootstrap-servers (LISTENER_BOOTSTRAP_SERVERS).")
    else:
        asyncio.run(_send(kafka, namespace, chosen, _records(file, reader)))
    click.echo(f"imported {right:,} records into {out or namespace.input(chosen.stream)}", err=True)


def _checked(file: Path, reader: Reader) -> tuple[int, int]:
    """(rows that are right, rows that are not); the mistakes are named on stderr."""
    right = wrong = 0
    for number, row in read_rows(file)[1]:
        try:
            reader.record(row)
            right += 1
        except RowProblem as problem:
            wrong += 1
            if wrong <= _NAMED:
                click.echo(f"{file}: row {number}, column {problem.column}: {problem.reason}", err=True)
        if (right + wrong) % _PROGRESS == 0:
            click.echo(f"{right + wrong:,} rows checked", err=True)
    if wrong > _NAMED:
        click.echo(f"{file}: {wrong - _NAMED:,} more rows with mistakes", err=True)
    return right, wrong


def _records(file: Path, reader: Reader) -> Iterator[tuple[str, bytes]]:
    for number, row in read_rows(file)[1]:
        try:
            yield reader.record(row)
        except RowProblem:
            continue
        if number % _PROGRESS == 0:
            click.echo(f"{number:,} rows imported", err=True)


def _write(out: Path, kind: ImportKind, records: Iterable[tuple[str, bytes]]) -> None:
    try:
        with out.open("wb") as stream:
            _write_lines(stream, kind, records)
    except OSError as error:
        raise UsageProblem(f"--out: {out} cannot be written: {error.strerror or error}.") from error


def _write_lines(stream: BinaryIO, kind: ImportKind, records: Iterable[tuple[str, bytes]]) -> None:
    stream.writelines(
        msgspec.json.encode({"topic": kind.stream.topic, "record": msgspec.Raw(value)}) + b"\n" for _, value in records
    )


async def _send(
    kafka: KafkaSettings, namespace: Namespace, kind: ImportKind, records: Iterable[tuple[str, bytes]]
) -> None:
    """Every record acknowledged by all replicas; the default partitioner keeps an entity in its partition."""
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - a dry run needs no Kafka
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    producer = AIOKafkaProducer(**kafka.aiokafka(), acks="all", enable_idempotence=True, linger_ms=20)
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise UsageProblem(f"Kafka does not answer at {', '.join(kafka.bootstrap_servers)}: {error}") from error
    try:
        sent = [await producer.send(namespace.input(kind.stream), value, key.encode()) for key, value in records]
        await asyncio.gather(*sent)
    except KafkaError as error:
        raise UsageProblem(f"Kafka did not take the records: {error}; import again, nothing counts twice") from error
    finally:
        await producer.stop()


def _pairs(option: str, texts: Iterable[str], kind: ImportKind) -> dict[str, str]:
    """``field=value`` pairs; UsageProblem for a field that the kind has not."""
    pairs: dict[str, str] = {}
    for entry in (part for text in texts for part in text.split(",") if part.strip()):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not value:
            raise UsageProblem(f"{option}: {entry!r} is not field=value (for example cost=مبلغ,date=تاریخ).")
        if name not in kind.fields:
            raise UsageProblem(f"{option}: {kind.name} has no field {name!r}. The fields: {', '.join(kind.fields)}.")
        pairs[name] = value
    return pairs


def _columns(
    kind: ImportKind, header: list[str], mapped: dict[str, str], given: dict[str, str], file: Path
) -> dict[str, str]:
    """Our field → the sheet's column: as mapped, else by the field's own name."""
    for name, column in mapped.items():
        if column not in header:
            raise UsageProblem(f"--map: {file} has no column {column!r} for {name}; it has {', '.join(header)}.")
    columns = {name: name for name in kind.fields if name in header} | mapped
    lacking = [name for name in kind.required if name not in columns and name not in given]
    if "currency" in lacking:
        lacking.remove("currency")
    if lacking:
        raise UsageProblem(
            f"{file}: there is no column for {', '.join(lacking)}. Say which is it with --map {lacking[0]}=COLUMN, or "
            f"give one value for all rows with --set {lacking[0]}=VALUE. The columns: {', '.join(header)}."
        )
    return columns


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):
        raise UsageProblem(f"--timezone: {name!r} is no IANA time zone, such as {DEFAULT_TIMEZONE}.") from None
