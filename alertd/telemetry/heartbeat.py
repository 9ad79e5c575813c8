"""A sign of life for something outside, which says so when it stops: a URL that is asked for while all is well."""

from collections.abc import Mapping

from alertd.config.values import HeartbeatConfig
from alertd.http import Client, HttpError, secret
from alertd.ports import Clock

_MOST_READ = 1 << 16  # bytes of an answer
_HEADERS: Mapping[str, str] = {"User-Agent": "alertd"}


class Heartbeat:
    """One URL to ask for."""

    def __init__(self, config: HeartbeatConfig, clock: Clock) -> None:
        self._config = config
        self._client = Client(config.http, clock, connections=1)

    async def beat(self) -> str:
        """Ask for it; what went wrong, or nothing. The URL is a secret, and not said."""
        try:
            url = secret(self._config.url, self._config.url_file)
        except (OSError, UnicodeDecodeError) as problem:
            return f"cannot read {self._config.url_file}: {getattr(problem, 'strerror', 'it is not text')}"
        timeout = self._config.timeout.total_seconds()
        try:
            reply = await self._client.request("GET", url, headers=_HEADERS, body=b"", timeout=timeout, most=_MOST_READ)
        except HttpError as error:
            return str(error)
        return "" if reply.status < 300 else f"the answer has the status {reply.status}"

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()
