"""Matchers: `name="value"`, with `=`, `!=`, `=~` and `!~`, in Alertmanager's two grammars."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Matcher:
    """One condition on one label; a label that is not set equals the empty string."""

    name: str
    op: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        raise NotImplementedError
