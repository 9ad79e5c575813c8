"""Who may ask what over HTTP: everybody shows who they are, or is told how to."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.access.keys import Access, Keys
from alertd.access.passwords import Busy
from alertd.access.settings import Settings
from alertd.config.values import Web
from alertd.config.webmodels import WebConfigFile
from alertd.web.bodies import turn_away
from alertd.web.limits import told

_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_HEALTH = frozenset(("/-/healthy", "/-/ready"))
_ELSEWHERE = frozenset(("cross-site", "same-site"))


PROVEN = "alertd.proven"  # in the scope of a request: whether it was shown who asks


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
        self._keys = Keys(settings)

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
            access = await self._keys.access(shown)
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


def _proves(shown: str, toolkit: WebConfigFile, web: Web) -> bool:
    """Whether what is not wrong was needed: without users and tokens any header is as good as none."""
    if toolkit.tls_server_config.client_auth_type == "RequireAndVerifyClientCert":
        return True
    return bool(shown and (toolkit.basic_auth_users or web.tokens))


def _who_are_you(toolkit: WebConfigFile, web: Web) -> Response:
    answer = told(401, "Unauthorized")
    if toolkit.basic_auth_users or not web.tokens:
        answer.headers.append("WWW-Authenticate", "Basic")
    if web.tokens:
        answer.headers.append("WWW-Authenticate", "Bearer")
    return answer
