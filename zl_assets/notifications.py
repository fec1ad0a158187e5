"""Telling a person: an alert, and the ways to deliver one.

Belongs here: the form of an alert, and its way to the log, a webhook or a mailbox. Must not be here: what deserves an alert, and
Dagster. Nothing that is raised or logged here holds a password or a webhook's path, which is its password.
"""

import logging
import smtplib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

from zl_assets.errors import ZlError
from zl_assets.settings import LOOPBACK, Settings

# Dagster gives a sensor's evaluation 60 s. Three tries of the webhook with their pauses end after 32 s, the mail server's five
# answers after 25 s.
_TIMEOUT = 5.0
_RETRIES = 2


class NotDelivered(ZlError):
    """An alert did not reach its receiver; the message names the host and never a password or a webhook's path."""


@dataclass(frozen=True)
class Alert:
    """What a person is told: one line, and the facts below it."""

    subject: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Subject and facts."""
        return "\n".join((self.subject, *self.lines))


class Notifier(Protocol):
    """A way to reach a person."""

    def send(self, alert: Alert) -> None:
        """Deliver the alert.

        Raises:
            NotDelivered: the receiver did not take it.
        """


@dataclass(frozen=True)
class LogNotifier:
    """The alert as an error in a log."""

    log: logging.Logger

    def send(self, alert: Alert) -> None:
        """Write it."""
        self.log.error(alert.text)


@dataclass(frozen=True)
class WebhookNotifier:
    """The alert as JSON {"text": ...}, which Slack, Mattermost and others take.

    Attributes:
        url: a secret.
    """

    url: str

    def send(self, alert: Alert) -> None:
        """Post it; a receiver that is busy or out of reach is tried three times in all. Redirects are not followed.

        Raises:
            NotDelivered: no answer, or another one than 2xx.
        """
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        retry = Retry(
            total=_RETRIES,
            backoff_factor=0.5,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods={"POST"},
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        host = urlsplit(self.url).hostname
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            try:
                # The status says it. A body that never ends would hold up whoever tells.
                answer = session.post(self.url, json={"text": alert.text}, timeout=_TIMEOUT, allow_redirects=False, stream=True)
            except requests.RequestException as error:
                # The words of the error hold the whole URL.
                raise NotDelivered(f"webhook at {host}: {type(error).__name__}") from None
            answer.close()
        if not 200 <= answer.status_code < 300:
            raise NotDelivered(f"webhook at {host}: it answered {answer.status_code} {answer.reason}")


@dataclass(frozen=True)
class EmailNotifier:
    """The alert as a plain-text e-mail.

    Attributes:
        server: smtp:// or smtps:// URL, a secret.
        recipients: addresses, separated by commas.
    """

    server: str
    sender: str
    recipients: str

    def send(self, alert: Alert) -> None:
        """Send it; encrypted, unless the server is on this machine and the URL says smtp.

        Raises:
            NotDelivered: the server is out of reach, or refuses the login, the sender or every recipient.
        """
        url = urlsplit(self.server)
        host, encrypted = str(url.hostname), url.scheme == "smtps"
        port = url.port or (465 if encrypted else 587)
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = alert.subject, self.sender, self.recipients
        message.set_content(alert.text)
        try:
            with (
                smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=ssl.create_default_context())
                if encrypted
                else smtplib.SMTP(host, port, timeout=_TIMEOUT) as smtp
            ):
                if not encrypted and host not in LOOPBACK:
                    smtp.starttls(context=ssl.create_default_context())
                if url.username is not None and url.password is not None:
                    smtp.login(unquote(url.username), unquote(url.password))
                refused = smtp.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"e-mail by {host}:{port}: {type(error).__name__}: {error}") from None
        if refused:
            raise NotDelivered(f"e-mail by {host}:{port}: refused for {', '.join(refused)}")


def build_notifiers(settings: Settings) -> list[Notifier]:
    """The receivers that the settings name; the log, which is always one, is the caller's."""
    notifiers: list[Notifier] = []
    if settings.notify_webhook is not None:
        notifiers.append(WebhookNotifier(settings.notify_webhook.get_secret_value()))
    if settings.notify_email is not None and settings.notify_smtp is not None:
        sender = settings.notify_from or settings.notify_email.partition(",")[0]
        notifiers.append(EmailNotifier(settings.notify_smtp.get_secret_value(), sender, settings.notify_email))
    return notifiers


def deliver(alert: Alert, notifiers: Iterable[Notifier]) -> None:
    """Send to all; one that is down does not keep the others from it.

    Raises:
        NotDelivered: what could not be delivered, all of it at once.
    """
    problems: Sequence[str] = [problem for notifier in notifiers if (problem := _problem(notifier, alert)) is not None]
    if problems:
        raise NotDelivered(f"The alert did not reach everybody: {'; '.join(problems)}. It is repeated here: {alert.text}")


def _problem(notifier: Notifier, alert: Alert) -> str | None:
    try:
        notifier.send(alert)
    except NotDelivered as error:
        return str(error)
    return None
