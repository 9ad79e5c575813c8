"""The templates of a receiver's fields, expanded for one message. One that fails is put down, and stops no message."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alertd.config import yamltext
from alertd.core.notification import Notification, NotifiedAlert
from alertd.errors import ConfigError, DeliveryError
from alertd.notifiers.said import said
from alertd.ports import Context, Render

_UNSENDABLE = re.compile("[\0\ud800-\udfff]")  # no JSON parser and no database of theirs is sure to bear these
_EMPTY = frozenset(("", "~", "null", "Null", "NULL"))
_MOST_ALERTS = 20  # named in a text that stands in for one that failed
_MOST_LINE = 300


@dataclass(frozen=True)
class Texts:
    """What the templates give for this notification.

    `problems` says of each template that failed which it was, and why. `secrets` were used, and must not be shown.
    """

    notification: Notification
    context: Context
    problems: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def expand(self, what: str, template: str, render: Render) -> str | None:
        """What a template gives; None if it fails."""
        try:
            return _UNSENDABLE.sub("\ufffd", render(template, self.notification))
        except Exception as problem:  # TemplateError, and whatever else a text from outside brings about
            self.problems.append(f"The template of {what} failed, and was not used: {said(str(problem), most=500)}")
            return None

    def text(self, key: str, template: str, otherwise: str = "") -> str:
        """The text of a key, or this in its place."""
        found = self.expand(f"`{key}`", template, self.context.render)
        return otherwise if found is None else found

    def title(self, key: str, template: str) -> str:
        """The text of a key that names the matter; what happened to what, in its place."""
        return self.text(key, template, heading(self.notification))

    def body(self, key: str, template: str) -> str:
        """The text of a key that says everything; one line an alert and what went wrong, in its place."""
        found = self.expand(f"`{key}`", template, self.context.render)
        return lines(self.notification, self.problems) if found is None else found

    def needed(self, key: str, template: str) -> str:
        """The text of a key without which there is nowhere to send to. Raises DeliveryError."""
        found = self.expand(f"`{key}`", template, self.context.render)
        if not (found or "").strip():
            raise DeliveryError(
                self.problems[-1] if found is None else f"`{key}` is empty", permanent=True, reason="config"
            )
        return str(found).strip()

    def fields(self, key: str, templates: Mapping[str, str]) -> dict[str, str]:
        """A mapping whose values are templates."""
        return {name: self.text(f"{key}.{name}", template) for name, template in templates.items()}

    def tree(self, key: str, value: Any) -> Any:
        """A tree whose keys and leaves are templates. A leaf that gives YAML or JSON becomes what that says."""
        if isinstance(value, Mapping):
            return {self.text(key, str(name), str(name)): self.tree(f"{key}.{name}", value[name]) for name in value}
        if isinstance(value, list | tuple):
            return [self.tree(f"{key}[{index}]", one) for index, one in enumerate(value)]
        if not isinstance(value, str):
            return value
        found = self.expand(f"`{key}`", value, self.context.render)
        return self.problems[-1] if found is None else typed(found)


def typed(text: str) -> Any:
    """A number, a boolean, None, a list or a mapping, if the text is one in YAML or JSON; else the text."""
    if text.strip() in _EMPTY:
        return None
    try:
        value = json.loads(text) if text.lstrip().startswith(("{", "[")) else _yaml(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, ConfigError, RecursionError):
        return text
    return text if value is None or isinstance(value, str) else value


def _yaml(text: str) -> Any:
    documents = yamltext.parse(text)
    return documents[0].value() if len(documents) == 1 else text


def heading(notification: Notification) -> str:
    """One line: `[FIRING:2] DiskFull db-1`."""
    many = f":{len(notification.firing)}" if notification.firing else ""
    labels = notification.group_labels or notification.common_labels
    return _line(f"[{notification.status.upper()}{many}] {' '.join(labels.values())}")


def lines(notification: Notification, problems: Sequence[str] = ()) -> str:
    """One line an alert, those that fire first, and then what went wrong."""
    alerts = sorted(notification.alerts, key=lambda alert: not alert.firing)
    told = [_line(f"{alert.status}: {_summary(alert)}") for alert in alerts[:_MOST_ALERTS]]
    more = [f"and {len(alerts) - _MOST_ALERTS} more"] if len(alerts) > _MOST_ALERTS else []
    return "\n".join([*told, *more, *problems])


def _summary(alert: NotifiedAlert) -> str:
    notes = alert.annotations
    text = notes.get("summary") or notes.get("description") or notes.get("message") or ""
    return text if alert.name in text else f"{alert.name}: {text}".removesuffix(": ")


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * _MOST_LINE]).split())
    return line if len(line) <= _MOST_LINE else f"{line[: _MOST_LINE - 1]}…"
