"""All of gRPC in one piece, for the app: built when it is configured, started, kept up to date, and stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from alertd.access.settings import Settings
from alertd.config.values import Grpc
from alertd.errors import ConfigError, Problem
from alertd.events import HealthTold
from alertd.ports import Clock, Observer
from alertd.rpc import alerts, health
from alertd.rpc.alerts import Alerts, View
from alertd.rpc.feed import Feed
from alertd.rpc.guard import Guard
from alertd.rpc.health import Health
from alertd.rpc.server import Server
from alertd.rpc.tls import Pems
from alertd.rpc.traces import Traces
from alertd.rpc.traffic import Traffic

_EVERY = timedelta(seconds=5)
_PATIENCE = 10.0  # seconds in which alertd should know how it is
_GRACE = 3.0  # seconds for calls under way at shutdown

Ailments = Callable[[], Awaitable[Sequence[str]]]


class Face:
    """What is served over gRPC. `ailments` says what is wrong with alertd; while nothing is, it is healthy.

    Raises ConfigError if the TLS certificate cannot be used.
    """

    def __init__(
        self,
        config: Grpc,
        settings: Settings,
        view: View,
        feed: Feed,
        ailments: Ailments,
        observer: Observer,
        clock: Clock,
    ) -> None:
        self._config, self._feed, self._ailments = config, feed, ailments
        self._observer, self._clock = observer, clock
        self._health = Health((alerts.SERVICE,), config.max_streams)
        self._said: tuple[str, ...] = ()
        self._pems = _pems(settings)
        services = {
            health.SERVICE: self._health.methods(),
            alerts.SERVICE: Alerts(view, feed, config.max_streams).methods(),
        }
        known = [f"/{service}/{method}" for service, methods in services.items() for method in methods]
        most = config.max_requests + 2 * config.max_streams  # those who watch alerts, and those who watch health
        self._traffic = Traffic(known, most, observer.notice, clock.elapsed)
        interceptors = (Traces(known, observer), self._traffic, Guard(settings))
        self._server = Server(config, services, interceptors, self._pems.credentials() if self._pems else None)
        self.port = config.port

    @property
    def active(self) -> int:
        """How many calls are being answered, streams included."""
        return self._traffic.active

    async def start(self) -> None:
        """Serve, at first as not healthy. Raises ConfigError if the address is taken."""
        try:
            self.port = await self._server.start()
        except OSError as problem:
            said = f"cannot listen on {self._config.host}:{self._config.port}: {problem.strerror or problem}"
            raise ConfigError([Problem(f"grpc: {said}", hint="grpc.listen names the address")]) from None

    async def run(self) -> None:
        """Keep health and certificate up to date, for ever."""
        while True:
            await self.step()
            await self._clock.sleep_until(self._clock.now() + _EVERY)

    async def step(self) -> None:
        """See how alertd is, and tell those who wait for it."""
        if self._pems:
            self._pems.refresh()
        ailments = await self._ails()
        self._health.tell(serving=not ailments)
        if bool(ailments) != bool(self._said):
            self._observer.notice(HealthTold(self._clock.now(), ailments))
        self._said = ailments

    def leave(self) -> None:
        """Not healthy from now on, and all who watch alerts are told that alertd stops."""
        self._health.close()
        self._feed.close()

    async def stop(self) -> None:
        """End what is still under way."""
        self.leave()
        self._health.end()
        await self._server.stop(_GRACE)

    async def _ails(self) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(_PATIENCE):
                return tuple(await self._ailments())
        except TimeoutError:
            return ("the state is not read in time",)


def _pems(settings: Settings) -> Pems | None:
    if not settings.encrypted:
        return None
    try:
        return Pems(settings)
    except (OSError, ValueError) as problem:
        raise ConfigError([Problem(f"grpc: the TLS certificate cannot be used: {problem}")]) from None
