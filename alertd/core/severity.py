"""Severity: four ranks, ordered; whatever else a label says ranks as a warning."""

from enum import IntEnum


class Severity(IntEnum):
    """info < warning < error < critical."""

    INFO = 1
    WARNING = 2
    ERROR = 3
    CRITICAL = 4


_RANKS = dict(Severity.__members__)  # which is made anew whenever it is asked for


def rank(label: str) -> Severity:
    """The rank of a `severity` label. Real files say `page`, `ticket`, `s1`: those rank as `warning`."""
    return _RANKS.get(label.upper(), Severity.WARNING)
