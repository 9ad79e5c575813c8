"""Who may call what: the same users, tokens and certificates as for HTTP, and the same rate for both."""

from collections.abc import Collection, Iterable
from typing import Any

import grpc

from alertd.access.keys import Access, Keys
from alertd.access.passwords import Busy
from alertd.access.settings import Settings
from alertd.config.servertls import REQUIRED
from alertd.rpc.around import Behaviour, Context, Continuation, around, refusing

_HEALTH = "/grpc.health.v1.Health/"
_SHOWN, _SANS = "x509_pem_cert", "x509_subject_alternative_name"

Refusal = tuple[grpc.StatusCode, str]


class Guard(grpc.aio.ServerInterceptor):
    """Turns away who may not, before anything of the request is read."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._keys = settings, Keys(settings)

    async def intercept_service(self, continuation: Continuation, details: Any) -> Any:
        refusal = await self._refusal(details)
        if refusal:
            return refusing(*refusal)
        handler = await continuation(details)
        tls = self._settings.toolkit.tls_server_config
        if handler is None or tls.client_auth_type != REQUIRED:
            return handler
        return around(handler, lambda inner: _identified(tls.client_allowed_sans, inner))

    async def _refusal(self, details: Any) -> Refusal | None:
        if not self._settings.take_turn():
            return grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls: web.rate_limit is the limit"
        shown = _authorization(details.invocation_metadata)
        try:
            access = await self._keys.access(shown)
        except Busy:
            return grpc.StatusCode.UNAVAILABLE, "too many passwords wait to be checked: try again"
        needed = Access.HEALTH if details.method.startswith(_HEALTH) else Access.READ
        if access >= needed:
            return None
        said = "these credentials are wrong" if shown else "credentials are needed: metadata `authorization`"
        return grpc.StatusCode.UNAUTHENTICATED, said


def _authorization(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    found = next((value for key, value in metadata or () if key == "authorization"), "")
    return found if isinstance(found, str) else ""


def _identified(allowed: Collection[str], inner: Behaviour) -> Behaviour:
    """The same for those with a certificate, which the library has verified, of a name that is allowed."""

    async def behave(request: Any, context: Context) -> Any:
        shown = context.auth_context()
        names = {name.decode("utf-8", "replace") for name in shown.get(_SANS, ())}
        if not shown.get(_SHOWN):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a certificate is needed")
        if allowed and names.isdisjoint(allowed):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "your certificate names nobody who may come")
        return await inner(request, context)

    return behave
