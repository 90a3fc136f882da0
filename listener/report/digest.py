"""``listener digest``: reports on whole weeks or months, by themselves, by e-mail or webhook."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import click

from listener.errors import UsageProblem
from listener.kpis.reading import err
from listener.report.command import render
from listener.report.data import Report, make_report
from listener.report.sending import Digest, NotSentError, Smtp, Tls, check_target, send
from listener.report.sent import Sent
from listener.report.source import BoardSource, ReportSource, campaigns_of
from listener.report.words import Words
from models.kpis.shape import Lang
from processors.kpis.digests import Every, Schedule, due

_LOOK_S: Final = 60.0


@dataclass(frozen=True)
class Digests:
    """Sends what is due. ``source``: the numbers of a campaign; ``deliver`` raises NotSentError."""

    campaigns: Callable[[], Sequence[str]]
    source: Callable[[str], ReportSource]
    targets: Sequence[str]
    sent: Sent
    deliver: Callable[[Digest, str], None]
    every: Every
    hour: int
    lang: Lang
    calendar: str
    say: Callable[[str], object] = err

    def look(self, now: int) -> int:
        """Send what is due at ``now`` (epoch ms); how many could not be sent and will be tried again."""
        failed = 0
        try:
            campaigns = self.campaigns()
        except UsageProblem as problem:
            self.say(str(problem))
            return 1
        for campaign in campaigns:
            try:
                failed += self._campaign(campaign, now)
            except UsageProblem as problem:
                failed += 1
                self.say(f"{campaign}: {problem}")
        return failed

    def _campaign(self, campaign: str, now: int) -> int:
        source = self.source(campaign)
        schedule = Schedule(self.every, self.hour, source.campaign.timezone)
        failed = 0
        for to in self.targets:
            for whole in due(schedule, self.sent.end(campaign, self.every, to), now):
                digest = self._digest(make_report(source, whole.start, whole.end))
                try:
                    self.deliver(digest, to)
                except NotSentError as error:
                    # The later ones wait for this one: what was sent last is all that is remembered.
                    self.say(f"{campaign}: {digest.subject}: {error}")
                    failed += 1
                    break
                self.sent.note(campaign, self.every, to, whole.end)
                self.say(f"{campaign}: sent: {digest.subject}")
        return failed

    def _digest(self, made: Report) -> Digest:
        words = Words(self.lang, self.calendar, made.zone)
        span = words.span(made.start, made.end)
        ident = sha256(f"{made.campaign}|{self.every}|{made.start}|{made.end}".encode()).hexdigest()[:32]
        subject = words.say(f"گزارش {made.title}: {span}", f"Report on {made.title}: {span}")
        html, json = (render(made, form, words).decode() for form in ("html", "json"))
        return Digest(ident, " ".join(subject.split()), html, json)


@click.command()
@click.option("--board", required=True, help="A board's address, such as http://127.0.0.1:8080.")
@click.option("--token", envvar="LISTENER_BOARD_TOKEN", help="For a board that asks who you are.")
@click.option("--campaign", "campaigns", multiple=True, help="Campaign's id, once for each [default: all].")
@click.option(
    "--to", "targets", multiple=True, required=True, help="mailto:name@example.com or https://…, once for each."
)
@click.option(
    "--every",
    type=click.Choice(["weekly", "monthly"]),
    default="weekly",
    show_default=True,
    help="Weeks begin on Saturday, months are Jalali.",
)
@click.option(
    "--hour",
    type=click.IntRange(0, 23),
    default=8,
    show_default=True,
    help="Hour of the first day after the period, on the campaign's clock.",
)
@click.option(
    "--state", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File that remembers what was sent."
)
@click.option(
    "--once", is_flag=True, help="Send what is due and end, for cron; exit status 1 when something was not taken."
)
@click.option("--lang", type=click.Choice(["fa", "en"]), default="fa", show_default=True, help="Of the report.")
@click.option(
    "--calendar", type=click.Choice(["jalali", "gregorian"]), default="jalali", show_default=True, help="Of its dates."
)
@click.option(
    "--smtp", envvar="LISTENER_SMTP", show_envvar=True, help="HOST or HOST:PORT of the server that takes mail."
)
@click.option(
    "--smtp-tls",
    type=click.Choice(["starttls", "tls", "none"]),
    default="starttls",
    show_default=True,
    envvar="LISTENER_SMTP_TLS",
    help="How the connection is encrypted.",
)
@click.option(
    "--smtp-from",
    default="listener@localhost",
    envvar="LISTENER_SMTP_FROM",
    show_default=True,
    help="Address that mails are from.",
)
@click.option("--smtp-user", envvar="LISTENER_SMTP_USER", show_envvar=True, help="Who logs in.")
@click.option(
    "--smtp-password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="LISTENER_SMTP_PASSWORD_FILE",
    show_envvar=True,
    help="File with the password.",
)
def digest(
    board: str,
    token: str | None,
    campaigns: tuple[str, ...],
    targets: tuple[str, ...],
    every: Every,
    hour: int,
    state: Path,
    lang: Lang,
    calendar: str,
    smtp: str | None,
    smtp_tls: Tls,
    smtp_from: str,
    smtp_user: str | None,
    smtp_password_file: Path | None,
    *,
    once: bool,
) -> None:
    """Send reports on whole weeks or months by e-mail or webhook until stopped; restarts repeat and skip none."""
    server = smtp_of(smtp, smtp_tls, smtp_from, smtp_user, smtp_password_file)
    digests = Digests(
        campaigns=lambda: campaigns or campaigns_of(board, token),
        source=lambda name: BoardSource(board, name, token),
        targets=[check_target(to, server) for to in dict.fromkeys(targets)],
        sent=Sent(state),
        deliver=lambda one, to: send(one, to, server),
        every=every,
        hour=hour,
        lang=lang,
        calendar=calendar,
    )
    if once:
        if digests.look(_now()):
            raise SystemExit(1)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        digests.look(_now())
        stop.wait(_LOOK_S)


def smtp_of(address: str | None, tls: Tls, sender: str, user: str | None, file: Path | None) -> Smtp | None:
    """The mail server that the options name; None without one."""
    if not address:
        return None
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "587")
    if not host or not port.isdigit():
        raise UsageProblem(f"--smtp: {address!r} is no HOST:PORT, such as mail.example.com:587.")
    try:
        password = None if file is None else file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageProblem(f"--smtp-password-file: {file} cannot be read: {error.strerror or error}.") from error
    return Smtp(host, int(port), tls, sender, user, password)


def _now() -> int:
    return int(time.time() * 1000)
