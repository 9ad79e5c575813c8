"""Mails against a real SMTP server: what they hold, how they thread, and what every kind of refusal means."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from types import SimpleNamespace

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import ValidationError

from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.errors import DeliveryError
from alertd.notifiers.email import EmailConfig, EmailNotifier
from alertd.ports import Context
from alertd.testing import START, ManualClock
from tests.servers import SmtpServer, smtp_server

pytestmark = pytest.mark.anyio

FIRING = NotifiedAlert(
    Labels({"alertname": "DiskFull", "instance": "db-1", "severity": "critical"}),
    {"summary": "Disk of db-1 is full", "description": "Only 3 % left.", "runbook_url": "https://runbooks/disk"},
    START,
    generator_url="http://prometheus/graph",
    value=0.03,
)
ENDED = replace(FIRING, ends_at=START + timedelta(minutes=9))
MESSAGE = Notification(
    id="0a1b",
    receiver="ops",
    integration="ops/email[0]",
    reason=Reason.FIRST,
    at=START,
    alerts=(FIRING,),
    group_key='{}:{alertname="DiskFull"}',
    group_labels=Labels({"alertname": "DiskFull"}),
    external_url="http://alertd.example",
)


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as one:
        yield one


def notifier(port: int, **config: object) -> EmailNotifier:
    plain = {"to": "on call <a@example.org>, b@example.org", "from": "alertd@example.org", "require_tls": "false"}
    settings = EmailConfig(**{**plain, "smarthost": f"127.0.0.1:{port}", **config})
    return EmailNotifier(settings.with_global(None), Context(ManualClock(), hostname="host", version="test"))


async def send(server: SmtpServer, *messages: Notification, **config: object) -> list[EmailMessage]:
    one = notifier(server.port, **config)
    try:
        for message in messages or (MESSAGE,):
            await one.send(message)
    finally:
        await one.aclose()
    return [email.message_from_bytes(raw, policy=default) for raw in server.mails]


async def test_headers(server: SmtpServer) -> None:
    (mail,) = await send(server)
    assert mail["Subject"] == "DiskFull"
    assert mail["From"] == "alertd@example.org"
    assert mail["To"] == "on call <a@example.org>, b@example.org"
    assert mail["Message-ID"] == "<0a1b@example.org>"
    assert (mail["Auto-Submitted"], mail["Importance"], mail["X-Alertd-Status"]) == ("auto-generated", "high", "firing")
    assert mail["List-Id"].endswith(".alertd.example.org>")
    assert mail["Date"].datetime == START
    assert server.recipients == [["a@example.org", "b@example.org"]]


async def test_both_parts_say_the_same(server: SmtpServer) -> None:
    (mail,) = await send(server)
    text, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    for part in (text, html):
        for said in ("Disk of db-1 is full", "Only 3 % left.", "db-1", "https://runbooks/disk", "0.03", "FIRING"):
            assert said in part


async def test_all_mails_of_a_group_are_one_thread_with_one_subject(server: SmtpServer) -> None:
    first, last = await send(
        server, MESSAGE, replace(MESSAGE, id="0a1c", alerts=(ENDED,), at=START + timedelta(hours=1))
    )
    assert first["References"] == last["References"] == last["In-Reply-To"]
    assert first["Subject"] == last["Subject"]
    assert first["Message-ID"] != last["Message-ID"]
    assert (last["X-Alertd-Status"], last["Importance"]) == ("resolved", None)
    assert server.sessions == 1


async def test_an_idle_connection_is_not_trusted(server: SmtpServer) -> None:
    clock = ManualClock()
    one = notifier(server.port)
    one._context = replace(one._context, clock=clock)
    await one.send(MESSAGE)
    clock.advance(timedelta(minutes=5))
    await one.send(MESSAGE)
    await one.aclose()
    assert server.sessions == 2


async def test_a_belated_mail_says_so(server: SmtpServer) -> None:
    (mail,) = await send(server, replace(MESSAGE, alerts=(ENDED,), belated=True))
    assert "could not be delivered earlier" in mail.get_body(("plain",)).get_content()


async def test_many_alerts_are_counted_not_listed(server: SmtpServer) -> None:
    alerts = tuple(replace(FIRING, labels=FIRING.labels.merged({"instance": f"db-{index}"})) for index in range(5_000))
    (mail,) = await send(server, replace(MESSAGE, alerts=alerts))
    assert "+ 4980 more alerts" in mail.get_body(("plain",)).get_content()
    assert len(server.mails[0]) < 200_000


async def test_own_headers_and_bodies(server: SmtpServer) -> None:
    (mail,) = await send(server, headers={"subject": "mine", "X-Team": "ops"}, text="plain body", html="<b>html</b>")
    assert (mail.get_all("Subject"), mail["X-Team"]) == (["mine"], "ops")
    assert mail.get_body(("plain",)).get_content().strip() == "plain body"
    assert mail.get_body(("html",)).get_content().strip() == "<b>html</b>"


HOSTILE = ["a\r\nBcc: evil@example.org", "\0", "<script>alert(1)</script>", "\ud800", "🔥" * 1000, "x" * 1_000_000]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_stays_text(server: SmtpServer, text: str) -> None:
    labels = Labels({"alertname": text, "job": text})
    alert = replace(FIRING, labels=labels, annotations={"summary": text, "x": text}, generator_url=f"javascript:{text}")
    (mail,) = await send(server, replace(MESSAGE, alerts=(alert,), group_labels=labels))
    html = mail.get_body(("html",)).get_content()
    assert "<script>" not in html
    assert "javascript:" not in html
    assert mail["Bcc"] is None
    assert server.recipients == [["a@example.org", "b@example.org"]]
    assert len(server.mails[0]) < 200_000


PERMANENT, TRANSIENT = True, False


@pytest.mark.parametrize(
    ("answers", "permanent", "reason"),
    [
        ({"MAIL": "550 no"}, PERMANENT, "server_error"),
        ({"MAIL": "451 later"}, TRANSIENT, "server_error"),
        ({"RCPT": "550 who?"}, PERMANENT, "client_error"),
        ({"RCPT": "451 later"}, TRANSIENT, "client_error"),
        ({"RCPT TO:<A@": "550 who?", "RCPT TO:<B@": "451 later"}, TRANSIENT, "client_error"),
        ({"<DATA>": "552 too big"}, PERMANENT, "server_error"),
        ({"<DATA>": "451 later"}, TRANSIENT, "server_error"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, TRANSIENT, "server_error"),
    ],
)
async def test_refusals(server: SmtpServer, answers: dict[str, str], permanent: bool, reason: str) -> None:
    server.answers = answers
    with pytest.raises(DeliveryError) as caught:
        await send(server)
    assert (caught.value.permanent, caught.value.reason) == (permanent, reason)
    server.answers = {}
    assert len(await send(server)) == 1


async def test_one_refused_recipient_does_not_stop_the_others(server: SmtpServer) -> None:
    server.answers = {"RCPT TO:<A@": "550 who?"}
    one = notifier(server.port)
    assert "refused: a@example.org (550 who?)" in await one.send(MESSAGE)
    await one.aclose()
    assert server.recipients == [["b@example.org"]]


@pytest.mark.parametrize("where", ["MAIL", "<DATA>"])
async def test_a_server_that_stalls_leaves_the_next_mail_a_new_connection(server: SmtpServer, where: str) -> None:
    server.answers = {where: "hang"}
    one = notifier(server.port, timeout="3s")
    with pytest.raises(DeliveryError) as caught:
        await one.send(MESSAGE)
    assert (caught.value.permanent, caught.value.reason) == (False, "timeout")
    server.answers = {}
    await one.send(replace(MESSAGE, id="2"))
    await one.aclose()
    assert (server.sessions, len(server.mails)) == (2, 1)


async def test_a_cancelled_send_leaves_the_next_mail_a_new_connection(server: SmtpServer) -> None:
    server.answers = {"<DATA>": "hang"}
    one = notifier(server.port)
    sending = asyncio.ensure_future(one.send(MESSAGE))
    await server.stalled.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    server.answers = {}
    await one.send(replace(MESSAGE, id="2"))
    await one.aclose()
    assert len(server.mails) == 1


async def test_nobody_listens() -> None:
    with pytest.raises(DeliveryError) as caught:
        await notifier(1).send(MESSAGE)
    assert (caught.value.permanent, caught.value.reason) == (False, "unreachable")


async def test_starttls_is_required_by_default(server: SmtpServer) -> None:
    with pytest.raises(DeliveryError, match="STARTTLS"):
        await send(server, require_tls=None)
    assert server.mails == []


@dataclass
class Secure:
    """A real SMTP server that wants STARTTLS and a password, and the authority that signed it."""

    controller: Controller
    ca: str
    mails: list[bytes]


@pytest.fixture
def secure() -> object:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    mails: list[bytes] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
            mails.append(envelope.content)
            return "250 taken"

    def check(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=data.password == b"hush", handled=False)

    controller = Controller(
        Handler(), "127.0.0.1", 0, tls_context=context, require_starttls=True, authenticator=check, auth_required=True,
        server_hostname="test",
    )  # fmt: skip
    controller.port = _free_port()
    controller.start()
    yield Secure(controller, authority.cert_pem.bytes().decode(), mails)
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_starttls_and_a_password(secure: Secure) -> None:
    login = {"require_tls": "true", "auth_username": "u", "auth_password": "hush", "tls_config": {"ca": secure.ca}}
    one = notifier(secure.controller.port, **login)
    await one.send(MESSAGE)
    await one.aclose()
    assert len(secure.mails) == 1
    one = notifier(secure.controller.port, **{**login, "auth_password": "wrong"})
    with pytest.raises(DeliveryError) as caught:
        await one.send(MESSAGE)
    assert (caught.value.permanent, caught.value.reason) == (True, "auth_error")
    one = notifier(secure.controller.port, **{**login, "tls_config": {}})
    with pytest.raises(DeliveryError) as caught:
        await one.send(MESSAGE)
    assert caught.value.reason == "tls"


def test_global_settings_fill_the_gaps() -> None:
    settings = SimpleNamespace(smtp_smarthost="mail:25", smtp_from="x@example.org", smtp_require_tls=False)
    config = EmailConfig(to="a@example.org").with_global(settings)
    assert (config.smarthost, config.from_, config.require_tls) == ("mail:25", "x@example.org", False)
    assert EmailConfig(to="a@example.org", require_tls="true").with_global(settings).require_tls is True


@pytest.mark.parametrize(
    "settings", [{}, {"smarthost": "mail:25"}, {"from": "a@b.c"}, {"smarthost": "mail", "from": "a@b.c"}]
)
def test_what_is_missing_is_named(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"smarthost|from"):
        EmailConfig(to="a@example.org", **settings).with_global(SimpleNamespace())


def test_a_header_twice_is_an_error() -> None:
    with pytest.raises(ValidationError, match="given twice"):
        EmailConfig(to="a@example.org", headers={"Subject": "a", "subject": "b"})
