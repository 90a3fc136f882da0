"""``listener spikes``: counts of one series in, how much of a spike each of them is out, line by line."""

import csv
import io
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TextIO

import click

from listener.errors import UsageProblem
from processors.spikes import RECOMMENDED_THRESHOLD, SpikeDetector

_HEADER: Final = ["timestamp", "value"]


@click.command()
@click.option(
    "--threshold",
    type=click.FloatRange(0.0, 1.0),
    help="Print scores below this as 0, so that every line above 0 is an alert.",
)
@click.option("--print-threshold", is_flag=True, help="Print the recommended alert threshold and stop.")
def spikes(threshold: float | None, *, print_threshold: bool) -> None:
    """Score a series of counts for spikes: CSV timestamp,value in, CSV timestamp,score (0 to 1) out, as a stream.

    Timestamps are ISO 8601 and rise; those without an offset are read as UTC. An alert is a score at or above the
    threshold. A score depends on its line and earlier ones only. Gaps are fine; an empty value is missing, scores 0
    and is not learnt; a line that cannot be read is named on standard error, scores 0, is not learnt, and makes the
    command end with exit code 2.
    """
    if print_threshold:
        click.echo(f"{RECOMMENDED_THRESHOLD:g}")
        return
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace", newline="")
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
    try:
        _filter(lines, out, threshold or 0.0)
    finally:
        # The wrappers would close the standard streams of whoever called us.
        lines.detach()
        out.detach()


def _filter(lines: Iterable[str], out: TextIO, threshold: float) -> None:
    """Answer row by row; raises UsageProblem without the header, and at the end if there were bad lines."""
    # Each line is parsed alone: an unclosed quote must not swallow the lines after it.
    numbered = enumerate(lines, start=1)
    header = [name.strip() for name in _fields(next(numbered, (1, ""))[1])]
    if header != _HEADER:
        raise UsageProblem(f"line 1: expected the header timestamp,value, got {','.join(header) or 'nothing'}")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["timestamp", "score"])
    out.flush()
    detector, bad = SpikeDetector(), 0
    for number, line in numbered:
        if not line.strip():
            continue
        row, score = _fields(line), 0.0
        try:
            score = _score(detector, row)
        except ValueError as error:
            bad += 1
            click.echo(f"line {number}: {error}", err=True)
        writer.writerow([row[0], f"{score if score >= threshold else 0.0:.6f}"])
        out.flush()
    if bad:
        raise UsageProblem(
            f"{bad} bad lines (named above) scored 0; each must be TIMESTAMP,COUNT with rising timestamps"
        )


def _fields(line: str) -> list[str]:
    """The fields of one line; at least one."""
    line = line.rstrip("\r\n")
    try:
        return next(csv.reader([line]), None) or [""]
    except csv.Error:
        return [line]


def _score(detector: SpikeDetector, row: list[str]) -> float:
    """The row's score; raises ValueError naming the field."""
    if len(row) != len(_HEADER):
        raise ValueError(f"expected 2 fields (timestamp,value), got {len(row)}")
    at = _seconds(row[0])
    text = row[1].strip()
    if not text:
        return 0.0
    try:
        count = float(text)
    except ValueError:
        raise ValueError(f"value {text!r} is not a number") from None
    return detector.score(at, count)


def _seconds(text: str) -> float:
    """Seconds since the epoch; raises ValueError naming the field."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"timestamp {text!r} is not ISO 8601, such as 2026-03-21 10:05:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
