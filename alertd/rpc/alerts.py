"""The service `alertd.v1.Alerts`: the alerts as they are, and a stream of what changes."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

import grpc

from alertd.core.alerts import Alert
from alertd.core.filters import Filter
from alertd.core.labels import Labels
from alertd.core.look import Look, Shown
from alertd.core.matchers import Grammar
from alertd.events import AlertMuted
from alertd.rpc import alerts_pb2 as pb
from alertd.rpc import asked, messages
from alertd.rpc.around import Handler
from alertd.rpc.feed import End, Entry, Feed, Watcher

SERVICE = "alertd.v1.Alerts"

Context = grpc.aio.ServicerContext[pb.WatchRequest, pb.Change]

_SECONDS = 30.0  # for a page
_LAST_WORDS = 2.0  # seconds that a client has to take them
_PAGE_BYTES = 1 << 20
_AT_ONCE = 200  # alerts of a snapshot
_ENDS = {
    End.SLOW: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "you read more slowly than alerts change: read faster, filter more, or raise grpc.max_waiting",
    ),
    End.STOPPING: (grpc.StatusCode.UNAVAILABLE, "alertd is shutting down"),
}


@dataclass(frozen=True)
class View:
    """What this needs from the app. `look` shows these alerts; all that there are, if none are named."""

    look: Callable[[Sequence[Alert] | None], Look]
    grammar: Callable[[], Grammar]


class Alerts:
    """Answers those who ask and those who watch; at most `streams` of these at once."""

    def __init__(self, view: View, feed: Feed, streams: int) -> None:
        self._view, self._feed, self._streams = view, feed, streams

    def methods(self) -> dict[str, Handler]:
        """The methods by their names."""
        return {
            "List": grpc.unary_unary_rpc_method_handler(
                self.list, pb.ListRequest.FromString, pb.ListResponse.SerializeToString
            ),
            "Watch": grpc.unary_stream_rpc_method_handler(
                self.watch, pb.WatchRequest.FromString, pb.Change.SerializeToString
            ),
        }

    async def list(self, request: pb.ListRequest, context: Context) -> pb.ListResponse:
        """A page."""
        wanted = await self._wanted(request.filter, context)
        try:
            size = asked.page_size(request.page_size)
        except ValueError as problem:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(problem))
        look = self._view.look(None)
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(_page, look, wanted, request.page_token, size)

    async def watch(self, request: pb.WatchRequest, context: Context) -> None:
        """What changes, until the client leaves, is too slow, or alertd stops."""
        wanted = await self._wanted(request.filter, context)
        await context.send_initial_metadata(())  # or a first message that is interrupted would keep back the last words
        await self._welcome(context)
        missed = self._feed.since(request.after) if request.after else None
        if request.after and missed is None and not request.snapshot:
            await _refuse(context, grpc.StatusCode.OUT_OF_RANGE, "nobody knows any more what came after that cursor")
        watcher: Watcher | None = None
        try:
            async with asyncio.timeout(None) as patience:
                with self._feed.joined(patience, missed or ()) as watcher:
                    await self._begin(request, wanted, context, resumed=missed is not None)
                    await self._follow(watcher, wanted, context)
        except TimeoutError:
            if watcher is None or watcher.end is None:
                raise
            await _dismiss(context, *_ENDS[watcher.end])

    async def _wanted(self, given: pb.Filter, context: Context) -> Filter:
        try:
            return asked.wanted(given, self._view.grammar())
        except ValueError as problem:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(problem))

    async def _welcome(self, context: Context) -> None:
        if self._feed.closed:
            await _refuse(context, *_ENDS[End.STOPPING])
        if self._feed.watching >= self._streams:
            await _refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watch: grpc.max_streams is the limit")

    async def _begin(self, request: pb.WatchRequest, wanted: Filter, context: Context, *, resumed: bool) -> None:
        """The snapshot, if there is to be one. It is of the instant from which on the watcher hears of changes."""
        snapshot = request.snapshot and not resumed
        look = self._view.look(None if snapshot else ())
        ready = pb.Change(
            cursor=request.after if resumed else self._feed.cursor(),
            at=messages.instant(look.now),
            ready=pb.Ready(snapshot=snapshot),
        )
        listed = look.listed(wanted)
        while part := await asyncio.to_thread(_some, listed):
            for alert in part:
                await context.write(pb.Change(at=ready.at, present=alert))
        await context.write(ready)

    async def _follow(self, watcher: Watcher, wanted: Filter, context: Context) -> None:
        while True:
            entries = await watcher.take()
            look = self._view.look(())
            names = wanted.names(look.receivers)
            for entry in entries:
                if wanted.fits(_labels(entry)) and (change := _change(entry, look, wanted, names)):
                    change.cursor = self._feed.cursor(entry.number)
                    await context.write(change)


async def _refuse(context: Context, code: grpc.StatusCode, text: str) -> NoReturn:
    await context.abort(code, text)
    raise AssertionError("abort raises")


async def _dismiss(context: Context, code: grpc.StatusCode, text: str) -> NoReturn:
    """The same for one who may not even read that; then the stream is dropped."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await _refuse(context, code, text)
    raise asyncio.CancelledError


def _page(look: Look, wanted: Filter, after: str, size: int) -> pb.ListResponse:
    """As many alerts as are asked for, but not more than fit into a message."""
    response, room = pb.ListResponse(), _PAGE_BYTES
    for shown in look.listed(wanted, after):
        if len(response.alerts) >= size or room < 0:
            response.next_page_token = response.alerts[-1].fingerprint
            break
        alert = messages.alert(shown)
        room -= alert.ByteSize()
        response.alerts.append(alert)
    return response


def _some(listed: Iterator[Shown]) -> Sequence[pb.Alert]:
    return [messages.alert(shown) for shown in islice(listed, _AT_ONCE)]


def _labels(entry: Entry) -> Labels:
    event = entry.event
    if isinstance(event, AlertMuted):
        return event.labels
    one = event.transition.after or event.transition.before
    return one.labels if one else Labels()


def _change(entry: Entry, look: Look, wanted: Filter, names: Collection[str]) -> pb.Change | None:
    """A change as a message; None if it is not wanted."""
    event = entry.event
    at = messages.instant(event.at)
    if isinstance(event, AlertMuted):
        return pb.Change(at=at, muting=messages.muting(event)) if event.receiver in names else None
    before, after = event.transition.before, event.transition.after
    alert = after or before
    if alert is None:
        return None
    shown = look.show(alert)
    if not (_was_wanted(before, wanted) or (_was_wanted(after, wanted) and wanted.takes(shown.muters))):
        return None
    if not set(shown.receivers) & set(names):
        return None
    moved = pb.Transition(before=messages.state(before), alert=messages.alert(shown, gone=after is None))
    return pb.Change(at=at, transition=moved)


def _was_wanted(alert: Alert | None, wanted: Filter) -> bool:
    return alert is not None and alert.state in wanted.states
