"""Commits deliveries until it is killed, and says which have been acknowledged. Run by test_crash.py."""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from deliveries import delivery  # type: ignore[import-not-found]

from alertd.store.sqlite import SqliteStore


async def commit(store: SqliteStore, caller: int) -> None:
    for n in range(100_000):
        one = delivery(0, f"{os.getpid()}-{caller}-{n}")
        await store.commit([one], ())
        os.write(1, f"{one.id}\n".encode())


async def main() -> None:
    store = SqliteStore.open(sys.argv[1])
    await asyncio.gather(*(commit(store, caller) for caller in range(10)))


asyncio.run(main())
