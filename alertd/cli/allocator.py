"""How the C library keeps memory: what a storm needed is given back when it is over. Only glibc has anything to set.

What the environment says of it (`MALLOC_…`, `GLIBC_TUNABLES`) is left alone.
"""

import asyncio
import ctypes
from collections.abc import Mapping
from datetime import timedelta

from alertd.ports import Clock

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_OWN = ("MALLOC_", "GLIBC_TUNABLES")
_LARGE = 128 << 10  # bytes; left alone, glibc raises it with the largest block so far, and keeps what is smaller
_ARENAS = 2  # each thread's own would keep what was decoded there
_PAUSE = timedelta(seconds=10)  # for a millisecond of work, or ten when a storm has left much


def give_back(environment: Mapping[str, str], library: object = None) -> None:
    """To be called before the first thread begins; `library` takes the place of the C library."""
    set_option = getattr(library or ctypes.CDLL(None), "mallopt", None)
    if set_option is not None and not _is_spoken_for(environment):
        set_option(_MMAP_THRESHOLD, _LARGE)
        set_option(_ARENA_MAX, _ARENAS)


async def trim(environment: Mapping[str, str], clock: Clock, library: object = None) -> None:
    """Give back the pages between what is in use, for ever: small blocks leave holes that glibc keeps by itself."""
    give = getattr(library or ctypes.CDLL(None), "malloc_trim", None)
    while give is not None and not _is_spoken_for(environment):
        await clock.sleep_until(clock.now() + _PAUSE)
        await asyncio.to_thread(give, 0)


def _is_spoken_for(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(_OWN) for name in environment)
