"""The published schemas: they accept what alertd accepts, underline what it refuses, and know every plugin."""

from typing import Any

import pytest
import yaml

from tests.config.schemas import schema, violations


def found(kind: str, text: str) -> list[str]:
    return list(violations(kind, yaml.safe_load(text)))


@pytest.mark.parametrize(
    "text",
    [
        "groups: [{name: 5, rules: [{alert: 1, expr: 2, labels: {severity: 3, page: yes, a: ~, b: 1.5}, for: 0}]}]",
        "groups: [{name: a, interval: 1m, limit: 3, rules: [{record: a, expr: up, for: ~}]}]",
        "groups: [{name: a, rules: [{alert: A, expr: up, notify: x, enabled: false, severity: error}]}]",
        "groups: [{name: a, rules: [{alert: A, expr: up, notify: [x, y]}]}]",
        "groups:",
    ],
)
def test_rule_files_that_are_fine(text: str) -> None:
    assert found("rules", text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("groups: [{name: a, rules: [{alert: A, exprr: up}]}]", "/groups/0/rules/0/exprr"),
        ("groups: [{name: a, intervall: 1m}]", "/groups/0/intervall"),
        ("groups: [{name: a, interval: 1.5h}]", "/groups/0/interval"),
        ("groups: [{name: a, interval: ''}]", "/groups/0/interval"),
        ("groups: [{name: a, rules: [{alert: A, severity: page}]}]", "/groups/0/rules/0/severity"),
        ("groups: [{name: a, rules: [{alert: A, labels: [x]}]}]", "/groups/0/rules/0/labels"),
        ("groups: [{name: a, rules: [{alert: A, enabled: maybe}]}]", "/groups/0/rules/0/enabled"),
    ],
)
def test_rule_files_that_are_not(text: str, where: str) -> None:
    assert any(one.startswith(where) for one in found("rules", text))


@pytest.mark.parametrize(
    "text",
    [
        "prometheus: {url: http://x}",
        "prometheus: [{url: http://x, max_response_bytes: 64MiB}]",
        "receivers: [{name: a, webhook_configs: [{url: http://x, send_resolved: yes}], email_configs: [{to: a@b}]}]",
        "global: {smtp_auth_password: 1234}",
        "route: {receiver: a, routes: [{match: {a: 1}, continue: true}]}",
    ],
)
def test_configurations_that_are_fine(text: str) -> None:
    assert found("config", text) == []


@pytest.mark.parametrize(
    "text",
    ["receivers: [{name: a, webhok_configs: []}]", "receivers: [{}]", "route: {recever: a}", "prometheus: {}",
     "log: {level: loud}", "receivers: [{name: a, webhook_configs: [{urll: x}]}]"],
)  # fmt: skip
def test_configurations_that_are_not(text: str) -> None:
    assert found("config", text)


def test_every_key_says_what_it_means() -> None:
    def bare(node: Any, path: str) -> list[str]:
        keys = [f"{path}.{key}" for key, value in node.get("properties", {}).items() if "description" not in value]
        return [*keys, *(one for name, child in node.get("$defs", {}).items() for one in bare(child, name))]

    assert bare(schema("rules"), "") == []
