"""Digests: to a mail server and a webhook of our own, with restarts between."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from listener.report.data import make_report
from listener.report.digest import Digests, digest, smtp_of
from listener.report.html import HtmlReport
from listener.report.sending import Digest, NotSentError, Smtp, check_target, send, send_webhook
from listener.report.sent import Sent
from listener.report.source import Completeness, FileSource
from listener.report.words import Words
from models.feedback import TargetSet
from models.incident import Explanation, Incident, Quote, Share, Split
from tests.business import a_bit_of_everything
from tests.unit.listener.report.test_report import CAMPAIGN

#: Saturday, 1405-01-08, 08:30 in Tehran: the records are of the Saturday and Sunday a week before.
NOW = int(datetime(2026, 3, 28, 5, 0, tzinfo=UTC).timestamp() * 1000)
WEEK_MS = 7 * 86_400_000
DIGEST = Digest("abc", "گزارش هفته", "<p>سلام</p>", '{"a": 1}')


class MailServer:
    """As much of SMTP (RFC 5321) as a client that sends one mail asks for; ``refuse`` answers 550 to recipients."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.refuse = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n"))[:-5])
            if word == b"RCPT":
                self.recipients.append(line.decode().strip())
            if word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            writer.write(b"550 nobody\r\n" if word == b"RCPT" and self.refuse else b"250 good\r\n")
        writer.close()

    def mail(self) -> EmailMessage:
        (body,) = self.mails
        found = message_from_bytes(body, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@contextmanager
def mail_server() -> Iterator[MailServer]:
    made, loop = MailServer(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(made.serve, "127.0.0.1", 0), loop).result(10)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def webhook(*statuses: int) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """(address, what came): answers with these statuses in turn."""
    came: list[tuple[str, Any]] = []
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(left.pop(0))
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?secret=1", came
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_a_mail_has_the_report_as_body_and_file() -> None:
    with mail_server() as server:
        send(DIGEST, "mailto:sara@example.com", Smtp("127.0.0.1", server.port, "none", "listener@example.com"))
        mail = server.mail()
    assert (mail["Subject"], mail["To"], mail["From"]) == ("گزارش هفته", "sara@example.com", "listener@example.com")
    assert mail["Message-ID"] == "<abc@listener>"
    body = mail.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == "<p>سلام</p>"
    assert [one.get_filename() for one in mail.iter_attachments()] == ["report.html"]


def test_a_mail_that_nobody_takes_is_not_sent() -> None:
    with mail_server() as server:
        server.refuse = True
        with pytest.raises(NotSentError, match="did not take the mail"):
            Smtp("127.0.0.1", server.port, "none").send(DIGEST, "sara@example.com")
        assert server.mails == []
    with pytest.raises(NotSentError, match="did not take"):
        Smtp("127.0.0.1", server.port, "none").send(DIGEST, "sara@example.com")


def test_a_webhook_gets_json_and_its_secret_is_not_told() -> None:
    with webhook(204, 500, 302) as (url, came):
        send_webhook(DIGEST, url)
        for status in ("500", "302"):
            with pytest.raises(NotSentError, match=f"127.0.0.1 answered {status}") as error:
                send_webhook(DIGEST, url)
            assert "secret" not in str(error.value)
    assert came == [("abc", {"a": 1})] * 3


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("mailto:nobody", "is no address"),
        ("mailto:a@b.c,d@e.f", "is no address"),
        ("http://example.com/x", "neither"),
        ("ftp://example.com", "neither"),
    ],
)
def test_targets_are_checked(to: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        check_target(to, Smtp("h"))
    with pytest.raises(UsageProblem, match="needs --smtp"):
        check_target("mailto:a@b.c", None)


def test_the_mail_server_is_read_from_options(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("geheim\n")
    assert smtp_of("mail.example.com", "tls", "a@b.c", "u", file) == Smtp(
        "mail.example.com", 587, "tls", "a@b.c", "u", "geheim"
    )
    assert "geheim" not in repr(smtp_of("h:25", "none", "a", "u", file))
    assert smtp_of(None, "none", "a", None, None) is None
    with pytest.raises(UsageProblem, match="no HOST:PORT"):
        smtp_of("h:x", "none", "a", None, None)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> FileSource:
    directory = tmp_path_factory.mktemp("digest")
    (directory / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN, allow_unicode=True), encoding="utf-8")
    lines = [json.dumps({"topic": topic, "record": json.loads(value)}) for topic, value in a_bit_of_everything()]
    (directory / "in.ndjson").write_text("\n".join(lines), encoding="utf-8")
    return FileSource(load_campaigns(directory), "c", [directory / "in.ndjson"])


class Post:
    """Takes digests, or not while ``away``."""

    def __init__(self) -> None:
        self.away = False
        self.taken: list[tuple[str, Digest]] = []

    def deliver(self, one: Digest, to: str) -> None:
        if self.away and to.startswith("mailto"):
            raise NotSentError("away")
        self.taken.append((to, one))


def digests(source: FileSource, post: Post, state: Path, said: list[str], *to: str) -> Digests:
    return Digests(
        lambda: ["c"], lambda _: source, to, Sent(state), post.deliver, "weekly", 8, "en", "gregorian", said.append
    )


def test_a_restart_neither_repeats_nor_skips(source: FileSource, tmp_path: Path) -> None:
    post, said, state = Post(), [], tmp_path / "state.json"
    both = "mailto:a@b.c", "https://hook.example/secret"
    post.away = True
    assert digests(source, post, state, said, *both).look(NOW) == 1
    assert [to for to, _ in post.taken] == ["https://hook.example/secret"]
    post.away = False
    assert digests(source, post, state, said, *both).look(NOW + 60_000) == 0
    assert digests(source, post, state, said, *both).look(NOW + 120_000) == 0
    assert [to for to, _ in post.taken] == ["https://hook.example/secret", "mailto:a@b.c"]
    assert len({one.ident for _, one in post.taken}) == 1
    assert post.taken[0][1].subject == "Report on برند <ما>: 21 March 2026 to 27 March 2026"
    body = json.loads(post.taken[0][1].json)
    # 1550 of spend, two conversions: the numbers of the report itself
    assert {line["kpi"] for line in body["kpis"]} >= {"likes", "cost_per_conversion"}
    assert digests(source, post, state, said, *both).look(NOW + 2 * WEEK_MS) == 0
    assert [to for to, _ in post.taken[2:]] == ["mailto:a@b.c"] * 2 + ["https://hook.example/secret"] * 2
    assert "secret" not in state.read_text()
    assert not [line for line in said if "secret" in line]


def test_a_state_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("[]")
    with pytest.raises(UsageProblem, match="--state"):
        Sent(tmp_path / "s")
    with pytest.raises(UsageProblem, match="cannot be written"):
        Sent(tmp_path / "no" / "s").note("c", "weekly", "x", 1)


class Watched(FileSource):
    """Files, with what a board would know besides."""

    def __init__(self, source: FileSource) -> None:
        self.__dict__.update(source.__dict__)

    def incidents(self, start: int, _end: int) -> Any:
        at = datetime.fromtimestamp(start / 1000, UTC) + timedelta(hours=5)
        split = Split("platform", (Share("twitter", 70), Share("telegram", 20), Share("eitaa", 6), Share("other", 4)))
        quote = Quote("twitter:1", "twitter", at, "قطع شد <b>")
        return [
            Incident(
                *("c", "i1", "negative", "critical", at, at, at, 120, 10.0, "rising"),
                explanation=Explanation(splits=(split,), examples=(quote,)),
                completeness=0.9,
            )
        ]

    def completeness(self, _start: int, _end: int) -> Completeness:
        return Completeness({"counted": 7}, None, 0.987, 0.5, 10_080)

    def target_changes(self) -> list[TargetSet]:
        kept: dict[str, str | float | None] = {"target": 5.0, "deadline": "2026-03-22T20:30:00Z", "owner": "سارا"}
        return [TargetSet("c", "leads.mql", datetime(2026, 3, 20, 12, tzinfo=UTC), "v", kept)]


def test_spikes_are_told_with_what_drove_them_and_targets_with_their_past(source: FileSource) -> None:
    made = make_report(Watched(source), NOW - WEEK_MS, NOW)
    page = HtmlReport(made, Words("en", "gregorian", made.zone)).render()
    assert "Negative spike" in page
    assert "120 mentions instead of 10 (12 times)" in page
    assert "platform: twitter 70.0%, telegram 20.0%, eitaa 6.0%" in page
    assert "data were not complete: 90.0%" in page
    assert "قطع شد &lt;b&gt;" in page
    assert "20 March 2026: 5 by 22 March 2026, owner: سارا" in page
    assert "Mean completeness of the data in this period: <b>98.7%</b> · lowest: 50.0%" in page
    assert "جهش منفی" in HtmlReport(made, Words("fa", "jalali", made.zone)).render()
    plain = HtmlReport(make_report(source, NOW - WEEK_MS, NOW), Words("en", "gregorian", made.zone)).render()
    assert "Spikes" not in plain
    assert "Mean completeness" not in plain


def test_once_ends_and_says_by_its_status_whether_all_went_out(tmp_path: Path) -> None:
    options = ["--once", "--board", "http://127.0.0.1:9", "--state", str(tmp_path / "s"), "--to", "http://localhost/x"]
    gone = CliRunner().invoke(digest, options)
    assert (gone.exit_code, "does not answer" in gone.stderr) == (1, True)
    with pytest.raises(UsageProblem, match="needs --smtp"):
        CliRunner().invoke(digest, [*options, "--to", "mailto:a@b.c"], catch_exceptions=False)
