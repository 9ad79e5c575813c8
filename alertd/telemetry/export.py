"""The export of metrics: what is counted is sent to an OpenTelemetry collector, now and then. It delays nothing."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import Metric

from alertd import __version__
from alertd.config.metering import MetricsEntry
from alertd.events import MetricsExported
from alertd.http import Client, HttpError
from alertd.ports import Clock
from alertd.telemetry.otlp import Period, encode
from alertd.telemetry.partial import partial

_MOST_READ = 1 << 16  # bytes of an answer
_HEADERS = {"Content-Type": "application/x-protobuf", "User-Agent": f"alertd/{__version__}"}


class Export:
    """Sends all metrics every interval. What could not be sent is not missed: counters go on, and come next time."""

    def __init__(
        self,
        config: MetricsEntry,
        collect: Callable[[], Iterable[Metric]],
        resource: Mapping[str, str],
        notice: Callable[[MetricsExported], None],
        clock: Clock,
    ) -> None:
        self._config, self._collect, self._resource = config, collect, resource
        self._notice, self._clock, self._start = notice, clock, clock.now()
        self._client = Client(config.http_config, clock, connections=1)
        self._url = config.endpoint or ""
        self._headers = {name: value.get_secret_value() for name, value in config.headers.items()} | _HEADERS

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._clock.sleep_until(self._clock.now() + self._config.interval)
            await self.step()

    async def step(self) -> None:
        """Send them once."""
        self._notice(await self._send())

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _send(self) -> MetricsExported:
        families, period = list(self._collect()), Period(self._start, self._clock.now())
        body = await asyncio.to_thread(encode, families, self._resource, __version__, period)
        timeout = self._config.timeout.total_seconds()
        try:
            reply = await self._client.request(
                "POST", self._url, headers=self._headers, body=body, timeout=timeout, most=_MOST_READ
            )
        except HttpError as error:
            return MetricsExported(str(error))
        if reply.status >= 300:
            return MetricsExported(f"the answer has the status {reply.status}")
        said = partial(reply.body)
        return MetricsExported(rejected=said.rejected, remark=self._client.hide(said.message))
