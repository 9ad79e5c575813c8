"""Ways to servers: one each, the latest first, closed once idle or cut off; nobody's request pays for another's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from alertd.http import ways

pytestmark = pytest.mark.anyio


class Way(httpx.AsyncBaseTransport):
    """Takes a turn of the loop to close; may fail at it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.closed = fails, 0

    async def aclose(self) -> None:
        self.closed += 1
        await asyncio.sleep(0)  # noqa: TID251 - as real ones do
        if self.fails:
            raise OSError("gone")


class Made:
    """What was made, and the ways of it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.all: list[Way] = []
        self.fails = fails
        self.ways = ways.Ways(self.another)

    def another(self) -> Way:
        self.all.append(Way(fails=self.fails))
        return self.all[-1]

    @property
    def open(self) -> list[Way]:
        return [way for way in self.all if not way.closed]


@asynccontextmanager
async def idle(made: Made, count: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """So many are free, and have been for long."""
    gate = asyncio.Event()

    async def lend() -> None:
        async with made.ways.one():
            await gate.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(lend())
        await asyncio.sleep(0)  # noqa: TID251 - all of them have begun
        gate.set()
    monkeypatch.setattr(ways, "_IDLE", -1.0)
    yield


async def test_the_one_that_came_back_goes_out_again() -> None:
    made = Made()
    for _ in range(3):
        async with made.ways.one() as way:
            assert way is made.all[0]
    assert len(made.all) == 1


async def test_two_requests_have_one_each() -> None:
    made = Made()
    async with made.ways.one() as one, made.ways.one() as other:
        assert one is not other
    assert len(made.open) == 2


async def test_what_cannot_be_made_shows_at_once() -> None:
    def refuse() -> Way:
        raise OSError("no such certificate")

    with pytest.raises(OSError, match="no such certificate"):
        ways.Ways(refuse)


@pytest.mark.parametrize("fails", [False, True])
async def test_idle_ones_are_closed_while_others_begin(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    made = Made(fails=fails)
    async with idle(made, 6, monkeypatch):

        async def lend() -> int:
            async with made.ways.one() as way:
                await asyncio.sleep(0)  # noqa: TID251 - others begin meanwhile
                return made.all.index(way)

        used = await asyncio.gather(*(lend() for _ in range(3)))
    assert len(set(used)) == 3
    assert all(way.closed == 1 for number, way in enumerate(made.all) if number not in used)


@pytest.mark.parametrize("fails", [False, True])
async def test_one_that_was_cut_off_is_not_used_again(*, fails: bool) -> None:
    made = Made(fails=fails)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), made.ways.one():
            await asyncio.Event().wait()
    assert made.open == []
    async with made.ways.one() as way:
        assert way is made.all[1]


async def test_all_that_nobody_has_are_closed() -> None:
    made = Made()
    async with made.ways.one(), made.ways.one():
        pass
    await made.ways.aclose()
    assert made.open == []
