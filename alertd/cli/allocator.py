"""How the C library keeps memory: what a storm needed is given back when it is over. Only glibc has anything to set."""

import ctypes

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 128 << 10  # bytes; left alone, glibc raises it with the largest block so far, and keeps what is smaller
_ARENAS = 2  # each thread's own would keep what was decoded there


def give_back(library: object = None) -> None:
    """To be called before the first thread begins; `library` takes the place of the C library."""
    set_option = getattr(library or ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, _LARGE)
        set_option(_ARENA_MAX, _ARENAS)
