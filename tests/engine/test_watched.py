"""What is asked of a datasource and of the store becomes events, whether it goes well or not."""

from datetime import timedelta

import pytest

from alertd.core.alerts import Alert, State, Transition
from alertd.core.labels import Labels
from alertd.core.samples import Sample
from alertd.engine.watched import Counted
from alertd.engine.watchedstore import WatchedStore
from alertd.errors import QueryError, QueryFailure, StoreError
from alertd.events import Event, Queried, StoreUsed
from alertd.store import open_store
from alertd.testing import FakeDatasource, ManualClock, RecordingObserver

pytestmark = pytest.mark.anyio


async def test_queries_and_their_failures_are_told_of() -> None:
    source, observer, clock = FakeDatasource("main"), RecordingObserver(), ManualClock()
    source.set("up", Sample(Labels(), 1.0))
    source.fail("broken", QueryError("no", QueryFailure.BAD_QUERY))
    counted = Counted(source, observer)
    answers = await counted.query(["up", "broken"], clock.now())
    assert (len(answers), counted.name) == (2, "main")
    assert observer.events == [Queried("main", 2, (QueryFailure.BAD_QUERY,))]


async def test_what_the_store_does_is_told_of() -> None:
    events, clock = list[Event](), ManualClock()
    store = WatchedStore(open_store("memory"), events.append, clock)
    await store.record([])
    clock.advance(timedelta(seconds=1))
    await store.touch(clock.now())
    assert events == [StoreUsed("record", 0.0), StoreUsed("touch", 0.0)]


async def test_what_the_store_cannot_do_is_told_of_and_raised() -> None:
    events, clock = list[Event](), ManualClock()
    store = WatchedStore(Full(), events.append, clock)  # type: ignore[arg-type]
    alert = Alert("r", Labels(), State.FIRING, clock.now())
    with pytest.raises(StoreError):
        await store.record([Transition(None, alert)])
    assert events == [StoreUsed("record", 0.0, failed=True)]


class Full:
    """A store on a disk that is full."""

    async def record(self, _: object) -> None:
        raise StoreError("no space left")
