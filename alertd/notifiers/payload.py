"""Alertmanager's webhook document, version 4: what everything that reads Alertmanager's webhooks expects."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from alertd.core.instants import rfc3339
from alertd.core.notification import Notification, NotifiedAlert

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def encoded(notification: Notification, most: int = 0) -> bytes:
    """The document as it is sent."""
    document = payload(notification, most)
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 has no place for
        return json.dumps(document, separators=(",", ":")).encode()


def payload(notification: Notification, most: int = 0) -> Mapping[str, Any]:
    """The document of at most `most` alerts (0: all); its summary fields are computed over all of them."""
    shown = notification.alerts[:most] if most else notification.alerts
    return {
        "receiver": _escaped(notification.receiver),
        "status": notification.status,
        "alerts": [_alert(alert) for alert in shown],
        "notification_reason": str(notification.reason),
        "groupLabels": dict(notification.group_labels.pairs()),
        "commonLabels": dict(notification.common_labels.pairs()),
        "commonAnnotations": dict(notification.common_annotations.pairs()),
        "routeLabels": dict(notification.route_labels.pairs()),
        "externalURL": notification.external_url,
        "version": "4",
        "groupKey": notification.group_key,
        "truncatedAlerts": len(notification.alerts) - len(shown),
    }


@lru_cache(maxsize=1024)
def _escaped(receiver: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", receiver)


def _alert(alert: NotifiedAlert) -> Mapping[str, Any]:
    return {
        "status": alert.status,
        "labels": dict(alert.labels.pairs()),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(alert.starts_at),
        "endsAt": rfc3339(alert.ends_at),
        "generatorURL": alert.generator_url,
        "fingerprint": alert.labels.fingerprint,
    }
