"""Receivers: who is told, each through one or more integrations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Integration:
    """One way of one receiver to be told. `id` is `receiver/type[index]`."""

    id: str
    receiver: str
    send_resolved: bool = True
