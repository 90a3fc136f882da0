"""``listener relevance`` (a filter) and ``listener train relevance``."""

import sys
from pathlib import Path
from time import perf_counter
from typing import Final

import click
import msgspec

from listener.artefacts import libraries
from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.filters import answer_lines
from listener.ndjson import Line
from listener.relevance.artefact import Origin, load, save
from listener.relevance.examples import read_examples
from listener.relevance.names import Names
from listener.sentiment.examples import digest
from processors.relevance.features import FEATURES_VERSION
from processors.relevance.training import Example, Report, Trained
from processors.relevance.training import train as train_model

_DEFAULT_SEED: Final = 7
_BACKGROUND_WEIGHT: Final = 0.1
_DECIMALS: Final = 6
_TIMED: Final = 1_000
_RELEVANT_FROM: Final = 0.5
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_DIRECTORY: Final = click.Path(path_type=Path, file_okay=False)


class _Line(Line):
    campaign: str


class _Judged(msgspec.Struct):
    id: msgspec.Raw
    relevant: bool
    score: float


_DECODER: Final = msgspec.json.Decoder(_Line)


@click.command()
@click.option("--campaigns", type=_DIRECTORY, required=True, help="Directory of campaign files.")
@click.option("--model", type=_FILE, metavar="M", help="Trained artefact. Default: the one shipped.")
def relevance(campaigns: Path, model: Path | None) -> None:
    """Whether each text speaks of its campaign: {"id", "text", "campaign"} in, {"id", "relevant", "score"} out.

    "relevant" is true for a score of 0.5 or more. A text in which no keyword stands is judged by its words alone.
    """
    names = Names(load_campaigns(campaigns))
    judge = load(model).model

    def answer(line: _Line) -> _Judged:
        of = names.profiles.get(line.campaign)
        if of is None:
            raise ValueError(f"no campaign {line.campaign!r} in {campaigns} - at `$.campaign`")
        score = judge.score(line.text, names.spans(line.text, line.campaign), of)
        return _Judged(line.id, score >= _RELEVANT_FROM, round(score, _DECIMALS))

    answer_lines(_DECODER, answer, sys.stdin.buffer, sys.stdout.buffer)


@click.command("relevance")
@click.option("--data", type=_FILE, multiple=True, metavar="FILE", help="NDJSON of judged texts; may be repeated.")
@click.option("--from-feedback", type=_FILE, multiple=True, metavar="FILE", help="NDJSON of listener.feedback.v1.")
@click.option("--background", type=_FILE, multiple=True, metavar="FILE", help="NDJSON of other judged texts.")
@click.option("--campaigns", type=_DIRECTORY, help="Campaign files, for texts that name their campaign.")
@click.option("--licence", default="not stated", show_default=True, help="On what terms the data may be used.")
@click.option("--seed", type=int, default=_DEFAULT_SEED, show_default=True, help="Of the cross-validation's folds.")
@click.option("--out", type=_FILE, required=True, metavar="M", help="The artefact to write.")
def train_relevance(
    data: tuple[Path, ...],
    from_feedback: tuple[Path, ...],
    background: tuple[Path, ...],
    campaigns: Path | None,
    licence: str,
    seed: int,
    out: Path,
) -> None:
    """Train a relevance model on judged texts: {"text", "relevant"} with "campaign", or "keyword" and "brand".

    Background texts (of other keywords, say) help with a tenth of the weight and are not judged.
    """
    judged = (*data, *from_feedback)
    if not judged:
        raise UsageProblem("give judged texts with --data FILE or --from-feedback FILE.")
    names = Names(load_campaigns(campaigns)) if campaigns else None
    examples = read_examples(judged, names) + read_examples(background, names, _BACKGROUND_WEIGHT)
    try:
        trained = train_model(examples, seed)
    except ValueError as error:
        raise UsageProblem(f"--data: training {error}.") from error
    origin = Origin(
        estimator=repr(trained.fitted.estimator),
        libraries=libraries(),
        features=FEATURES_VERSION,
        data=digest([*judged, *background]),
        examples=len(examples),
        seed=seed,
        temperature=trained.temperature,
        report=trained.report,
        licence=licence,
    )
    save(out, trained.fitted, origin)
    click.echo(_written(trained.report))
    click.echo(f"{_cost(trained, examples):.0f} µs per post; {len(examples)} examples; {out}")


def _written(figures: Report) -> str:
    unseen = "" if figures.unseen_keywords is None else f"keywords never seen: macro-F1 {figures.unseen_keywords:.3f}\n"
    (right_no, wrong_yes), (wrong_no, right_yes) = figures.confusion
    return (
        "Confusion matrix (cross-validated)\n"
        f"                given no  given yes\n"
        f"not relevant  {right_no:>10}{wrong_yes:>11}\n"
        f"relevant      {wrong_no:>10}{right_yes:>11}\n"
        f"macro-F1 {figures.macro_f1:.3f} ± {figures.macro_f1_spread:.3f} over the folds "
        f"(always the commoner verdict: {figures.majority_macro_f1:.3f})\n"
        f"{unseen}calibration error {figures.calibration_error:.3f}"
    )


def _cost(trained: Trained, examples: list[Example]) -> float:
    """Microseconds for a text, on this machine as busy as it is."""
    model = trained.fitted.model(trained.temperature)
    some = examples[:_TIMED]
    start = perf_counter()
    for one in some:
        model.score(one.text, one.spans, one.of)
    return (perf_counter() - start) / len(some) * 1e6
