"""`/debug/pprof/`: profiles of the daemon, for those who may have them, at the paths and in the form that Go's have."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from alertd.errors import ProfileError
from alertd.web.answers import Refusal
from alertd.web.endpoints import Endpoint
from alertd.web.profilepage import PAGE
from alertd.web.security import PROVEN

_MOST_SECONDS, _MOST_HZ = 300, 500
_MEDIA_TYPES = {
    "pprof": "application/octet-stream",
    "speedscope": "application/json",
    "folded": "text/plain; charset=utf-8",
}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_ELSEWHERE = frozenset(("cross-site", "same-site"))
_OFF = "profiling is off: set telemetry.profiling.enabled: true in the configuration"
_OPEN = (
    "profiles are for those who show credentials, or ask from this machine: "
    "configure web.basic_auth_users or web.tokens, or ask 127.0.0.1 without a proxy"
)

Gone = Callable[[], Awaitable[bool]]


class Profiler(Protocol):
    """What takes profiles. `form` is pprof, speedscope or folded. Every method may raise ProfileError."""

    async def processor(self, seconds: float, hz: int, form: str, gone: Gone) -> bytes: ...
    async def memory(self, seconds: float, form: str, gone: Gone) -> bytes: ...
    async def waiting(self, form: str) -> bytes: ...
    def command(self) -> bytes: ...


@dataclass(frozen=True)
class Profiles:
    """`profiler` gives None while profiling is off."""

    profiler: Callable[[], Profiler | None]

    def endpoints(self) -> Iterable[Endpoint]:
        """What is below `/debug/pprof/`."""
        served = {
            "": self._index,
            "profile": self._processor,
            "heap": self._memory,
            "allocs": self._memory,
            "goroutine": self._waiting,
            "cmdline": self._command,
            "symbol": self._symbol,
        }
        yield from (Endpoint("GET", f"/debug/pprof/{name}", serve) for name, serve in served.items())
        yield Endpoint("POST", "/debug/pprof/symbol", self._symbol)

    async def _index(self, request: Request) -> Response:
        self._allowed(request)
        return HTMLResponse(PAGE)

    async def _processor(self, request: Request) -> Response:
        profiler, form = self._allowed(request), _form(request)
        seconds, hz = _number(request, "seconds", 30, _MOST_SECONDS), _number(request, "hz", 100, _MOST_HZ)
        return await _answer("profile", form, profiler.processor(seconds, int(hz), form, request.is_disconnected))

    async def _memory(self, request: Request) -> Response:
        profiler, form, seconds = self._allowed(request), _form(request), _number(request, "seconds", 5, _MOST_SECONDS)
        return await _answer("heap", form, profiler.memory(seconds, form, request.is_disconnected))

    async def _waiting(self, request: Request) -> Response:
        profiler = self._allowed(request)
        if request.query_params.get("debug", "0") not in ("", "0"):
            return PlainTextResponse(await profiler.waiting("text"))
        form = _form(request)
        return await _answer("goroutine", form, profiler.waiting(form))

    async def _command(self, request: Request) -> Response:
        return PlainTextResponse(self._allowed(request).command())

    async def _symbol(self, request: Request) -> Response:
        """A profile has all its names in it: there are no addresses that could be looked up."""
        self._allowed(request)
        return PlainTextResponse("num_symbols: 0\n")

    def _allowed(self, request: Request) -> Profiler:
        """The profiler. Raises Refusal if it is off, or not for whoever asks."""
        profiler = self.profiler()
        if profiler is None:
            raise _refusal(404, _OFF)
        if request.headers.get("sec-fetch-site", "") in _ELSEWHERE:
            raise _refusal(403, "a page of another site asked for this")
        if not (_is_near(request) or request.scope.get(PROVEN)):
            raise _refusal(403, _OPEN)
        return profiler


def _is_near(request: Request) -> bool:
    """Whether this was asked from the same machine, and not through a proxy that runs there."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _number(request: Request, name: str, default: float, most: float) -> float:
    text = request.query_params.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1
    if not 1 <= value <= most:
        raise _refusal(400, f"{name} must be a number from 1 to {most:g}")
    return value


def _form(request: Request) -> str:
    form = request.query_params.get("format", "pprof")
    if form not in _MEDIA_TYPES:
        raise _refusal(400, f"format must be one of {', '.join(_MEDIA_TYPES)}")
    return form


async def _answer(name: str, form: str, taking: Awaitable[bytes]) -> Response:
    try:
        body = await taking
    except ProfileError as error:
        raise _refusal(409, str(error)) from None
    ending = {"pprof": "pb.gz", "speedscope": "speedscope.json", "folded": "folded.txt"}[form]
    headers = {"Content-Disposition": f'attachment; filename="alertd-{name}.{ending}"'}
    return Response(body, headers=headers, media_type=_MEDIA_TYPES[form])


def _refusal(status: int, message: str) -> Refusal:
    return Refusal(PlainTextResponse(f"{message}\n", status, {"X-Content-Type-Options": "nosniff"}))
