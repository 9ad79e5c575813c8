"""One call of a condition: its arguments, its result. The same in a worker and in the tests of authors."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alertd.conditions import Alert, Sample, params, verdicts
from alertd.conditions.limits import Limits
from alertd.conditions.prom import PinnedPrometheus, Relay


def call(
    function: params.Function,
    given: Mapping[str, Any],
    at: datetime,
    relay: Relay,
    alive: Callable[[], Sequence[Alert]],
    limits: Limits,
) -> tuple[list[Sample], list[str]]:
    """The samples, and what the server remarked. Raises what the condition raises."""
    arguments = params.bind(function, given)
    prom = PinnedPrometheus(at, relay)
    offered: dict[str, Callable[[], Any]] = {"prom": lambda: prom, "at": lambda: at, "alerts": alive}
    arguments |= {name: offered[name]() for name in params.wanted(function)}
    return verdicts.samples(function(**arguments), limits), prom.warnings
