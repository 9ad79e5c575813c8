import subprocess
import sys

import pytest

from alertd.cli import allocator


class Library:
    """A C library with one thing to set."""

    def __init__(self) -> None:
        self.options: dict[int, int] = {}

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


@pytest.mark.parametrize("library", ["None", "object()"])
def test_the_one_there_is_takes_it_and_another_needs_none(library: str) -> None:
    script = f"from alertd.cli import allocator; allocator.give_back({{}}, {library}); print('went on')"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "went on\n"
