import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from alertd.cli import allocator
from alertd.testing import ManualClock


class EndError(Exception):
    """Somebody has slept often enough."""


class Ending(ManualClock):
    """A clock that lets one sleep three times."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 1, 1, tzinfo=UTC))
        self.slept: list[timedelta] = []

    async def sleep_until(self, at: datetime | None, wake: object = None) -> None:
        assert at is not None
        self.slept.append(at - self.now())
        if len(self.slept) > 3:
            raise EndError


class Library:
    """A C library with one thing to set, and one to do."""

    def __init__(self) -> None:
        self.options: dict[int, int] = {}
        self.trimmed: list[int] = []

    def malloc_trim(self, pad: int) -> int:
        self.trimmed.append(pad)
        return 1

    def mallopt(self, option: int, value: int) -> int:
        self.options[option] = value
        return 1


def test_large_blocks_are_given_back_and_threads_share_arenas() -> None:
    library = Library()
    allocator.give_back({}, library)
    assert library.options == {-3: 128 * 1024, -8: 2}


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"])
def test_what_the_environment_says_stays(name: str) -> None:
    library = Library()
    allocator.give_back({name: "4"}, library)
    assert library.options == {}


@pytest.mark.anyio
async def test_holes_are_given_back_every_ten_seconds() -> None:
    clock, library = Ending(), Library()
    with pytest.raises(EndError):
        await allocator.trim({}, clock, library)
    assert clock.slept == [timedelta(seconds=10)] * 4
    assert library.trimmed == [0] * 3


@pytest.mark.anyio
@pytest.mark.parametrize(("environment", "library"), [({"MALLOC_TRIM_THRESHOLD_": "0"}, Library()), ({}, object())])
async def test_nothing_is_given_back_where_others_decide_or_there_is_no_way(
    environment: Mapping[str, str], library: object
) -> None:
    clock = Ending()
    await allocator.trim(environment, clock, library)
    assert clock.slept == []


@pytest.mark.parametrize("library", ["None", "object()"])
def test_the_one_there_is_takes_it_and_another_needs_none(library: str) -> None:
    script = f"from alertd.cli import allocator; allocator.give_back({{}}, {library}); print('went on')"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "went on\n"
