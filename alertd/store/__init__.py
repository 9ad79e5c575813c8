"""What must survive a restart: alerts, the outbox, and what everybody was last told.

A store decides nothing about alerts: it may import the core's values, the ports and the errors, and no other edge. It
never reads a clock; every instant it compares with is handed to it. All of SQL stays in here.
"""

from alertd.ports import Store
from alertd.store.memory import MemoryStore
from alertd.store.sqlite import SqliteStore


def open_store(url: str) -> Store:
    """The store that a `storage.url` names: `memory`, `sqlite:///relative` or `sqlite:////absolute`."""
    return MemoryStore() if url.rstrip(":/") == "memory" else SqliteStore.open(url)
