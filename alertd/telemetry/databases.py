"""Work with the database becomes spans, where it is part of something that is followed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from alertd.ports import Attributes, Store, Tracer


def followed(store: Store, system: str, statements: Mapping[str, Sequence[str]], tracer: Tracer) -> Store:
    """The same store, whose methods are spans. `statements` are those of each method, without values.

    What loops do for themselves, as looking for what is due, would be a trace each time: it is not followed.
    """
    return cast("Store", _Followed(store, system, statements, tracer))


class _Followed:
    """Passes everything on; `close` too, which is no work of anybody's."""

    def __init__(self, store: Store, system: str, statements: Mapping[str, Sequence[str]], tracer: Tracer) -> None:
        self._store, self._tracer = store, tracer
        self._about = {name: _described(system, name, some) for name, some in statements.items()}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        about = self._about.get(name)
        return self._following(about, method) if about else method

    def _following(self, about: Attributes, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any) -> Any:
            if not self._tracer.here():
                return await method(*arguments)
            with self._tracer.span(str(about["db.query.summary"]), about, place="client"):
                return await method(*arguments)

        return call


def _described(system: str, name: str, statements: Sequence[str]) -> Attributes:
    flat = [" ".join(one.split()) for one in statements]
    return {
        "db.system.name": system,
        "db.operation.name": name,
        "db.query.summary": f"{system} {name}",
        "db.query.text": "; ".join(flat),
    }
