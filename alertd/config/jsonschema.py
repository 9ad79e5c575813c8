"""The JSON Schema of the files people write, made from the models that read them, so that both say the same.

A schema judges what a YAML library makes of a file, where alertd reads the text: `team: 42` is a number to an editor.
So wherever text may stand, so may any scalar, and null is as good as nothing.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from alertd.config import plugins
from alertd.config.rulefile import RuleFile
from alertd.config.schema import ConfigFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SWITCH = [True, False, "yes", "no", "on", "off"]

Schema = dict[str, Any]


def rules() -> Schema:
    """The schema of a rule file."""
    return _finished(RuleFile.model_json_schema(by_alias=True), "alertd rule file")


def config() -> Schema:
    """The schema of config.yaml, with the keys of every notifier that is installed."""
    models: dict[str, type[BaseModel]] = {kind: plugins.load(kind)[1] for kind in plugins.installed()}
    wanted: Any = [(ConfigFile, "validation"), *((model, "validation") for model in models.values())]
    places, collected = models_json_schema(wanted, by_alias=True)
    definitions = collected["$defs"]
    root = definitions.pop("ConfigFile")
    receiver = root["properties"]["receivers"]["items"]
    for kind, model in models.items():
        where: Any = (model, "validation")
        receiver["properties"][kind + plugins.SUFFIX] = {"type": "array", "items": places[where]}
    receiver["additionalProperties"] = False
    entry = {"$ref": "#/$defs/PrometheusEntry"}
    several = {"anyOf": [entry, {"type": "array", "items": entry}], "description": _described(root, "prometheus")}
    root["properties"]["prometheus"] = several
    return _finished({**root, "$defs": definitions}, "alertd configuration")


def _described(schema: Schema, key: str) -> str:
    text: str = schema["properties"][key]["description"]
    return text


def _finished(schema: Schema, title: str) -> Schema:
    friendly: Schema = _mapped(schema, _friendly)
    return {"$schema": _DIALECT, **friendly, "title": title}


def _mapped(tree: Any, change: Callable[[Schema], Schema]) -> Any:
    if isinstance(tree, dict):
        return change({key: _mapped(value, change) for key, value in tree.items()})
    return [_mapped(item, change) for item in tree] if isinstance(tree, list) else tree


def _friendly(schema: Schema) -> Schema:
    """One node, with what YAML makes of text allowed beside text, and null beside every value of a key."""
    kind = schema.get("type")
    if kind == "string" and "enum" not in schema and "const" not in schema:
        return {**_without(schema, "format", "writeOnly"), "type": ["string", "number", "boolean"]}
    if kind == "boolean":
        return {"anyOf": [{"enum": _SWITCH}], **_without(schema, "type")}
    if kind == "object" and "properties" in schema:
        properties = {key: _nullable(value) for key, value in schema["properties"].items()}
        return {**schema, "properties": properties}
    return schema


def _without(schema: Schema, *keys: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}


def _nullable(schema: Schema) -> Schema:
    kept = _without(schema, "title", "default")
    if "anyOf" in kept:
        others = [one for one in kept["anyOf"] if one != {"type": "null"}]
        return {**kept, "anyOf": [*others, {"type": "null"}]}
    if "type" in kept and "properties" not in kept:
        kinds = kept["type"] if isinstance(kept["type"], list) else [kept["type"]]
        return {**kept, "type": [*kinds, *([] if "null" in kinds else ["null"])]}
    about = {"description": kept.pop("description")} if "description" in kept else {}
    return {**about, "anyOf": [kept, {"type": "null"}]} if kept else about
