"""The data that the tables of cases are rendered with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alertd.templating.notifications import Alert, NotificationData, compile_templates
from alertd.templating.rules import RuleData, expand

NOW = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
LABELS = {"__name__": "up", "instance": "db-01:9100", "job": "node", "city": "Zürich"}


def rule_data(value: float = 1.5, **more: Any) -> RuleData:
    return RuleData(
        labels=LABELS,
        value=value,
        now=NOW,
        external_labels={"cluster": "c1"},
        external_url="https://prometheus.example.org/prom",
        answers={
            "up": [({"instance": "b"}, 2.0), ({"instance": "a", "__value__": "v"}, 1.0)],
            "none": [],
        },
        **more,
    )


def made(text: str, value: float = 1.5) -> str:
    """A rule's text, expanded."""
    return expand(text, rule_data(value))


def notification(**more: Any) -> NotificationData:
    common = {"alertname": "Down", "zone": "a<b>", "url": "http://x/?a=b&c=d", "bad": "javascript:alert(1)"}
    alerts = [
        Alert(
            "firing", {**common, "n": "1"}, {"summary": "one"}, NOW - timedelta(minutes=90), None, "http://g/1", "f1"
        ),
        Alert("resolved", {**common, "n": "2"}, {}, NOW - timedelta(hours=1), NOW, "http://g/2", "f2"),
    ]
    fields: dict[str, Any] = {
        "receiver": "team-x",
        "status": "firing",
        "alerts": alerts,
        "now": NOW,
        "group_labels": {"alertname": "Down"},
        "common_labels": common,
        "external_url": "http://am",
        "reason": "first notification",
        "route_labels": {"team": "x"},
    }
    return NotificationData(**{**fields, **more})


def rendered(text: str, *files: str, **more: Any) -> str:
    """A notification's text."""
    return compile_templates([(f"{number}.tmpl", file) for number, file in enumerate(files)]).text(
        text, notification(**more)
    )


def page(text: str, *files: str, **more: Any) -> str:
    """A notification's HTML."""
    return compile_templates([(f"{number}.tmpl", file) for number, file in enumerate(files)]).html(
        text, notification(**more)
    )
