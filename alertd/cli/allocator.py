"""How the C library keeps memory: what a storm needed is given back when it is over. Only glibc has anything to set.

What the environment says of it (`MALLOC_…`, `GLIBC_TUNABLES`) is left alone.
"""

import ctypes
from collections.abc import Mapping

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_OWN = ("MALLOC_", "GLIBC_TUNABLES")
_LARGE = 128 << 10  # bytes; left alone, glibc raises it with the largest block so far, and keeps what is smaller
_ARENAS = 2  # each thread's own would keep what was decoded there


def give_back(environment: Mapping[str, str], library: object = None) -> None:
    """To be called before the first thread begins; `library` takes the place of the C library."""
    set_option = getattr(library or ctypes.CDLL(None), "mallopt", None)
    if set_option is not None and not any(name.startswith(_OWN) for name in environment):
        set_option(_MMAP_THRESHOLD, _LARGE)
        set_option(_ARENA_MAX, _ARENAS)
