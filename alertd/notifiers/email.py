"""Telling people by mail: one connection that is kept, one deadline for everything, no recipient at others' mercy."""

import asyncio
import os
import re
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator

from alertd.config.confidential import shapes
from alertd.config.fields import Duration, Flag, Strict, Text, TextMap
from alertd.config.http import TlsConfig
from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.http import secret, tls_context
from alertd.notifiers import mail
from alertd.notifiers.said import of_model, said
from alertd.notifiers.texts import Texts
from alertd.ports import Attributes, Context

_TIMEOUT = timedelta(seconds=60)  # for one mail, from connecting to the last answer, where none is configured
_MOST_SAID = 1_000  # characters of what the server says, or of what it says of each recipient
_IDLE = timedelta(seconds=50)  # a connection that was idle for longer is not trusted
_IMPLICIT_TLS_PORT = 465
_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}", re.ASCII)
# Names that files under `templates` may define: then these take the place of what alertd itself would say.
_SUBJECT = '{{ template "email.default.subject" . }}'
_SUBJECTS = frozenset(("email.default.subject", "__subject"))
_PAGE_NAME = "email.default.html"
_PAGE = '{{ template "email.default.html" . }}'
_NOT_YOURS = ("content-", "mime-version", "bcc")  # the parts of the mail say the first two; for the third there is `to`


class Threading(Strict):
    """`threading`, as in Alertmanager, but on unless it is turned off: mails of one group are kept together, by day."""

    enabled: Flag = True
    thread_by_date: Literal["daily", "none"] = "daily"


class EmailConfig(Strict):
    """`email_configs`, as in Alertmanager; what is missing comes from `global`."""

    send_resolved: Flag = False
    to: Text
    from_: Text = Field(default="", alias="from")
    smarthost: Text = ""
    hello: Text = ""
    auth_username: Text = ""
    auth_password: SecretStr | None = None
    auth_password_file: Text = ""
    auth_secret: SecretStr | None = None
    auth_secret_file: Text = ""
    auth_identity: Text = ""
    require_tls: Flag | None = None
    tls_config: TlsConfig | None = None
    force_implicit_tls: Flag | None = None
    headers: TextMap = Field(default_factory=dict)
    html: Text = ""
    text: Text = ""
    threading: Threading = Threading()
    timeout: Duration = timedelta(0)

    @field_validator("headers")
    @classmethod
    def _each_once(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        names = [name.lower() for name in headers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"the header {twice} is given twice")
        wrong = next((name for name in names if not _HEADER_NAME.fullmatch(name) or name.startswith(_NOT_YOURS)), None)
        if wrong is not None:
            raise ValueError(f"{wrong[:80]!r} cannot be set as a header")
        return headers

    def with_global(self, global_: Any) -> Self:
        """This configuration with the `smtp_…` settings of `global` where it has none. Raises ValueError."""
        missing = [field for field in _FROM_GLOBAL if getattr(self, field) in (None, "")]
        given = {field: getattr(global_, _FROM_GLOBAL[field], None) for field in missing}
        complete = self.model_copy(update={field: value for field, value in given.items() if value is not None})
        if not complete.smarthost:
            raise ValueError("no smarthost: give one here, or smtp_smarthost in global")
        if not complete.from_:
            raise ValueError("no from: give one here, or smtp_from in global")
        host, port = _host_and_port(complete.smarthost)
        if not host or not port:
            raise ValueError("smarthost must be host:port")
        return complete

    def doubts(self) -> Iterator[tuple[str, str]]:
        """Addresses that no mail can go to or come from, by their keys; a template may become anything."""
        for key, text in (("to", self.to), ("from", self.from_)):
            with suppress(ValueError):
                if "{{" in text or mail.addresses(text):
                    continue
            yield key, f"{key}: not a mail address: {text[:100]!r}"


_FROM_GLOBAL = {
    "from_": "smtp_from",
    "smarthost": "smtp_smarthost",
    "hello": "smtp_hello",
    "auth_username": "smtp_auth_username",
    "auth_password": "smtp_auth_password",
    "auth_password_file": "smtp_auth_password_file",
    "auth_secret": "smtp_auth_secret",
    "auth_secret_file": "smtp_auth_secret_file",
    "auth_identity": "smtp_auth_identity",
    "require_tls": "smtp_require_tls",
    "tls_config": "smtp_tls_config",
    "force_implicit_tls": "smtp_force_implicit_tls",
}


class EmailNotifier:
    """Sends mails to one list of recipients, one after the other over one connection."""

    Config = EmailConfig

    def __init__(self, config: EmailConfig, context: Context) -> None:
        self._config, self._context = config, context
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = context.clock.now()
        self._timeout = (config.timeout or _TIMEOUT).total_seconds()
        self._line = asyncio.Lock()
        self._secrets = frozenset(of_model(config))
        self._proof: tuple[str, ...] = ()  # what was shown to the server last, in all its shapes

    async def send(self, notification: Notification) -> str:
        """Send one mail. Raises DeliveryError; if some recipients are refused and others not, that is acceptance."""
        try:
            made = self._made(notification)
        except Exception as problem:  # what people put into addresses and headers fails in many ways
            text = f"the mail cannot be made: {said(str(problem))}"
            raise DeliveryError(text, permanent=True, reason="config") from None
        async with self._line:
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await self._followed(made)
            except TimeoutError:
                raise DeliveryError(
                    f"no answer from the mail server in {self._timeout:g} s", reason="timeout"
                ) from None
            except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
                raise _refusal(problem, self._hidden) from None
        return said("; ".join([answer, *made.problems]), self._hidden, _MOST_SAID)

    @property
    def _hidden(self) -> Collection[str]:
        return {*self._secrets, *self._proof}

    async def aclose(self) -> None:
        """Say goodbye if there is somebody to say it to."""
        client, self._client = self._client, None
        if client and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await client.quit()

    async def _followed(self, made: "_Made") -> str:
        tracer = self._context.tracer
        host, port = _host_and_port(self._config.smarthost)
        about: Attributes = {
            "server.address": host,
            "server.port": port,
            "network.protocol.name": "smtp",
            "alertd.recipients": len(made.recipients),
        }
        with tracer.span("smtp send", about, place="client") as span:
            try:
                return await self._transmit(made)
            except asyncio.CancelledError:
                span.fail("a deadline, or the end of alertd, came before the answer", "cancelled")
                raise
            except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
                refusal = _refusal(problem, self._hidden)
                span.fail(str(refusal), refusal.reason)
                raise

    async def _transmit(self, made: "_Made") -> str:
        client, self._client = await self._connected(), None  # if interrupted, the dialogue is out of step: drop it
        try:
            refused, answer = await client.send_message(made.message, sender=made.sender, recipients=made.recipients)
        except BaseException:
            client.close()
            raise
        self._client, self._used_at = client, self._context.clock.now()
        if not refused:
            return answer
        those = ", ".join(f"{address} ({reply.code} {reply.message})" for address, reply in refused.items())
        return f"{answer}; refused: {those}"

    async def _connected(self) -> aiosmtplib.SMTP:
        fresh = self._context.clock.now() - self._used_at < _IDLE
        if self._client and self._client.is_connected and fresh:
            return self._client
        if self._client:
            self._client.close()
        client = self._open()
        await client.connect()
        return client

    def _open(self) -> aiosmtplib.SMTP:
        config = self._config
        host, port = _host_and_port(config.smarthost)
        tls = config.tls_config or TlsConfig()
        implicit = config.force_implicit_tls if config.force_implicit_tls is not None else port == _IMPLICIT_TLS_PORT
        starttls = not implicit and config.require_tls is not False
        password = secret(config.auth_password, config.auth_password_file) or secret(
            config.auth_secret, config.auth_secret_file
        )
        self._proof = shapes([password])
        return aiosmtplib.SMTP(
            hostname=host,
            port=port,
            local_hostname=config.hello or self._context.hostname,
            username=config.auth_username or None,
            password=password if config.auth_username else None,
            use_tls=implicit,
            start_tls=starttls,
            tls_context=tls_context(tls) if implicit or starttls else None,
            timeout=self._timeout,
        )

    def _made(self, notification: Notification) -> "_Made":
        """The mail. Raises whatever its addresses and header fields give cause to."""
        config, texts = self._config, Texts(notification, self._context)
        senders = mail.addresses(self._context.render(config.from_, notification))
        if len(senders) != 1:
            raise ValueError("`from` must be one address")
        to = mail.addresses(self._context.render(config.to, notification))
        fields = self._fields(senders[0].domain, texts)
        text, html = self._bodies(texts)
        message = mail.compose(fields, to, senders[0], text, html)
        return _Made(message, senders[0].addr_spec, [one.addr_spec for one in to], texts.problems)

    def _fields(self, domain: str, texts: Texts) -> Mapping[str, str]:
        config, notification = self._config, texts.notification
        daily = config.threading.thread_by_date == "daily"
        together = config.threading.enabled
        own = mail.headers(notification, domain, self._context.version, daily=daily, threaded=together)
        given = {
            name.title(): texts.expand(f"the header {name}", value, self._context.render)
            for name, value in config.headers.items()
        }
        given = {**self._subject(texts), **given}
        return {**own, **{name: value for name, value in given.items() if value is not None}}

    def _subject(self, texts: Texts) -> Mapping[str, str | None]:
        """That of the user's template files, if they define one."""
        if not _SUBJECTS & set(self._context.defined) or "Subject" in map(str.title, self._config.headers):
            return {}
        return {"Subject": texts.expand("the header Subject", _SUBJECT, self._context.render)}

    def _bodies(self, texts: Texts) -> tuple[str, str | None]:
        """The parts as configured, and our own in place of what is not, or fails. `html: ""` beside a text: no HTML."""
        config, page = self._config, self._page()
        text = texts.expand("`text`", config.text, self._context.render) if config.text else None
        html = texts.expand("`html`", page, self._context.render_html) if page else None
        default_text, default_html = mail.bodies(texts.notification, texts.problems)
        own_text, own_html = mail.with_problems(text or "", html, texts.problems)
        text_only = config.text and not config.html and "html" in config.model_fields_set
        return (
            default_text if text is None else own_text,
            own_html if html is not None or (text_only and text is not None) else default_html,
        )

    def _page(self) -> str:
        """The template of the HTML part; where none is configured, that of the user's template files."""
        config = self._config
        return _PAGE if "html" not in config.model_fields_set and _PAGE_NAME in self._context.defined else config.html


@dataclass(frozen=True)
class _Made:
    """One mail, ready to be sent, and what went wrong on the way."""

    message: EmailMessage
    sender: str
    recipients: Sequence[str]
    problems: Sequence[str]


def _host_and_port(smarthost: str) -> tuple[str, int]:
    host, _, port = smarthost.rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0


def _refusal(problem: Exception, secrets: Collection[str]) -> DeliveryError:
    """Whether trying again can help: not after a 5xx, unless it spoke of one recipient of several."""
    permanent, reason, text = _judged(problem)
    return DeliveryError(said(text, secrets, _MOST_SAID), permanent=permanent, reason=reason)


def _judged(problem: Exception) -> tuple[bool, str, str]:
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        codes = [refused.code for refused in problem.recipients]
        those = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in problem.recipients)
        return min(codes) >= 500, "client_error", f"all recipients were refused: {those}"
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        answer, permanent = f"{problem.code} {problem.message}", problem.code >= 500
        if isinstance(problem, aiosmtplib.SMTPAuthenticationError):
            return permanent, "auth_error", f"the mail server refused the credentials: {answer}"
        return permanent, "server_error", f"the mail server answered {answer}"
    if isinstance(problem, ValueError) and not isinstance(problem, OSError):
        return True, "config", f"the mail cannot be sent: {problem}"
    if isinstance(problem, OSError) and problem.filename:
        return False, "secret", f"cannot read {problem.filename}: {problem.strerror}"
    reason = "tls" if isinstance(problem, ssl.SSLError) else "unreachable"
    return False, reason, f"no mail server: {_in_words(problem) or type(problem).__name__}"


def _in_words(problem: Exception) -> str:
    """What the system says, in place of what asyncio makes of it: `Connect call failed ('127.0.0.1', 25)`."""
    cause = problem.__cause__
    if isinstance(cause, OSError) and (cause.errno or 0) > 0:
        return str(problem).replace(str(cause), os.strerror(cause.errno or 0))
    return str(problem)
