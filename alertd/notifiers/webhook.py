"""Telling a program: Alertmanager's JSON over HTTP, signed as Standard Webhooks when there is a secret.

https://www.standardwebhooks.com says how a receiver verifies a signature and drops repeats by `webhook-id`.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Integer
from alertd.errors import DeliveryError
from alertd.notifiers.payload import encoded
from alertd.notifiers.posting import Posted, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_PREFIX = "whsec_"
_HTTP = ("http://", "https://")


class WebhookConfig(Posted):
    """`webhook_configs`, as in Alertmanager, and `secret` for the signature."""

    url: SecretStr | None = None
    url_file: str = ""
    max_alerts: Integer = Field(default=0, ge=0)
    payload: Any = None
    secret: SecretStr | None = None
    secret_file: str = ""

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith((*_HTTP, "{{")):
            raise ValueError("must begin with http:// or https://")
        return url

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if bool(self.url) == bool(self.url_file):
            raise ValueError("give either url or url_file")
        self.exclusive("secret")
        return self


class WebhookNotifier(PostingNotifier[WebhookConfig]):
    """Posts to one URL."""

    Config = WebhookConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The document, or what `payload` makes of it."""
        url = self.secret("url", texts)
        if not url.startswith(_HTTP):
            raise DeliveryError("the URL is not one of http:// or https://", permanent=True, reason="config")
        timestamp = str(int(self.context.clock.now().timestamp()))
        request = Request(url, self._body(texts), {"webhook-timestamp": timestamp})
        key = self.secret("secret", texts)
        if not key:
            return [request]
        signature = sign(key, texts.notification.id, timestamp, request.data)
        return [replace(request, headers={**request.headers, "webhook-signature": signature})]

    def _body(self, texts: Texts) -> Any:
        if self.config.payload is not None:
            return texts.tree("payload", self.config.payload)
        return encoded(texts.notification, self.config.max_alerts)


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
