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
    allocator.give_back(library)
    assert library.options == {-3: 128 * 1024, -8: 2}


def test_another_c_library_has_nothing_to_set() -> None:
    allocator.give_back(object())


def test_this_one_is_asked() -> None:
    allocator.give_back()
