"""A gRPC face with a board that tests fill, on a real port, and a client that calls it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from alertd.access.settings import Settings
from alertd.clock import SystemClock
from alertd.config.values import Grpc, Web
from alertd.core.alerts import Alert, State, Transition
from alertd.core.labels import Labels
from alertd.core.look import Look
from alertd.core.matchers import Grammar
from alertd.core.mutes import Mutes, Nothing
from alertd.events import AlertChanged, Event
from alertd.rpc import alerts_pb2 as pb
from alertd.rpc.alerts import View
from alertd.rpc.face import Face
from alertd.rpc.feed import Feed
from alertd.telemetry.observers import Observers
from alertd.testing import RecordingObserver
from alertd.testing.tracing import RecordingTracer
from tests.web.daemon import NOW, ROOT

PATIENCE = 10.0  # seconds for anything that must happen


@dataclass
class Daemon:
    """What the face asks of the app, and what came of it."""

    alerts: Sequence[Alert] = ()
    mutes: Mutes = field(default_factory=Nothing)
    web: Web = field(default_factory=lambda: Web("127.0.0.1", 0, "http://alertd", ""))
    config: Grpc = field(default_factory=lambda: Grpc("127.0.0.1", 0, 64, 64, 32, 1000))
    ailments: tuple[str, ...] = ()
    receivers: dict[str, Labels] = field(
        default_factory=lambda: {"default": Labels(), "b.c": Labels({"owner": "b"}), "d": Labels()}
    )
    observed: RecordingObserver = field(default_factory=RecordingObserver)
    tracer: RecordingTracer = field(default_factory=RecordingTracer)
    troubles: list[str] = field(default_factory=list)
    broken: bool = False  # the look at the alerts
    hangs: bool = False  # the look at the state

    def configure(self, toolkit: Any = None, **changes: Any) -> None:
        """Another `web`."""
        self.web = replace(self.web, toolkit=toolkit or self.web.toolkit, **changes)

    def look(self, alerts: Sequence[Alert] | None = None) -> Look:
        if self.broken:
            raise RuntimeError("a secret")
        seen = self.alerts if alerts is None else alerts
        return Look(seen, ROOT, self.receivers, self.mutes, {}, timedelta(minutes=5), NOW)

    async def ails(self) -> tuple[str, ...]:
        if self.hangs:
            await asyncio.Event().wait()
        return self.ailments

    def move(self, before: Alert | None, after: Alert | None) -> None:
        """An alert changes its state."""
        self.feed.notice(AlertChanged(Transition(before, after), NOW))

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of this kind."""
        return [event for event in self.observed.events if isinstance(event, kind)]

    @cached_property
    def settings(self) -> Settings:
        """Whom it serves, as those who serve HTTP know it, too."""
        return Settings(lambda: self.web, lambda *said: self.troubles.append(": ".join(said)), SystemClock().elapsed)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Face]:
        """Served, for as long as the context lasts."""
        self.feed = Feed(self.config.max_waiting, kept=50)
        view = View(self.look, lambda: Grammar.FALLBACK)
        observer = Observers(self.observed, tracer=self.tracer)
        face = Face(self.config, self.settings, view, self.feed, self.ails, observer, SystemClock())
        await face.start()
        await face.step()
        try:
            yield face
        finally:
            await face.stop()

    @asynccontextmanager
    async def called(self, **metadata: str) -> AsyncIterator["Client"]:
        """Served, and called in clear by one who shows this metadata."""
        async with self.running() as face, clear(face.port) as channel:
            client = Client(channel, face, tuple(metadata.items()))
            try:
                yield client
            finally:
                client.hang_up()


def clear(port: int) -> grpc.aio.Channel:
    """A channel without TLS."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}")


def apart(port: int) -> grpc.aio.Channel:
    """A channel with a connection of its own."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])


@dataclass
class Client:
    """The methods, as others see them."""

    channel: grpc.aio.Channel
    face: Face
    metadata: tuple[tuple[str, str], ...] = ()
    calls: list[Any] = field(default_factory=list)  # that may still be open

    def hang_up(self) -> None:
        """End every stream: one that is found by the collector of garbage finds no loop any more."""
        for call in self.calls:
            call.cancel()

    def _kept(self, call: Any) -> "Stream":
        self.calls.append(call)
        return Stream(call)

    async def list(self, **request: Any) -> pb.ListResponse:
        method = self.channel.unary_unary(
            "/alertd.v1.Alerts/List", pb.ListRequest.SerializeToString, pb.ListResponse.FromString
        )
        answer: pb.ListResponse = await method(pb.ListRequest(**request), metadata=self.metadata, timeout=PATIENCE)
        return answer

    def watch(self, **request: Any) -> "Stream":
        method = self.channel.unary_stream(
            "/alertd.v1.Alerts/Watch", pb.WatchRequest.SerializeToString, pb.Change.FromString
        )
        return self._kept(method(pb.WatchRequest(**request), metadata=self.metadata))

    async def health(self, service: str = "") -> str:
        stub = health_pb2_grpc.HealthStub(self.channel)
        asked = health_pb2.HealthCheckRequest(service=service)
        return status(await stub.Check(asked, metadata=self.metadata, timeout=PATIENCE))

    def watch_health(self, service: str = "") -> "Stream":
        stub = health_pb2_grpc.HealthStub(self.channel)
        return self._kept(stub.Watch(health_pb2.HealthCheckRequest(service=service), metadata=self.metadata))


@dataclass
class Stream:
    """What comes, one by one."""

    call: Any

    async def next(self) -> Any:
        """The next message; grpc.aio.EOF at the end. Raises AioRpcError."""
        return await asyncio.wait_for(self.call.read(), PATIENCE)

    async def begun(self) -> tuple[list[pb.Alert], pb.Change]:
        """The snapshot, and what says that it is complete."""
        found = []
        while (change := await self.next()).WhichOneof("what") != "ready":
            assert change.cursor == ""
            found.append(change.present)
        return found, change

    async def refused(self) -> tuple[str, str]:
        """The code and the words it ends with, whatever comes before."""
        try:
            while await self.next() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError as error:
            return error.code().name, error.details() or ""
        return "OK", ""


async def refusal(call: Any) -> tuple[str, str]:
    """The code and the words with which a call is refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code().name, error.details() or ""
    raise AssertionError("it was answered")


def status(response: Any) -> str:
    """The name of a status of health."""
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))


def names(alerts: Iterable[pb.Alert]) -> list[str]:
    """The names of these alerts."""
    return [alert.labels["alertname"] for alert in alerts]


def pending(alert: Alert) -> Alert:
    """The same, before it fired."""
    return replace(alert, state=State.PENDING, fired_at=None)


def resolved(alert: Alert) -> Alert:
    """The same, at its end."""
    return replace(alert, state=State.RESOLVED, resolved_at=NOW)
