"""The tables of docs/telemetry.md about the log: `python -m tests.telemetry.documented` prints them."""

from collections.abc import Iterator
from logging import getLevelName

from alertd.config.loggers import LOGGERS
from alertd.telemetry.facts import FACTS


def loggers() -> str:
    """Every logger whose level can be set."""
    return "\n".join(
        ["| logger | what it says |", "|---|---|", *(f"| `{name}` | {what} |" for name, what in LOGGERS.items())]
    )


def events() -> str:
    """Every event."""
    return "\n".join(["| `event` | `level` | logger | what it means |", "|---|---|---|---|", *_events()])


def _events() -> Iterator[str]:
    for fact in FACTS.values():
        level = getLevelName(fact.level).lower()
        yield f"| `{fact.event}` | {level} | `{fact.logger}` | {fact.meaning} |"


if __name__ == "__main__":
    print(f"{loggers()}\n\n{events()}")
