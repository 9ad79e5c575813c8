"""As much of JSON Schema as alertd's own schemas use, so that a test can hold files against them."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from alertd.config import jsonschema

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str, date),  # to an editor, 2001-01-01 is text
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}
_KNOWN = frozenset(
    ("$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "const", "pattern", "anyOf",
     "properties", "additionalProperties", "required", "items", "minLength", "minimum", "maximum", "exclusiveMinimum")
)  # fmt: skip


@lru_cache(maxsize=2)
def schema(kind: str) -> dict[str, Any]:
    return jsonschema.rules() if kind == "rules" else jsonschema.config()


def violations(kind: str, tree: Any) -> Iterator[str]:
    """Where a tree, as a YAML library reads it, breaks the schema of this kind."""
    yield from _check(schema(kind), tree, "", schema(kind))


def _check(node: dict[str, Any], tree: Any, path: str, root: dict[str, Any]) -> Iterator[str]:
    unknown = set(node) - _KNOWN
    assert not unknown, f"the test does not know {unknown}"
    if "$ref" in node:
        yield from _check(root["$defs"][node["$ref"].rpartition("/")[2]], tree, path, root)
    if "anyOf" in node:
        options = [list(_check(one, tree, path, root)) for one in node["anyOf"]]
        if all(options):
            yield from max(options, key=lambda found: max(one.count("/") for one in found))
    kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
    if kinds and not any(_is(tree, kind) for kind in kinds):
        yield f"{path}/: {tree!r} is not {kinds}"
        return
    if "enum" in node and not any(tree is one or (tree == one and type(tree) is type(one)) for one in node["enum"]):
        yield f"{path}/: {tree!r} is not one of {node['enum']}"
    if "pattern" in node and isinstance(tree, str) and not re.search(node["pattern"], tree):
        yield f"{path}/: {tree!r} does not match"
    if isinstance(tree, dict):
        yield from _check_object(node, tree, path, root)
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _check(node.get("items", {}), item, f"{path}/{index}", root)


def _check_object(node: dict[str, Any], tree: dict[Any, Any], path: str, root: dict[str, Any]) -> Iterator[str]:
    for name in node.get("required", []):
        if name not in tree:
            yield f"{path}/: {name} is missing"
    others = node.get("additionalProperties", True)
    for name, value in tree.items():
        if name in node.get("properties", {}):
            yield from _check(node["properties"][name], value, f"{path}/{name}", root)
        elif others is False:
            yield f"{path}/{name}: unknown"
        elif isinstance(others, dict):
            yield from _check(others, value, f"{path}/{name}", root)


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
