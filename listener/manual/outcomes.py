"""What becomes of a record: every outcome and every reason, in the order in which they are judged."""

from typing import Final

from models.outcome import OUTCOMES, Outcome, Reason

#: The order of judging; the first that applies is the record's outcome.
JUDGED: Final = (
    Outcome.INVALID,
    Outcome.UNMATCHED,
    Outcome.STALE,
    Outcome.DUPLICATE,
    Outcome.LATE,
    Outcome.COUNTED,
)
_MEANINGS: Final = {
    Outcome.INVALID: ("It is no record: it goes to the dead letters, with the reason.", "mend the source"),
    Outcome.UNMATCHED: ("No campaign looks for it, and it is about nothing that is tracked. Nothing is kept.", "none"),
    Outcome.STALE: ("It was observed before what is known of its post or article.", "none: a newer one was counted"),
    Outcome.DUPLICATE: ("The same observation with the same content, once more.", "none: it was counted before"),
    Outcome.LATE: (
        "Observed more than 48 h after it happened, or more than 48 h behind its partition.",
        "look at the source when there are many; a worker with `--retention off` counts old material",
    ),
    Outcome.COUNTED: ("All else, edits, deletes and observations without news among them.", "none"),
}
_REASONS: Final = {
    Reason.EMPTY: "there is nothing in it",
    Reason.TOO_LARGE: "larger than 1 MiB",
    Reason.ENCODING: "not UTF-8, or half a letter in it",
    Reason.JSON: "no JSON object",
    Reason.SCHEMA: "a field is missing, or not what the schema says",
    Reason.FUTURE: "dated more than an hour past its arrival",
    Reason.PAST: "dated before 1900",
}


def outcomes_page(note: str) -> str:
    """Outcomes with what to do about them, reasons of invalid records."""
    lines = [
        "# Outcomes",
        "",
        note,
        "Every record that is read has exactly one outcome: the first of these that applies. Their sum is what was",
        "read, per partition, always. The metric is `listener_records_total`, the API `/api/progress`.",
        "",
        "| | Outcome | When | To do |",
        "|---|---|---|---|",
    ]
    for number, outcome in enumerate(JUDGED, 1):
        meaning, todo = _MEANINGS[outcome]
        lines.append(f"| {number} | `{OUTCOMES[outcome]}` | {meaning} | {todo} |")
    lines += ["", "## Reasons of `invalid`", "", "| Reason | Meaning |", "|---|---|"]
    lines += [f"| `{reason}` | {_REASONS[reason]} |" for reason in Reason]
    return "\n".join(lines) + "\n"
