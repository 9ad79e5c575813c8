"""What waits to be written takes little: two references a row, whatever the alerts have in common or not."""

import gc
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from alertd.core.alerts import Alert, State, Transition
from alertd.core.history import Entry, Limits, Seen, What
from alertd.core.labels import Labels
from alertd.core.routes import Route
from alertd.engine.history import Recorder
from alertd.errors import StoreError
from alertd.events import AlertChanged, AlertGrouped
from alertd.testing import ManualClock

pytestmark = pytest.mark.anyio

START = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 2000


class Kept:
    """Rows in memory, unless the disk is full."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.seen: list[Seen] = []
        self.full = False

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.rows += entries
        self.seen += seen


def recording(**limits: int) -> tuple[Recorder, Kept]:
    kept = Kept()
    return Recorder(kept, ManualClock(START), lambda: Limits(**limits)), kept  # type: ignore[arg-type]  # it only writes


def alert(number: int, value: float = 1.0) -> Alert:
    labels = Labels({"alertname": "JobDown", "id": str(number)})
    return Alert("rule", labels, State.FIRING, START, value=value, fired_at=START)


def fires(recorder: Recorder, one: Alert, at: datetime = START) -> None:
    recorder.notice(AlertChanged(Transition(None, one), at))


async def test_rows_come_in_order_each_with_its_value_and_those_that_say_the_same_share_it() -> None:
    recorder, kept = recording()
    for number in range(4):
        fires(recorder, alert(number, value=number // 2))
    await recorder.backlog.step()
    assert [one.subject for one in kept.rows] == [f"alert {alert(number).labels.key}" for number in range(4)]
    assert [one.facts["value"] for one in kept.rows] == ["0", "0", "1", "1"]
    assert kept.rows[0].facts is kept.rows[1].facts
    assert {one.what for one in kept.rows} == {What.STATE}
    assert [(one.labels, one.rule, one.at) for one in kept.seen] == [
        (alert(number).labels, "rule", START) for number in range(4)
    ]


async def test_what_could_not_be_written_comes_first_when_it_can() -> None:
    recorder, kept = recording()
    kept.full = True
    for number in range(700):
        fires(recorder, alert(number), START + timedelta(seconds=number))
    await recorder.backlog.step()
    kept.full = False
    fires(recorder, alert(700), START + timedelta(seconds=700))
    await recorder.backlog.step()
    assert [one.at for one in kept.rows] == [START + timedelta(seconds=number) for number in range(701)]
    assert len(kept.seen) == 701


async def test_who_is_seen_is_kept_without_rows_too() -> None:
    recorder, kept = recording(rows=0)
    for number in range(3):
        fires(recorder, alert(number))
    fires(recorder, alert(0), START + timedelta(minutes=1))
    await recorder.backlog.step()
    assert kept.rows == []
    assert {one.labels: one.at for one in kept.seen} == {
        alert(0).labels: START + timedelta(minutes=1),
        alert(1).labels: START,
        alert(2).labels: START,
    }


async def test_when_somebody_was_seen_never_goes_back() -> None:
    recorder, kept = recording(rows=0)
    fires(recorder, alert(0))
    recorder.backlog._limits = lambda: Limits(rows=1)
    fires(recorder, alert(0), START + timedelta(minutes=1))
    await recorder.backlog.step()
    assert [one.at for one in kept.seen] == [START + timedelta(minutes=1)]


async def test_a_row_that_waits_takes_a_few_bytes() -> None:
    recorder, _ = recording()
    alerts, route = [alert(number, value=number) for number in range(COUNT)], Route("{}", "ops")
    fires(recorder, alerts[0])
    gc.collect()
    tracemalloc.start()
    try:
        for one in alerts:
            fires(recorder, one)
            recorder.notice(AlertGrouped(one, route, "{}:{}", Labels(), START, START))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / COUNT < 60
