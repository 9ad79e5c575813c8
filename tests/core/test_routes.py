"""The routing tree: where labels end, and what a rule's `notify` makes of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.routes import Route, group_labels, match, routes_of


def node(receiver: str, label: str = "", value: str = "", *children: Route, continue_: bool = False) -> Route:
    matchers = (Matcher(label, "=", value),) if label else ()
    return Route(receiver, receiver, matchers, continue_=continue_, routes=children)


TREE = node(
    "root", "", "",
    node("db", "team", "db", node("db-critical", "severity", "critical")),
    node("audit", "env", "prod", continue_=True),
    node("web", "team", "web"),
    node("late", "env", "prod"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["root"]),
        ({"team": "db"}, ["db"]),
        ({"team": "db", "severity": "critical"}, ["db-critical"]),
        ({"team": "db", "env": "prod"}, ["db"]),
        ({"team": "web", "env": "prod"}, ["audit", "web"]),
        ({"env": "prod"}, ["audit", "late"]),
    ],
)
def test_match(labels: dict[str, str], receivers: list[str]) -> None:
    assert [route.receiver for route in match(TREE, Labels(labels))] == receivers


def test_a_root_that_does_not_match_ends_nowhere() -> None:
    assert match(node("a", "team", "db"), Labels()) == ()


def test_notify_takes_the_place_of_the_tree_and_keeps_the_roots_timing() -> None:
    labels = Labels({"team": "db"})
    alert = Alert("r", labels, State.FIRING, datetime(2026, 1, 1, tzinfo=UTC), notify=("web", "boss"))
    routes = routes_of(TREE, alert)
    assert [(route.receiver, route.key) for route in routes] == [
        ("web", "root/notify:web"),
        ("boss", "root/notify:boss"),
    ]
    assert [route.receiver for route in routes_of(TREE, replace(alert, notify=()))] == ["db"]


def test_group_labels() -> None:
    labels = Labels({"alertname": "X", "job": "a"})
    assert group_labels(replace(TREE, group_by=("job", "zone")), labels) == Labels({"job": "a"})
    assert group_labels(replace(TREE, group_by=()), labels) == Labels()
    assert group_labels(replace(TREE, group_by=None), labels) == labels
