"""Telling the terminal: one line an alert, or one JSON document a message."""

import json
import sys
from typing import Literal

from alertd.config.fields import Flag, Strict
from alertd.core.notification import Notification, NotifiedAlert
from alertd.errors import DeliveryError
from alertd.notifiers.payload import payload
from alertd.ports import Context

_LONGEST_LINE = 4_000


class StdoutConfig(Strict):
    """`stdout_configs`."""

    send_resolved: Flag = True
    format: Literal["text", "json"] = "text"


class StdoutNotifier:
    """Writes to standard output."""

    Config = StdoutConfig

    def __init__(self, config: StdoutConfig, context: Context) -> None:
        self._config, self._context = config, context

    async def send(self, notification: Notification) -> str:
        """Write it and flush. Raises DeliveryError: permanent if nobody reads any more, else the disk may be full."""
        if self._config.format == "json":
            text = json.dumps({"id": notification.id, **payload(notification)}, ensure_ascii=True)
        else:
            text = "\n".join(_line(notification, alert) for alert in notification.alerts)
        try:
            print(text, flush=True)
        except (BrokenPipeError, ValueError) as problem:
            raise DeliveryError(f"standard output is closed: {problem}", permanent=True, reason="broken") from None
        except OSError as problem:
            raise DeliveryError(f"cannot write to standard output: {problem}", reason="unreachable") from None
        return f"{len(notification.alerts)} lines"

    async def aclose(self) -> None:
        """Standard output is not ours to close."""


def _line(notification: Notification, alert: NotifiedAlert) -> str:
    at = notification.at.strftime("%H:%M:%SZ")
    labels = " ".join(f"{name}={value}" for name, value in alert.labels.items() if name != "alertname")
    text = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    why = f" [{alert.because}]" if alert.because else ""
    return _plain(f"{at} {alert.status.upper():8} {alert.name} {labels}{why}  {text}".rstrip())


def _plain(text: str) -> str:
    """Text from outside stays on its line and does not steer a terminal."""
    safe = "".join(character if character.isprintable() else " " for character in text[:_LONGEST_LINE])
    return safe.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8")
