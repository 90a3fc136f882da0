"""Who gets a digest, and how: by e-mail or by a webhook. Each raises NotSentError when nobody took it."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Literal
from urllib.parse import urlsplit

import aiohttp

from listener.errors import UsageProblem

Tls = Literal["starttls", "tls", "none"]
_TIMEOUT_S: Final = 30.0
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_OK: Final = range(200, 300)


class NotSentError(Exception):
    """It was not taken; it is tried again at the next look."""


@dataclass(frozen=True)
class Digest:
    """What goes out. ``ident`` is the same whenever it is tried: a receiver can tell a repetition by it."""

    ident: str
    subject: str
    html: str
    json: str


@dataclass(frozen=True)
class Smtp:
    """The server that takes mail. Without ``user`` nobody logs in."""

    host: str
    port: int = 587
    tls: Tls = "starttls"
    sender: str = "listener@localhost"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def send(self, digest: Digest, to: str) -> None:
        """Send to one address; NotSentError unless the server took it."""
        message = _message(digest, self.sender, to)
        context = ssl.create_default_context()
        try:
            with self._connected(context) as server:
                if self.tls == "starttls":
                    server.starttls(context=context)
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSentError(f"{self.host}:{self.port} did not take the mail: {error}") from error

    def _connected(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.tls == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)


def send_webhook(digest: Digest, url: str) -> None:
    """POST the report as JSON; NotSentError unless the answer is one of 200 to 299."""
    asyncio.run(_post(digest, url))


async def _post(digest: Digest, url: str) -> None:
    # The address of a webhook is often its only secret: a message names the host alone.
    host = urlsplit(url).hostname
    headers = {"Content-Type": "application/json", "Idempotency-Key": digest.ident}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_TIMEOUT_S)) as session,
            session.post(url, data=digest.json.encode(), headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status not in _OK:
                raise NotSentError(f"{host} answered {answer.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotSentError(f"{host} did not take it: {type(error).__name__}") from error


def check_target(to: str, smtp: Smtp | None) -> str:
    """``to`` where it can be sent to; UsageProblem says what is missing."""
    parts = urlsplit(to)
    if parts.scheme == "mailto":
        if "@" not in parts.path or any(sign in parts.path for sign in "\r\n, "):
            raise UsageProblem(f"--to: {to} is no address; write mailto:name@example.com, once for each.")
        if smtp is None:
            raise UsageProblem("--to mailto:… needs --smtp HOST:PORT (or LISTENER_SMTP): the server that takes mail.")
        return to
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)):
        return to
    raise UsageProblem(f"--to: {to} is neither mailto:name@example.com nor https://… (http only on this machine).")


def send(digest: Digest, to: str, smtp: Smtp | None) -> None:
    """Send to a target that was checked."""
    parts = urlsplit(to)
    if parts.scheme == "mailto" and smtp is not None:
        smtp.send(digest, parts.path)
    else:
        send_webhook(digest, to)


def _message(digest: Digest, sender: str, to: str) -> EmailMessage:
    """The report as the body, and once more as a file: mail programs drop style sheets."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = digest.subject, sender, to
    message["Message-ID"] = f"<{digest.ident}@listener>"
    message.set_content(digest.subject)
    message.add_alternative(digest.html, subtype="html")
    message.add_attachment(digest.html, subtype="html", filename="report.html")
    return message
