"""``listener dlq``."""

import asyncio
import base64
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import cast

import click
import msgspec

from listener.dlq.topic import deal_with, read_letters
from listener.errors import UsageProblem
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from models.outcome import DeadLetter, Reason
from models.topics import Namespace
from processors.letters import POLICIES, Policy, Standing

_REASONS = [reason.value for reason in Reason]


@click.group()
def dlq() -> None:
    """Dead letters: records that could not be counted. Look at them, produce them again, or put them away."""


@dlq.command("list")
@kafka_options
@namespace_options
@click.option("--reason", "reasons", multiple=True, type=click.Choice(_REASONS), help="Only these; can be repeated.")
@click.option("--all", "everything", is_flag=True, help="Also those that were replayed or dropped.")
@click.option("--summary", is_flag=True, help="Only how many there are: topic, reason, state, number.")
def list_(
    kafka: KafkaSettings, namespace: Namespace, reasons: tuple[str, ...], *, everything: bool, summary: bool
) -> None:
    """Print one letter a line, tab-separated: origin, reason, state, time, bytes, detail."""
    found = asyncio.run(read_letters(kafka, namespace)).standing()
    shown = [
        one
        for one in found
        if (everything or one.state in ("open", "returned")) and (not reasons or one.letter.reason in reasons)
    ]
    if summary:
        sums = Counter((one.letter.topic, one.letter.reason.value, one.state) for one in shown)
        for what, number in sorted(sums.items()):
            click.echo("\t".join((*what, str(number))))
        return
    for one in shown:
        click.echo(_line(one))


def _line(one: Standing) -> str:
    letter = one.letter
    when = letter.failed_at.isoformat(timespec="seconds")
    # The detail may quote the record: nothing of it may move the cursor of a terminal.
    detail = "".join(character if character.isprintable() else "�" for character in letter.detail)
    return "\t".join((_origin(letter), letter.reason.value, one.state, when, str(letter.size), detail))


def _origin(letter: DeadLetter) -> str:
    return f"{letter.topic}/{letter.partition}/{letter.offset}"


@dlq.command()
@click.argument("origin")
@kafka_options
@namespace_options
@click.option("--raw", is_flag=True, help="Only the record's bytes, as far as the letter has them.")
def show(origin: str, kafka: KafkaSettings, namespace: Namespace, *, raw: bool) -> None:
    """Print one letter as JSON, with its record as text; ORIGIN is topic/partition/offset, as the list has it."""
    found = asyncio.run(read_letters(kafka, namespace)).standing()
    one = next((one for one in found if _origin(one.letter) == origin), None)
    if one is None:
        raise UsageProblem(f"there is no dead letter of {origin}: `listener dlq list --all` has them all.")
    value = base64.b64decode(one.letter.raw)
    if raw:
        sys.stdout.buffer.write(value)
        return
    text = {"state": one.state, "text": value.decode(errors="replace")}
    click.echo(msgspec.json.format(msgspec.json.encode({**msgspec.to_builtins(one.letter), **text}), indent=2))


@dlq.command()
@kafka_options
@namespace_options
@click.option(
    "--policy",
    required=True,
    type=click.Choice(POLICIES),
    help="all: produce every open one again; by-reason: those of the reasons; drop: only note that they are done with.",
)
@click.option(
    "--reason", "reasons", multiple=True, type=click.Choice(_REASONS), help="For by-reason and drop; can be repeated."
)
@click.option("--again", is_flag=True, help="Also what was replayed before and failed again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(
    kafka: KafkaSettings,
    namespace: Namespace,
    policy: str,
    reasons: tuple[str, ...],
    *,
    again: bool,
    yes: bool,
) -> None:
    """Produce records again under their key, to the topic and partition where they failed, with a header that says so.

    A record is produced once however often this is run: that it was is noted on the dead letters topic, in the same
    transaction.
    """
    _check(policy, reasons)
    chosen = list(
        asyncio.run(read_letters(kafka, namespace)).chosen(
            cast("Policy", policy), frozenset(map(Reason, reasons)), again=again
        )
    )
    if chosen and not yes:
        click.confirm(f"{policy} for {len(chosen)} dead letters: go on?", abort=True)

    def say(line: str) -> None:
        click.echo(line, err=True)

    done = asyncio.run(deal_with(kafka, namespace, chosen, cast("Policy", policy), datetime.now(UTC), say))
    cut = f", {done.cut} left: cut at 64 KiB, send them again from their source" if done.cut else ""
    click.echo(f"replayed {done.replayed}, dropped {done.dropped}{cut}")


def _check(policy: str, reasons: tuple[str, ...]) -> None:
    if policy == "by-reason" and not reasons:
        raise UsageProblem(f"--policy by-reason needs --reason: one or more of {', '.join(_REASONS)}.")
    if policy == "all" and reasons:
        raise UsageProblem("--policy all takes letters of every reason: for some of them use --policy by-reason.")
