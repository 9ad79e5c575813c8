"""One call as the daemon sees it: what the condition asks on the way, within its limits."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from alertd.conditions import wire
from alertd.conditions.gate import Gate
from alertd.conditions.limits import Limits
from alertd.conditions.pinning import endpoint, pin
from alertd.core.alerts import Alert
from alertd.errors import QueryError, QueryFailure

Living = Callable[[], Iterable[Alert]]


class Errand:
    """Answers what one call asks. `left` says how many seconds it has still got."""

    def __init__(
        self, gate: Gate | None, alive: Living, at: datetime, left: Callable[[], float], limits: Limits
    ) -> None:
        self._gate, self._alive, self._at, self._left = gate, alive, at, left
        self._queries, self._bytes = limits.queries, limits.answer_bytes
        self._limits = limits

    async def serve(self, asked: wire.Ask | wire.AskAlive) -> wire.Message:
        """The answer, or why there is none."""
        if isinstance(asked, wire.AskAlive):
            return wire.Alive(asked.nonce, [_told(alert) for alert in self._alive() if not alert.resolved])
        try:
            body = await self._ask(asked)
        except QueryError as error:
            return wire.Refused(asked.nonce, error.failure, str(error))
        return wire.Relayed(asked.nonce, msgspec.Raw(body))

    async def _ask(self, asked: wire.Ask) -> bytes:
        how = endpoint(asked.path)
        form = pin(how, asked.form, self._at)
        if self._gate is None:
            raise QueryError("the rule's datasource is not configured", QueryFailure.BAD_QUERY)
        if self._queries <= 0:
            raise QueryError(f"a call may ask {self._limits.queries} times", QueryFailure.EXECUTION)
        self._queries -= 1
        body = await self._gate.ask(asked.path, how, form, max(self._left(), 0.001), self._bytes)
        self._bytes -= len(body)
        return body


def _told(alert: Alert) -> tuple[str, dict[str, str], str, str]:
    return alert.name, dict(alert.labels), alert.state.value, repr(alert.value)
