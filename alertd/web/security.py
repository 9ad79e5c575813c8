"""Who may do what: users with passwords, bearer tokens, and those who show nothing."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Iterable
from enum import IntEnum

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.config.values import Web
from alertd.config.webmodels import TokenEntry, WebConfigFile
from alertd.http.credentials import secret
from alertd.web.bodies import turn_away
from alertd.web.limits import told
from alertd.web.passwords import Busy, Passwords
from alertd.web.settings import Settings

_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_HEALTH = frozenset(("/-/healthy", "/-/ready"))
_ELSEWHERE = frozenset(("cross-site", "same-site"))


PROVEN = "alertd.proven"  # in the scope of a request: whether it was shown who asks


class Access(IntEnum):
    """What somebody may do; each includes what stands before it."""

    WRONG = -1  # what was shown is not valid, so nothing, whatever others may do who show nothing
    NONE = 0
    HEALTH = 1
    READ = 2
    FULL = 3


class ExtraHeaders:
    """An ASGI middleware that sets the configured headers on every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = self._settings.toolkit.http_server_config.headers

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in given.items():
                    if value:
                        headers[name] = value
            await send(message)

        await self._app(scope, receive, sending)


class Security:
    """An ASGI middleware that lets in who may."""

    def __init__(self, app: ASGIApp, settings: Settings, prefix: str) -> None:
        self._app, self._settings, self._prefix = app, settings, prefix
        self._passwords = Passwords()
        self._unreadable: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        if refusal:
            await turn_away(scope, receive, send, refusal)
        else:
            await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        toolkit, web, headers = self._settings.toolkit, self._settings.web, Headers(scope=scope)
        shown = headers.get("authorization", "")
        try:
            access = await self._access(shown, toolkit, web)
        except Busy:
            return told(503, "Service Unavailable", {"Retry-After": "1"})
        scope[PROVEN] = access > Access.WRONG and _proves(shown, toolkit, web)
        if access < self._needed(scope):
            named = access == Access.READ and bool(shown)
            return told(403, "Forbidden: this token may only read") if named else _who_are_you(toolkit, web)
        if scope["method"] not in _READING and headers.get("sec-fetch-site", "") in _ELSEWHERE:
            return told(403, "Forbidden: a page of another site asked for this")
        return None

    def _needed(self, scope: Scope) -> Access:
        if scope["method"] not in _READING:
            return Access.FULL
        return Access.HEALTH if scope["path"].removeprefix(self._prefix) in _HEALTH else Access.READ

    async def _access(self, shown: str, toolkit: WebConfigFile, web: Web) -> Access:
        """What this Authorization header opens. Raises Busy."""
        if not toolkit.basic_auth_users and not web.tokens:
            return Access[web.anonymous.upper()] if web.anonymous else Access.FULL
        if not shown:
            return Access[(web.anonymous or "none").upper()]
        scheme, _, credentials = shown.partition(" ")
        if scheme.lower() == "basic":
            return await self._user(credentials.strip(), toolkit)
        return self._bearer(credentials.strip(), web.tokens) if scheme.lower() == "bearer" else Access.WRONG

    async def _user(self, credentials: str, toolkit: WebConfigFile) -> Access:
        try:
            user, colon, password = b64decode(credentials, validate=True).partition(b":")
        except ValueError:
            return Access.WRONG
        name = user.decode("utf-8", "surrogateescape")
        fits = bool(colon) and await self._passwords.fit(name, password, toolkit.basic_auth_users)
        return Access.FULL if fits else Access.WRONG

    def _bearer(self, token: str, entries: Iterable[TokenEntry]) -> Access:
        """Every token is compared, so that the time it takes tells nothing."""
        shown, found = _digest(token), Access.WRONG
        for entry in entries:
            known = self._known(entry)
            if hmac.compare_digest(shown, _digest(known)) and known:
                found = max(found, Access[entry.access.upper()])
        return found

    def _known(self, entry: TokenEntry) -> str:
        """The token of an entry; empty, which fits nothing, if its file cannot be read."""
        path = entry.token_file
        try:
            token = secret(entry.token, path).strip()
        except (OSError, UnicodeDecodeError) as problem:
            if path not in self._unreadable:
                self._settings.complain(f"the token's file {path} cannot be read", str(problem))
            self._unreadable |= {path}
            return ""
        self._unreadable -= {path}
        return token


def _proves(shown: str, toolkit: WebConfigFile, web: Web) -> bool:
    """Whether what is not wrong was needed: without users and tokens any header is as good as none."""
    if toolkit.tls_server_config.client_auth_type == "RequireAndVerifyClientCert":
        return True
    return bool(shown and (toolkit.basic_auth_users or web.tokens))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _who_are_you(toolkit: WebConfigFile, web: Web) -> Response:
    answer = told(401, "Unauthorized")
    if toolkit.basic_auth_users or not web.tokens:
        answer.headers.append("WWW-Authenticate", "Basic")
    if web.tokens:
        answer.headers.append("WWW-Authenticate", "Bearer")
    return answer
