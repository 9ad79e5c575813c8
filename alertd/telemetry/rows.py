"""A metric is a row: its name, type, labels, and what it says."""

from dataclasses import dataclass

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SLOW = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400)


@dataclass(frozen=True)
class Row:
    """One metric. `level`: it mirrors what others hold, and is read when somebody asks."""

    name: str
    kind: str  # counter, gauge, histogram, summary
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = FAST
    level: bool = False

    @property
    def help(self) -> str:
        """What the page says, in plain text."""
        return self.text.replace("`", "")
