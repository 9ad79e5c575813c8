"""Which way a request goes: through the proxy, or past it."""

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from alertd.config.http import ProxyConfig


def proxy(config: ProxyConfig) -> httpx.Proxy | None:
    """The configured proxy with what it is told, or None."""
    if not config.proxy_url:
        return None
    told = [
        (name, value.get_secret_value()) for name, values in config.proxy_connect_header.items() for value in values
    ]
    return httpx.Proxy(config.proxy_url, headers=told)


class ByEnvironment(httpx.AsyncBaseTransport):
    """Through the proxy that the environment names for a URL, if any: httpx knows, but takes its time."""

    def __init__(self, context: ssl.SSLContext, limits: httpx.Limits) -> None:
        none_kept = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.AsyncClient(verify=context, limits=limits, cookies=none_kept, timeout=None)  # noqa: S113 - `Client` has the deadline

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()


def passes_by(url: str, no_proxy: str) -> bool:
    """Whether a URL is one of those that `no_proxy` lists. Raises ValueError for what is no URL.

    The list is that of most programs: `host` (and all below it), `.host` (only those below), an address, a network
    like 10.0.0.0/8, each perhaps with `:port`, separated by commas; `*` is everything.
    """
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
    return any(_matches(entry, host, port) for entry in no_proxy.lower().split(",") if entry.strip())


def _matches(entry: str, host: str, port: int) -> bool:
    name, _, wanted = entry.strip().rpartition(":")
    if name and wanted.isdecimal() and (":" not in name or name.startswith("[")):
        return int(wanted) == port and _names(name.strip("[]"), host)
    return _names(entry.strip(), host)


def _names(pattern: str, host: str) -> bool:
    if pattern == "*":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        below = pattern.removeprefix("*").removeprefix(".")
        return host.endswith(f".{below}") or (host == below and pattern == below)
    try:
        return address in ip_network(pattern, strict=False)
    except ValueError:
        return False
