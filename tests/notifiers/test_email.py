"""Mails against a real SMTP server: what they hold, how they thread, and what every kind of refusal means."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import ValidationError

from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.rendering import notification_data
from alertd.errors import DeliveryError
from alertd.notifiers.email import EmailConfig, EmailNotifier
from alertd.ports import Context
from alertd.templating.notifications import compile_templates
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


def with_templates(server: SmtpServer, **config: object) -> EmailNotifier:
    """A notifier whose fields are templates, as in the daemon."""
    templates = compile_templates([])
    one = notifier(server.port, **config)
    one._context = replace(
        one._context,
        render=lambda text, notification: templates.text(text, notification_data(notification)),
        render_html=lambda text, notification: templates.html(text, notification_data(notification)),
    )
    return one


async def templated(server: SmtpServer, message: Notification = MESSAGE, **config: object) -> tuple[EmailMessage, str]:
    one = with_templates(server, **config)
    said = await one.send(message)
    await one.aclose()
    return email.message_from_bytes(server.mails[-1], policy=default), said


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML, without the dot that ends a mail on its way."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return text.get_content().replace("\r\n", "\n").removesuffix("\n.\n"), html.get_content() if html else ""


async def test_html_is_rendered_as_html_and_text_as_text(server: SmtpServer) -> None:
    alert = replace(FIRING, labels=Labels({"alertname": "A&B <i>"}))
    message = replace(MESSAGE, alerts=(alert,), group_labels=alert.labels)
    name = "{{ .CommonLabels.alertname }}"
    mail, said = await templated(
        server, message, text=f"T {name}", html=f"<a title='{name}'>{name}</a>", headers={"Subject": f"S {name}"}
    )
    assert parts(mail)[0].strip() == "T A&B <i>"
    assert parts(mail)[1].strip() == "<a title='A&amp;B &lt;i&gt;'>A&amp;B &lt;i&gt;</a>"
    assert (mail["Subject"], said) == ("S A&B <i>", "taken")


BROKEN = "{{ .NoSuchThing.At.All }}"


@pytest.mark.parametrize("broken", [BROKEN, "{{ if }}", '{{ template "missing" . }}'])
async def test_a_template_that_fails_does_not_stop_the_mail(server: SmtpServer, broken: str) -> None:
    mail, said = await templated(
        server, text=broken, html=f"<p>{broken}</p>", headers={"Subject": broken, "X-A": broken}
    )
    assert (mail["Subject"], mail["X-A"]) == ("DiskFull", None)
    text, html = parts(mail)
    for what in ("`text`", "`html`", "the header Subject", "the header X-A"):
        for part in (text, html, said):
            assert f"The template of {what} failed" in part
    assert "Disk of db-1 is full" in text
    assert "Disk of db-1 is full" in html


async def test_a_failure_is_named_in_the_parts_that_work(server: SmtpServer) -> None:
    mail, _ = await templated(server, text="own text", html="<body>own</body>", headers={"Subject": BROKEN})
    text, html = parts(mail)
    assert text.startswith("own text\n\nThe template of the header Subject failed")
    assert html.startswith("<body>own<p>The template of the header Subject failed")
    mail, _ = await templated(server, text="own text", html=BROKEN)
    assert "own text" in parts(mail)[0]
    assert "Disk of db-1 is full" in parts(mail)[1]


async def test_any_error_of_a_template_counts(server: SmtpServer) -> None:
    def fails(text: str, _: Notification) -> str:
        if text == "own":
            raise RecursionError
        return text

    one = notifier(server.port, text="own")
    one._context = replace(one._context, render=fails)
    await one.send(MESSAGE)
    await one.aclose()
    assert "Disk of db-1 is full" in parts(email.message_from_bytes(server.mails[0], policy=default))[0]


async def test_parts_that_are_not_configured_are_built_in(server: SmtpServer) -> None:
    (mail,) = await send(server, html="<b>own</b>")
    assert ("Disk of db-1 is full" in parts(mail)[0], parts(mail)[1].strip()) == (True, "<b>own</b>")
    mail = (await send(server, text="own"))[1]
    assert (parts(mail)[0].strip(), "Disk of db-1 is full" in parts(mail)[1]) == ("own", True)
    mail = (await send(server, text="own", html=""))[2]
    assert (parts(mail)[0].strip(), mail.is_multipart()) == ("own", False)
    mail = (await send(server, text="", html=""))[3]
    assert "Disk of db-1 is full" in parts(mail)[1]


@pytest.mark.parametrize("field", ["to", "from"])
@pytest.mark.parametrize("value", [BROKEN, "nobody", ", ", "a b@c d@e", "a@example.org\x85X: y@b"])
async def test_without_an_address_there_is_no_mail(server: SmtpServer, field: str, value: str) -> None:
    one = with_templates(server, **{field: value})
    with pytest.raises(DeliveryError) as caught:
        await one.send(MESSAGE)
    assert (caught.value.permanent, caught.value.reason) == (True, "config")


async def test_a_long_domain_does_not_break_the_thread(server: SmtpServer) -> None:
    domain = "alerts.monitoring.production.eu-central-1.example-company.internal"
    await send(server, **{"from": f"alertd@{domain}"})
    lines = server.mails[0].split(b"\r\n")
    for name in (b"References", b"In-Reply-To", b"Message-ID", b"List-Id"):
        (line,) = (line for line in lines if line.startswith(name + b": "))
        assert line.endswith(f"{domain}>".encode())


async def test_threads(server: SmtpServer) -> None:
    tomorrow = replace(MESSAGE, at=START + timedelta(days=1))
    first, second = await send(server, MESSAGE, tomorrow)
    assert first["References"] != second["References"]
    third, fourth = (await send(server, MESSAGE, tomorrow, threading={"thread_by_date": "none"}))[2:]
    assert third["References"] == fourth["References"]
    (last,) = (await send(server, threading={"enabled": "false"}))[4:]
    assert (last["References"], last["In-Reply-To"]) == (None, None)


async def test_a_mail_is_never_so_large_that_it_is_cut(server: SmtpServer) -> None:
    labels = {f"label_{number}": "x" * 200 for number in range(200)}
    alert = replace(FIRING, labels=FIRING.labels.merged(labels), annotations={**labels, "summary": "<&>" * 5_000})
    (mail,) = await send(server, replace(MESSAGE, alerts=(alert,) * 50))
    assert len(parts(mail)[1]) < 102_000
    assert "more alerts of this group" in parts(mail)[0]
    assert "more" in parts(mail)[1]


async def test_a_label_that_nothing_says_above_is_shown(server: SmtpServer) -> None:
    labels = Labels({"job": "node"})
    (mail,) = await send(server, replace(MESSAGE, alerts=(FIRING, replace(FIRING, labels=labels)), group_labels=labels))
    assert "alertname = DiskFull" in parts(mail)[0]
    (mail,) = (await send(server))[1:]
    assert "alertname =" not in parts(mail)[0]


async def test_times(server: SmtpServer) -> None:
    mails = await send(
        server,
        replace(MESSAGE, at=START + timedelta(days=2, hours=3, minutes=4)),
        replace(MESSAGE, alerts=(ENDED,)),
        replace(MESSAGE, alerts=(replace(ENDED, ends_at=START + timedelta(days=1)),)),
        MESSAGE,
    )
    texts = [parts(mail)[0] for mail in mails]
    assert "  for 2d3h, since Thu 1 Jan 2026 00:00:00 UTC; value 0.03" in texts[0]
    assert "  lasted 9m, from Thu 1 Jan 2026 00:00:00 to 00:09:00 UTC" in texts[1]
    assert "  lasted 1d, from Thu 1 Jan 2026 00:00:00 to Fri 2 Jan 2026 00:00:00 UTC" in texts[2]
    assert "  since Thu 1 Jan 2026 00:00:00 UTC" in texts[3]


async def test_the_html_loads_nothing(server: SmtpServer) -> None:
    (mail,) = await send(server)
    html = parts(mail)[1]
    for word in ("<img", "<link", "<script", "src=", "url(", "@import"):
        assert word not in html


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
    assert str(caught.value).endswith("Connection refused")


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


async def test_a_password_file_that_is_missing(server: SmtpServer, tmp_path: Path) -> None:
    one = notifier(server.port, auth_username="u", auth_password_file=str(tmp_path / "none"))
    with pytest.raises(DeliveryError, match="cannot read") as caught:
        await one.send(MESSAGE)
    assert (caught.value.permanent, caught.value.reason) == (False, "secret")


async def test_what_the_server_says_is_one_short_line(server: SmtpServer) -> None:
    server.answers = {"RCPT TO:<R1": f"550 {'x' * 300}\x1b[31m"}
    one = notifier(server.port, to=", ".join(f"r{number}@example.org" for number in range(30)))
    said = await one.send(MESSAGE)
    await one.aclose()
    assert said.isprintable()
    assert len(said) <= 1_000


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


@pytest.mark.parametrize("name", ["Content-Type", "MIME-Version", "Bcc", "a b", "a:b", "a\r\nb", "", "ü"])
def test_headers_that_cannot_be_set(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be set"):
        EmailConfig(to="a@example.org", headers={name: "x"})


def test_a_header_twice_is_an_error() -> None:
    with pytest.raises(ValidationError, match="given twice"):
        EmailConfig(to="a@example.org", headers={"Subject": "a", "subject": "b"})
