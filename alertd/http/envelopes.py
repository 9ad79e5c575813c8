"""Requests as they are sent: what httpx would add to each, put together without looking every header up again."""

from collections.abc import Mapping

import httpx

_WITH_A_LENGTH = frozenset(("POST", "PUT", "PATCH"))  # also of no body
_ALWAYS = {"Accept": "*/*", "Connection": "keep-alive", "User-Agent": f"python-httpx/{httpx.__version__}"}

_Lines = dict[bytes, tuple[bytes, bytes]]  # name and value as they are sent, by the name in small letters


class Envelope:
    """What one client puts around its bodies; `headers` go with every request that has none of that name."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._always = _lines({**_ALWAYS, **headers})
        self._url, self._where, self._host = "", httpx.URL(), b""

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        """The request. A user in the URL becomes a header, in place of any other credentials."""
        if url != self._url:
            where = httpx.URL(url)
            self._url, self._where, self._host = url, where, where.netloc
        lines = {b"host": (b"Host", self._host), **self._always, **_lines(headers)}
        if body or method.upper() in _WITH_A_LENGTH:
            lines[b"content-length"] = (b"Content-Length", b"%d" % len(body))
        request = httpx.Request(method, self._where, headers=list(lines.values()), stream=httpx.ByteStream(body))
        if self._where.userinfo:
            return next(httpx.BasicAuth(self._where.username, self._where.password).auth_flow(request))
        return request


def _lines(headers: Mapping[str, str]) -> _Lines:
    """Raises UnicodeEncodeError for a character that no header can have."""
    pairs = ((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items())
    return {name.lower(): (name, value) for name, value in pairs}
