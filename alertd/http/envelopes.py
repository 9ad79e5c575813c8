"""Requests as they are sent: what httpx would add to each, and what of it is the same as last time, made once."""

from collections.abc import Mapping

import httpx

_WITH_A_LENGTH = frozenset(("POST", "PUT", "PATCH"))  # also of no body
_ALWAYS = {"Accept": "*/*", "Connection": "keep-alive", "User-Agent": f"python-httpx/{httpx.__version__}"}


class Envelope:
    """What one client puts around its bodies; `headers` go with every request that has none of that name."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._always = {**_ALWAYS, **headers}
        self._url, self._where = "", httpx.URL()
        self._given: Mapping[str, str] = {}
        self._headers = httpx.Headers()

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        """The request. A user in the URL becomes a header, in place of any other credentials."""
        if url != self._url or headers != self._given:
            self._address(url, headers)
        own = self._headers
        if body or method.upper() in _WITH_A_LENGTH:
            own = httpx.Headers(own)
            own["Content-Length"] = str(len(body))
        request = httpx.Request(method, self._where, headers=own, stream=httpx.ByteStream(body))
        if self._where.userinfo:
            return next(httpx.BasicAuth(self._where.username, self._where.password).auth_flow(request))
        return request

    def _address(self, url: str, headers: Mapping[str, str]) -> None:
        where = self._where if url == self._url else httpx.URL(url)
        made = httpx.Headers({"Host": where.netloc.decode(), **self._always})
        made.update(headers)
        self._url, self._where, self._given, self._headers = url, where, headers, made
