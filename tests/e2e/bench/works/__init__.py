"""What alertd does most often, one thing at a time: each work is made ready once, and done again and again."""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module

from tests.e2e.bench.works.work import Work

_MODULES = ("reading", "deciding", "telling", "evaluating", "ungrouped")


def every() -> Mapping[str, Work]:
    """All that this version of alertd can do, by name: what is of today may not be there in an older one."""
    found: dict[str, Work] = {}
    for name in _MODULES:
        with suppress(ImportError):
            found |= import_module(f"{__name__}.{name}").WORKS
    return found
