"""When a lane takes what to send next: at once if it idles, else after a moment in which more gather."""

from datetime import datetime, timedelta

import pytest

from alertd.engine.lanes import Lane
from alertd.testing import START, ManualClock

MOMENT = timedelta(milliseconds=10)


def lane(due_at: datetime | None, busy: int, claimed: float) -> Lane:
    return Lane(None, due_at, busy, claimed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "at"),
    [
        (lane(None, 0, 0.0), None),
        (lane(START, 16, -1.0), None),
        (lane(START, 0, 0.0), START),
        (lane(START, 15, -1.0), START),
        (lane(START, 1, 0.0), START + MOMENT),
        (lane(START, 1, -0.004), START + MOMENT * 0.6),
        (lane(START + MOMENT * 3, 1, 0.0), START + MOMENT * 3),
    ],
)
def test_it_waits_a_moment_while_it_is_busy(one: Lane, at: datetime | None) -> None:
    assert one.next_claim(ManualClock()) == at


def test_a_clock_that_is_set_back_keeps_nobody_waiting() -> None:
    class SetBack(ManualClock):
        def now(self) -> datetime:
            return super().now() - timedelta(hours=1)

    clock = SetBack()
    clock.advance(MOMENT)
    assert lane(clock.now(), 1, 0.0).next_claim(clock) == clock.now()
