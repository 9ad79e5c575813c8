"""Telling people by mail: one connection that is kept, one deadline for everything, no recipient at others' mercy."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator

from alertd.config.fields import Duration, Flag, Strict, Text, TextMap
from alertd.config.http import TlsConfig
from alertd.core.notification import Notification
from alertd.errors import DeliveryError, TemplateError
from alertd.http import secret, tls_context
from alertd.notifiers import mail
from alertd.ports import Context

_TIMEOUT = timedelta(seconds=60)  # for one mail, from connecting to the last answer, where none is configured
_IDLE = timedelta(seconds=50)  # a connection that was idle for longer is not trusted
_IMPLICIT_TLS_PORT = 465


class Threading(Strict):
    """`threading`, as in Alertmanager. Mails of one group are always kept together, by day unless this says `none`."""

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

    async def send(self, notification: Notification) -> str:
        """Send one mail. Raises DeliveryError; if some recipients are refused and others not, that is acceptance."""
        try:
            message, sender, recipients = self._message(notification)
        except (ValueError, TemplateError) as problem:
            raise DeliveryError(f"the mail cannot be made: {problem}", permanent=True, reason="config") from None
        async with self._line:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._transmit(message, sender, recipients)
            except TimeoutError:
                raise DeliveryError(
                    f"no answer from the mail server in {self._timeout:g} s", reason="timeout"
                ) from None
            except (aiosmtplib.SMTPException, OSError) as problem:
                raise _refusal(problem) from None

    async def aclose(self) -> None:
        """Say goodbye if there is somebody to say it to."""
        client, self._client = self._client, None
        if client and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await client.quit()

    async def _transmit(self, message: EmailMessage, sender: str, recipients: Sequence[str]) -> str:
        client, self._client = await self._connected(), None  # if interrupted, the dialogue is out of step: drop it
        try:
            refused, said = await client.send_message(message, sender=sender, recipients=recipients)
        except BaseException:
            client.close()
            raise
        self._client, self._used_at = client, self._context.clock.now()
        if not refused:
            return said
        those = ", ".join(f"{address} ({reply.code} {reply.message})" for address, reply in refused.items())
        return f"{said}; refused: {those}"

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

    def _message(self, notification: Notification) -> tuple[EmailMessage, str, Sequence[str]]:
        config, render = self._config, self._context.render
        (sender,) = mail.addresses(render(config.from_, notification))
        to = mail.addresses(render(config.to, notification))
        daily = config.threading.thread_by_date == "daily"
        fields = {
            **mail.headers(notification, sender.domain, self._context.version, daily=daily),
            **{name.title(): render(value, notification) for name, value in config.headers.items()},
        }
        text, html = mail.bodies(notification)
        if config.text or config.html:
            text, html = render(config.text, notification), render(config.html, notification)
        message = mail.compose(fields, to, sender, text, html)
        return message, sender.addr_spec, [one.addr_spec for one in to]


def _host_and_port(smarthost: str) -> tuple[str, int]:
    host, _, port = smarthost.rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0


def _refusal(problem: Exception) -> DeliveryError:
    """Whether trying again can help: not after a 5xx, unless it spoke of one recipient of several."""
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        codes = [refused.code for refused in problem.recipients]
        said = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in problem.recipients)
        return DeliveryError(f"all recipients were refused: {said}", permanent=min(codes) >= 500, reason="client_error")
    if isinstance(problem, aiosmtplib.SMTPAuthenticationError):
        text = f"the mail server refused the credentials: {problem.code} {problem.message}"
        return DeliveryError(text, permanent=problem.code >= 500, reason="auth_error")
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        text = f"the mail server answered {problem.code} {problem.message}"
        return DeliveryError(text, permanent=problem.code >= 500, reason="server_error")
    reason = "tls" if isinstance(problem, ssl.SSLError) else "unreachable"
    return DeliveryError(f"no mail server: {str(problem) or type(problem).__name__}", reason=reason)
