"""What proves to a server who asks: the Authorization header, made anew for every request."""

import asyncio
import json
import math
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from alertd.config.http import BasicAuth, HttpConfig, OAuth2
from alertd.http.faults import HttpError
from alertd.ports import Clock

_TOKEN_MARGIN = timedelta(seconds=30)
_TOKEN_LIFE = timedelta(minutes=5)  # where the server does not say
_LONGEST_LIFE = timedelta(days=1)

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]  # URL, headers, body -> status, body


def read_secret(path: str) -> str:
    """The content of a secret's file, read anew each time so that a rotation needs no reload. Raises OSError."""
    return Path(path).read_text(encoding="utf-8").strip()


def secret(value: SecretStr | None, path: str) -> str:
    """A secret given in the file, or beside it."""
    if path:
        return read_secret(path)
    return value.get_secret_value() if value else ""


class Credentials:
    """The one way in that is configured, if any. `post` reaches the server of OAuth2 tokens."""

    def __init__(self, config: HttpConfig, post: Post, clock: Clock) -> None:
        self._config = config
        self._token = Token(config.oauth2, post, clock) if config.oauth2 else None

    async def header(self) -> Mapping[str, str]:
        """The header, or none. Raises OSError if a secret's file cannot be read, HttpError if no token can be had."""
        config = self._config
        if config.basic_auth:
            return {"Authorization": _basic(config.basic_auth)}
        if self._token:
            return {"Authorization": f"Bearer {await self._token.get()}"}
        if config.authorization:
            header = config.authorization
            return {"Authorization": f"{header.type.strip()} {secret(header.credentials, header.credentials_file)}"}
        if config.bearer_token or config.bearer_token_file:
            return {"Authorization": f"Bearer {secret(config.bearer_token, config.bearer_token_file)}"}
        return {}

    def refused(self) -> None:
        """The server did not accept the header: a token is asked for anew."""
        if self._token:
            self._token.forget()


class Token:
    """An OAuth2 token by client credentials (RFC 6749 §4.4), kept until shortly before it expires."""

    def __init__(self, config: OAuth2, post: Post, clock: Clock) -> None:
        self._config, self._post, self._clock = config, post, clock
        self._token, self._until = "", clock.now()
        self._asking = asyncio.Lock()

    async def get(self) -> str:
        """The token. Raises HttpError."""
        async with self._asking:
            if self._clock.now() >= self._until:
                await self._fetch()
            return self._token

    def forget(self) -> None:
        """Fetch another one next time."""
        self._until = self._clock.now()

    async def _fetch(self) -> None:
        config = self._config
        form = {"grant_type": "client_credentials", "scope": " ".join(config.scopes), **config.endpoint_params}
        own = secret(config.client_secret, config.client_secret_file)
        headers = {
            "Authorization": _pair(quote_plus(config.client_id), quote_plus(own)),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        status, answer = await self._post(config.token_url, headers, body)
        self._token, life = _granted(status, answer)
        self._until = self._clock.now() + life - _TOKEN_MARGIN


def _granted(status: int, answer: bytes) -> tuple[str, timedelta]:
    """The token and how long it lives. Raises HttpError."""
    try:
        granted: Any = json.loads(answer)
        token, seconds = granted["access_token"], float(granted.get("expires_in") or _TOKEN_LIFE.total_seconds())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        token, seconds = None, math.nan
    if status >= 300 or not isinstance(token, str) or not token or math.isnan(seconds):
        raise HttpError("broken", f"the server of oauth2.token_url answered {status}, and no token")
    return token, timedelta(seconds=min(max(seconds, 0.0), _LONGEST_LIFE.total_seconds()))


def _basic(config: BasicAuth) -> str:
    user = read_secret(config.username_file) if config.username_file else config.username
    return _pair(user, secret(config.password, config.password_file))


def _pair(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
