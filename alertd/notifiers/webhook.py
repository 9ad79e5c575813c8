"""Telling a program: Alertmanager's JSON over HTTP, signed as Standard Webhooks when there is a secret.

https://www.standardwebhooks.com says how a receiver verifies a signature and drops repeats by `webhook-id`.
"""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Duration, Flag, Integer, Strict
from alertd.config.http import HttpConfig
from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.http import Client, HttpError, Reply, retry_after, secret
from alertd.notifiers.payload import payload
from alertd.notifiers.said import of_model, of_url, said
from alertd.ports import Context

_TIMEOUT = timedelta(seconds=30)  # where none is configured
_MOST_READ = 1 << 20  # bytes of an answer
_TRANSIENT = frozenset((408, 425, 429))
_CONNECTIONS = 16
_PREFIX = "whsec_"


class WebhookConfig(Strict):
    """`webhook_configs`, as in Alertmanager, and `secret` for the signature."""

    send_resolved: Flag = True
    url: SecretStr | None = None
    url_file: str = ""
    http_config: HttpConfig | None = None
    max_alerts: Integer = Field(default=0, ge=0)
    timeout: Duration = timedelta(0)
    secret: SecretStr | None = None
    secret_file: str = ""

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if bool(self.url) == bool(self.url_file):
            raise ValueError("give either url or url_file")
        if self.secret and self.secret_file:
            raise ValueError("at most one of secret, secret_file may be given")
        return self

    def with_global(self, global_: Any) -> Self:
        """The `http_config` of `global` where this one has none."""
        return self.model_copy(update={"http_config": self.http_config or getattr(global_, "http_config", None)})


class WebhookNotifier:
    """Posts to one URL over connections that are kept."""

    Config = WebhookConfig

    def __init__(self, config: WebhookConfig, context: Context) -> None:
        self._config, self._context = config, context
        self._client = Client(config.http_config or HttpConfig(), context.clock, connections=_CONNECTIONS)
        self._timeout = (config.timeout or _TIMEOUT).total_seconds()
        self._secrets = frozenset(of_model(config))

    async def send(self, notification: Notification) -> str:
        """Post it; any 2xx is acceptance. Raises DeliveryError."""
        body = json.dumps(payload(notification, self._config.max_alerts), separators=(",", ":")).encode()
        try:
            url = self._url()
            headers = self._headers(notification.id, body)
            reply = await self._client.request(
                "POST", url, headers=headers, body=body, timeout=self._timeout, most=_MOST_READ
            )
            return _accepted(reply, {*self._secrets, *of_url(url)}, self._context.clock.now())
        except HttpError as error:
            raise DeliveryError(said(str(error)), reason=error.kind) from None
        except OSError as problem:
            raise DeliveryError(f"cannot read {problem.filename}: {problem.strerror}", reason="secret") from None
        except ValueError:  # the texts of these errors hold what could not be used
            raise DeliveryError(
                "the URL, a secret or a header has a character it cannot have", reason="secret"
            ) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _url(self) -> str:
        return secret(self._config.url, self._config.url_file)

    def _headers(self, id_: str, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(self._context.clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"alertd/{self._context.version}",
            "webhook-id": id_,
            "webhook-timestamp": timestamp,
        }
        key = secret(self._config.secret, self._config.secret_file)
        return {**headers, "webhook-signature": sign(key, id_, timestamp, body)} if key else headers


def sign(secrets: str, id_: str, timestamp: str, body: bytes) -> str:
    """The signatures of a message, one for each of the secrets (separated by spaces, so that they can be rotated)."""
    content = f"{id_}.{timestamp}.".encode() + body
    digests = (hmac.new(_key(one), content, hashlib.sha256).digest() for one in secrets.split())
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)


def _key(text: str) -> bytes:
    try:
        return b64decode(text.removeprefix(_PREFIX), validate=True) if text.startswith(_PREFIX) else text.encode()
    except NotBase64:
        return text.encode()


def _accepted(reply: Reply, secrets: Collection[str], now: datetime) -> str:
    words = said(reply.body.decode("utf-8", "replace"), secrets)
    if 200 <= reply.status < 300:
        return f"{reply.status} {words}".rstrip()
    answer = f"the receiver answered {reply.status}: {words}".rstrip(": ")
    if 300 <= reply.status < 400:
        raise DeliveryError(f"{answer} (a redirect, which is not followed)", permanent=True, reason="redirect")
    if reply.status >= 500 or reply.status in _TRANSIENT:
        reason = "rate_limited" if reply.status == 429 else "server_error"
        raise DeliveryError(answer, retry_after=retry_after(reply, now), reason=reason)
    raise DeliveryError(answer, permanent=True, reason="client_error")
