"""Lives for a while with a limit on the size of its files. Run by test_crash.py."""

import asyncio
import os
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from deliveries import delivery  # type: ignore[import-not-found]

from alertd.errors import StoreError
from alertd.store.sqlite import SqliteStore


def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def live(url: str) -> None:
    store = SqliteStore.open(url)
    await store.commit([delivery(0, "before")], ())
    limit(256 * 1024)
    for _ in range(3):
        with pytest.raises(StoreError, match="disk I/O error: look at the disk"):
            await store.commit([delivery(0, "half"), delivery(0, "big", summary=os.urandom(10**6).hex())], ())
    limit(resource.RLIM_INFINITY)
    await store.commit([delivery(0, "after")], ())
    groups = [one.group for one in (await store.load()).told]
    await store.close()
    store = SqliteStore.open(url)
    assert [one.group for one in (await store.load()).told] == groups
    await store.close()
    print("kept:", *groups)


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(live(f"sqlite:///{folder}/alertd.db"))
