"""Regular expressions as Prometheus and Alertmanager mean them: RE2's syntax, linear time; the only home of re2.

A matcher may come from the API of a running daemon, so an expression must never be able to hang it.
"""

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20


@lru_cache(maxsize=4096)
def compile(pattern: str) -> Any:  # noqa: A001 - read as regex.compile, like re.compile
    """A compiled RE2 pattern with `search`, `fullmatch`, `match`, `sub`. Raises ValueError on a bad expression."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as problem:
        reason = problem.args[0] if problem.args else problem
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"bad regular expression {pattern!r}: {text}") from None
