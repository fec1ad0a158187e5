"""Alerts leave by a real webhook and a real mail server on 127.0.0.1, and one that is down is named without its secret."""

import json
import logging
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, LoginPassword

from zl_assets.notifications import (
    Alert,
    EmailNotifier,
    LogNotifier,
    NotDelivered,
    WebhookNotifier,
    build_notifiers,
    deliver,
)
from zl_assets.settings import Settings

pytestmark = [
    # The test's mail server: it is to ask for a password without TLS, and leaves its streams to the garbage collector.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in.*StreamWriter:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

SECRET = "T0KEN-that-nobody-may-see"  # noqa: S105 - of no service
ALERT = Alert("zl-assets: zl_daily_refresh failed", ("run 1234", "FAILED zl_ohlcv: ein Preis fehlt – 2015-03-10"))


@dataclass
class Webhook:
    """A receiver that answers with the next of `answers`, and 200 after the last."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.answers.pop(0) if hook.answers else 200
            if status == 200:
                hook.received.append(json.loads(body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{hook.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


@dataclass
class Mailbox:
    url: str
    received: list[tuple[str, str, str, str]]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server that wants user "zl" with the password SECRET, and does not know nobody@example.com."""
    received: list[tuple[str, str, str, str]] = []

    class Keep(Message):
        async def handle_RCPT(self, _: object, __: object, envelope, address: str, ___: object) -> str:  # type: ignore[no-untyped-def]
            if address.startswith("nobody"):
                return "550 no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        def handle_message(self, message) -> None:  # type: ignore[no-untyped-def]
            text = message.get_payload(decode=True).decode()
            received.append((message["From"], message["To"], message["Subject"], text))

    def login(_: object, __: object, ___: object, mechanism: str, given: object) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"zl", SECRET.encode())
        return AuthResult(success=right, handled=right)

    controller = Controller(
        Keep(), hostname="127.0.0.1", port=_free_port(), authenticator=login, auth_required=True, auth_require_tls=False
    )
    controller.start()
    yield Mailbox(f"smtp://zl:{SECRET}@127.0.0.1:{controller.port}", received)
    controller.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def told(error: pytest.ExceptionInfo[NotDelivered]) -> str:
    """Everything that a log would show of an error."""
    return "".join(traceback.format_exception(error.value))


def test_a_webhook_gets_the_whole_alert_as_text(webhook: Webhook) -> None:
    WebhookNotifier(webhook.url).send(ALERT)
    assert webhook.received == [{"text": ALERT.text}]


def test_a_webhook_that_is_busy_is_tried_again(webhook: Webhook) -> None:
    webhook.answers = [503, 429]
    WebhookNotifier(webhook.url).send(ALERT)
    assert len(webhook.received) == 1


@pytest.mark.parametrize(("answers", "words"), [([404], "404"), ([503, 503, 503], "503"), ([302], "302")])
def test_a_webhook_that_refuses_is_said_without_its_path(webhook: Webhook, answers: list[int], words: str) -> None:
    webhook.answers = list(answers)
    with pytest.raises(NotDelivered, match=words) as error:
        WebhookNotifier(webhook.url).send(ALERT)
    assert webhook.received == []
    assert SECRET not in told(error)


def test_a_webhook_whose_answer_never_ends_does_not_hold_up_who_tells() -> None:
    told_enough = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            # A byte now and then, which no timeout between two of them ends.
            for _ in range(100):
                if told_enough.wait(0.02):
                    return
                self.wfile.write(b" ")
                self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        begun = time.monotonic()
        WebhookNotifier(f"http://127.0.0.1:{server.server_port}/x").send(ALERT)
        took = time.monotonic() - begun
        told_enough.set()
        thread.join()
    assert took < 1


def test_a_webhook_that_is_down_is_said_without_its_path() -> None:
    with pytest.raises(NotDelivered, match=r"webhook at 127\.0\.0\.1") as error:
        WebhookNotifier(f"http://127.0.0.1:{_free_port()}/{SECRET}").send(ALERT)
    assert SECRET not in told(error)


def test_an_e_mail_has_sender_recipients_subject_and_text(mailbox: Mailbox) -> None:
    EmailNotifier(mailbox.url, "zl@example.com", "a@example.com, b@example.com").send(ALERT)
    [(sender, to, subject, text)] = mailbox.received
    assert (sender, to, subject) == ("zl@example.com", "a@example.com, b@example.com", ALERT.subject)
    assert text.splitlines() == ALERT.text.splitlines()


@pytest.mark.parametrize(
    ("change", "recipients", "words"),
    [
        ((SECRET, "wrong"), "a@example.com", "SMTPAuthenticationError"),
        (("", ""), "nobody@example.com", "SMTPRecipientsRefused"),
        (("", ""), "a@example.com, nobody@example.com", "refused for nobody@example.com"),
    ],
)
def test_a_mail_server_that_refuses_is_said_without_the_password(
    mailbox: Mailbox, change: tuple[str, str], recipients: str, words: str
) -> None:
    with pytest.raises(NotDelivered, match=words) as error:
        EmailNotifier(mailbox.url.replace(*change), "zl@example.com", recipients).send(ALERT)
    assert SECRET not in told(error)


def test_a_mail_server_that_is_down_is_said_without_the_password() -> None:
    port = _free_port()
    with pytest.raises(NotDelivered, match=f"127.0.0.1:{port}") as error:
        EmailNotifier(f"smtp://zl:{SECRET}@127.0.0.1:{port}", "zl@example.com", "a@example.com").send(ALERT)
    assert SECRET not in told(error)


def test_a_password_never_goes_to_another_machine_unencrypted(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server here offers no STARTTLS; under a name that is not this machine's, nothing may be sent."""
    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: known("127.0.0.1" if host == "mail.example.com" else host, *a, **k)
    )
    with pytest.raises(NotDelivered, match="STARTTLS"):
        EmailNotifier(mailbox.url.replace("127.0.0.1", "mail.example.com"), "zl@example.com", "a@example.com").send(ALERT)
    assert mailbox.received == []


def test_one_that_is_down_does_not_keep_the_others_from_the_alert(
    webhook: Webhook, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.answers = [500]
    email = EmailNotifier(mailbox.url, "zl@example.com", "a@example.com")
    with pytest.raises(NotDelivered, match="500") as error:
        deliver(ALERT, [LogNotifier(logging.getLogger("alerts")), WebhookNotifier(webhook.url), email])
    assert ALERT.text in str(error.value)
    assert ALERT.text in caplog.text
    assert len(mailbox.received) == 1


def test_the_settings_name_the_receivers() -> None:
    assert build_notifiers(Settings.load()) == []
    settings = Settings.load(
        notify_webhook="https://hooks.example.com/x",
        notify_email="a@example.com,b@example.com",
        notify_smtp="smtps://mail.example.com",
    )
    assert build_notifiers(settings) == [
        WebhookNotifier("https://hooks.example.com/x"),
        EmailNotifier("smtps://mail.example.com", "a@example.com", "a@example.com, b@example.com"),
    ]
