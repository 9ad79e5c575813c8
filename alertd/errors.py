"""The exception tree: few classes, each one because somebody catches it differently.

AlertdError
├── ConfigError      the files people write: a list of problems, each with its place and advice
├── TemplateError    a template that cannot be parsed or expanded: the text says so, the alert goes on
├── QueryError       a datasource that did not answer a query: the state is held, the rule is `err`
├── DeliveryError    a receiver that did not accept a message: retried, or given up if permanent
├── SilenceError     a silence that cannot be made, changed or ended as somebody asked
├── ProfileError     a profile that cannot be taken now
└── StoreError       the state cannot be read or written
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class AlertdError(Exception):
    """Whatever alertd raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that people write. `line` and `column` count from 1; 0 means unknown."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    group: str = ""
    rule: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        subject = ", ".join(f'{kind} "{name}"' for kind, name in (("group", self.group), ("rule", self.rule)) if name)
        text = ": ".join(part for part in (place, subject, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(AlertdError):
    """Configuration or rule files that cannot be used as they are; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class TemplateError(AlertdError):
    """A template that cannot be parsed or expanded; `line` and `column` are inside the template, from 1."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        self.message, self.line, self.column = message, line, column
        super().__init__(f"{line}:{column}: {message}" if line else message)


class QueryFailure(StrEnum):
    """Why a query failed, as far as somebody decides by it."""

    UNREACHABLE = "unreachable"  # no connection, no route, TLS failure: the datasource is down
    TIMEOUT = "timeout"
    REFUSED = "refused"  # 401, 403: credentials
    BAD_QUERY = "bad_query"  # the server understood and refused this expression
    EXECUTION = "execution"  # the server could not compute it: many-to-many, too many samples
    MALFORMED = "malformed"  # HTML, half a body, an unknown shape
    TOO_LARGE = "too_large"


class QueryError(AlertdError):
    """A query that has no answer. `failure` tells a blind datasource from one bad expression."""

    def __init__(self, message: str, failure: QueryFailure) -> None:
        self.failure = failure
        super().__init__(message)

    @property
    def blind(self) -> bool:
        """True if the datasource itself is at fault, so that every rule on it is likely to fail."""
        return self.failure not in (QueryFailure.BAD_QUERY, QueryFailure.EXECUTION, QueryFailure.TOO_LARGE)


class DeliveryError(AlertdError):
    """A receiver did not accept a message.

    `permanent`: trying the same message again cannot help (a 404, an unknown mailbox). `retry_after`: the other side
    said how long to wait. `reason` is one short word for the metric (`timeout`, `refused`, `client_error`, …).
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: timedelta | None = None, reason: str = "other"
    ) -> None:
        self.permanent, self.retry_after, self.reason = permanent, retry_after, reason
        super().__init__(message)


class SilenceError(AlertdError):
    """A silence that cannot be made, changed or ended as somebody asked. `missing`: there is none of this id."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        self.missing = missing
        super().__init__(message)


class ProfileError(AlertdError):
    """A profile that cannot be taken now."""


class StoreError(AlertdError):
    """The state cannot be read or written."""


class HeldError(StoreError):
    """Another alertd has the state."""
