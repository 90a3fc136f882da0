"""``listener sentiment`` (a filter) and ``listener train sentiment``."""

import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from time import perf_counter
from typing import BinaryIO, Final

import click
import msgspec

from listener.artefacts import libraries
from listener.errors import UsageProblem
from listener.ndjson import Failed, Line, malformed_lines, parse
from listener.relevance.command import train_relevance
from listener.relevance.names import keyword_spans
from listener.sentiment.artefact import Origin, load, save
from listener.sentiment.examples import digest, guess_examples, read_examples
from processors.sentiment import SentimentModel
from processors.sentiment.report import Report, report
from processors.sentiment.target import Asked, Spans, toward_each
from processors.sentiment.training import Example, Trained
from processors.sentiment.training import train as train_model
from processors.sentiment.views import VIEWS_VERSION

_CHUNK: Final = 1 << 18
_TIMED: Final = 2_000
_DEFAULT_SEED: Final = 7


class _Line(Line):
    target: str | None = None


class _Scored(msgspec.Struct):
    id: msgspec.Raw
    label: str
    scores: dict[str, float]


_DECODER: Final = msgspec.json.Decoder(_Line)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--model", type=_FILE, metavar="M", help="Trained artefact. Default: the one shipped.")
def sentiment(model: Path | None) -> None:
    """Sentiment of each text: {"id", "text"} lines in, {"id", "label", "scores"} lines out, in order.

    With a "target" (a name as a campaign's keyword gives it), the sentiment is that toward it, where the text names
    other brands too.
    """
    scorer = load(model).model
    malformed = 0
    out = sys.stdout.buffer
    number = 0
    for batch in _batches(sys.stdin.buffer):
        malformed += _answer(scorer, number, batch, out)
        number += len(batch)
        out.flush()
    if malformed:
        raise UsageProblem(malformed_lines(malformed))


def _batches(stream: BinaryIO) -> Iterator[list[bytes]]:
    """The lines that have come, as soon as they come: one by one from a keyboard, many from a file."""
    read = stream.read1 if isinstance(stream, BufferedReader) else stream.read
    rest = b""
    while chunk := read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
    if rest:
        yield [rest]


def _answer(scorer: SentimentModel, before: int, batch: list[bytes], out: BinaryIO) -> int:
    """Write the answers to a run of lines, ``before`` of which are the lines before them; how many are malformed."""
    lines = [_read(before + number, raw) for number, raw in enumerate(batch, 1) if raw.strip()]
    scored = iter(toward_each(scorer, (Asked(one.text, _spans(one)) for one in lines if isinstance(one, _Line))))
    for line in lines:
        answer = _Scored(line.id, *next(scored)) if isinstance(line, _Line) else line
        out.write(msgspec.json.encode(answer) + b"\n")
    return sum(isinstance(line, Failed) for line in lines)


def _read(number: int, raw: bytes) -> _Line | Failed:
    try:
        return parse(_DECODER, raw)
    except ValueError as error:
        click.echo(f"line {number}: {error}", err=True)
        return Failed(None, str(error))


def _spans(line: _Line) -> Spans:
    return _places(line.text, line.target) if line.target else ()


def _places(text: str, target: str) -> Spans:
    """Where the target stands; nowhere for one that cannot be searched for."""
    try:
        return keyword_spans(text, target)
    except UsageProblem:
        return ()


@click.group()
def train() -> None:
    """Train a model from labelled examples."""


train.add_command(train_relevance)


@train.command("sentiment")
@click.option("--data", type=_FILE, multiple=True, required=True, metavar="FILE", help="NDJSON; may be repeated.")
@click.option("--distant", type=_FILE, multiple=True, metavar="FILE", help="NDJSON of posts to guess labels for.")
@click.option("--label-field", default="label", show_default=True, help="The field that holds the label.")
@click.option("--text-field", default="text", show_default=True, help="The field that holds the text.")
@click.option("--licence", default="not stated", show_default=True, help="On what terms the data may be used.")
@click.option("--seed", type=int, default=_DEFAULT_SEED, show_default=True, help="Of the cross-validation's folds.")
@click.option("--out", type=_FILE, required=True, metavar="M", help="The artefact to write.")
@click.argument("more", nargs=-1, type=_FILE, metavar="[FILE]...")
def train_sentiment(
    data: tuple[Path, ...],
    distant: tuple[Path, ...],
    label_field: str,
    text_field: str,
    licence: str,
    seed: int,
    out: Path,
    more: tuple[Path, ...],
) -> None:
    """Train a sentiment model on labelled texts and report its cross-validated figures.

    Works for any two or more labels. Files after the options count as further --data.
    """
    labelled = [*data, *more]
    examples = read_examples(labelled, label_field, text_field) + guess_examples(distant, text_field)
    try:
        trained = train_model(examples, seed)
    except ValueError as error:
        raise UsageProblem(f"--data: training {error}.") from error
    figures = report(trained)
    origin = Origin(
        estimator=repr(trained.fitted.estimator),
        libraries=libraries(),
        views=VIEWS_VERSION,
        data=digest([*labelled, *distant]),
        examples=len(examples),
        seed=seed,
        temperature=trained.temperature,
        report=figures,
        licence=licence,
    )
    save(out, trained.fitted, origin)
    click.echo(_written(figures))
    click.echo(
        f"{_cost(trained, examples):.0f} µs per post; {len(examples)} examples; {out} ({out.stat().st_size} bytes)"
    )


def _written(figures: Report) -> str:
    width = max(map(len, (*figures.labels, "00000"))) + 2
    rows = [["", *figures.labels]]
    rows += [[label, *map(str, row)] for label, row in zip(figures.labels, figures.confusion, strict=True)]
    table = "\n".join("".join(cell.rjust(width) for cell in row) for row in rows)
    return (
        f"Confusion matrix (rows: true, columns: given; cross-validated)\n{table}\n"
        f"macro-F1 {figures.macro_f1:.3f} ± {figures.macro_f1_spread:.3f}, "
        f"weighted F1 {figures.weighted_f1:.3f} ± {figures.weighted_f1_spread:.3f}\n"
        f"calibration error {figures.calibration_error:.3f}, log loss {figures.log_loss:.3f}"
    )


def _cost(trained: Trained, examples: list[Example]) -> float:
    """Microseconds for a text, on this machine as busy as it is."""
    model = trained.fitted.model(trained.temperature)
    texts = [one.text for one in examples[:_TIMED]]
    start = perf_counter()
    model.batch(texts)
    return (perf_counter() - start) / len(texts) * 1e6
