"""The example and the documentation: the example is valid, and no key is missing from either."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.config import plugins
from alertd.config.load import read
from alertd.config.rulefile import GroupEntry, RuleEntry, RuleFile
from alertd.config.values import Overrides
from tests.config.schemas import schema, violations

HOME = Path(__file__).parents[2]
EXAMPLE = HOME / "config.example.yaml"


def keys(node: Any) -> Iterator[str]:
    """Every key a schema knows."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for value in node.values():
            yield from keys(value)
    elif isinstance(node, list):
        for item in node:
            yield from keys(item)


def test_the_example_is_valid() -> None:
    reading = read(EXAMPLE, Overrides(rules=(str(HOME / "nothing"),)))
    assert reading.problems == ()
    assert reading.config is not None
    assert list(violations("config", yaml.safe_load(EXAMPLE.read_text()))) == []


# Receivers of services have a document of their own; tests/notifiers/test_receivers_docs.py looks for their keys.
SERVICES = sorted(set(plugins.installed()) - {"email", "stdout", "webhook"})


def common() -> dict[str, Any]:
    """The schema of a configuration without the receivers of services."""
    found = deepcopy(schema("config"))
    for kind in SERVICES:
        del found["properties"]["receivers"]["items"]["properties"][f"{kind}_configs"]
    return {**found, "$defs": dict(reached(found, {key: one for key, one in found.items() if key != "$defs"}, set()))}


def reached(root: dict[str, Any], node: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
    """The definitions that are referred to from here, also by each other."""
    for name in re.findall(r"#/\$defs/(\w+)", str(node)):
        if name not in seen:
            seen.add(name)
            yield name, root["$defs"][name]
            yield from reached(root, root["$defs"][name], seen)


@pytest.mark.parametrize("file", ["config.example.yaml", "docs/config.md"])
def test_every_key_of_the_configuration_is_there(file: str) -> None:
    text = (HOME / file).read_text()
    missing = {key for key in keys(common()) if not re.search(rf"(?<![\w-]){key}(?![\w-])", text)}
    assert missing == set()


def test_every_type_of_receiver_is_there() -> None:
    text = EXAMPLE.read_text()
    assert [kind for kind in plugins.installed() if f"{kind}_configs" not in text] == []


def test_every_key_of_a_rule_file_is_documented() -> None:
    text = (HOME / "docs/rules.md").read_text()
    fields = {**RuleFile.model_fields, **GroupEntry.model_fields, **RuleEntry.model_fields}
    missing = {
        info.alias or name
        for name, info in fields.items()
        if f"`{info.alias or name}`" not in text and name != "groups"
    }
    assert missing == set()
