"""Requests as they are sent: what httpx would add to each, and what of it is the same as last time, made once."""

from collections.abc import Mapping

import httpx

_ALWAYS = {"Accept": "*/*", "Connection": "keep-alive", "User-Agent": f"python-httpx/{httpx.__version__}"}


class Envelope:
    """What one client puts around its bodies; `headers` go with every request that has none of that name."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._always = {**_ALWAYS, **headers}
        self._last: tuple[Mapping[str, str], httpx.Headers] = {}, httpx.Headers(self._always)
        self._where = "", httpx.URL()

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        """The request. A user in the URL becomes a header, in place of any other credentials."""
        where = self._parsed(url)
        request = httpx.Request(method, where, headers=self._headers(headers), content=body)
        if where.userinfo:
            return next(httpx.BasicAuth(where.username, where.password).auth_flow(request))
        return request

    def _headers(self, headers: Mapping[str, str]) -> httpx.Headers:
        if headers != self._last[0]:
            made = httpx.Headers(self._always)
            made.update(headers)
            self._last = headers, made
        return self._last[1]

    def _parsed(self, url: str) -> httpx.URL:
        if url != self._where[0]:
            self._where = url, httpx.URL(url)
        return self._where[1]
