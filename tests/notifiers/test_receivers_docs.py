"""docs/receivers.md: every receiver has its section, every key its row with the true default, and no row is stale."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alertd.config import plugins
from alertd.config.alertmanager import GlobalConfig
from alertd.core import durations
from alertd.notifiers.posting import Posted

DOCS = Path(__file__).parents[2] / "docs"
DOC = (DOCS / "receivers.md").read_text()
KINDS = sorted(set(plugins.installed()) - {"email", "stdout", "webhook"})


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the table below a heading, by the key in the first one."""
    text = DOC.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def model(kind: str) -> Any:
    return plugins.load(kind)[1]


def own(kind: str) -> dict[str, FieldInfo]:
    """The keys of a receiver but those that all have, unless it has them otherwise."""
    shared = Posted.model_fields
    found = {field.alias or name: field for name, field in model(kind).model_fields.items()}
    return {key: field for key, field in found.items() if key not in shared or shared[key].default != field.default}


def inner(field: FieldInfo) -> Iterator[str]:
    """The keys of the mappings in a list."""
    for part in get_args(field.annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            for name, one in part.model_fields.items():
                yield one.alias or name
                yield from inner(one)


def default(kind: str, key: str, field: FieldInfo) -> str:
    """What the cell of a default must say."""
    inherited = {
        f"{name}{end}": f"{source}{end}"
        for name, source in {**getattr(model(kind), "inherited", {}), **SLACK.get(kind, {})}.items()
        for end in ("", "_file")
    }
    value = field.default
    if field.is_required():
        return "required"
    if key in inherited:
        return f"`{inherited[key]}`"
    if isinstance(value, timedelta):
        return durations.format(value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str) and value.startswith("{{ template"):
        return f"`{value.split(chr(34))[1]}`"
    return f"`{value}`" if isinstance(value, str) and value else ""


SLACK = {"slack": {"api_url": "slack_api_url", "app_token": "slack_app_token"}}  # it inherits one of the two


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_its_row_and_no_row_is_stale(kind: str) -> None:
    assert list(rows(f"### `{kind}_configs`")) == list(own(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_whole_and_defaults_are_true(kind: str) -> None:
    documented = rows(f"### `{kind}_configs`")
    for key, field in own(kind).items():
        type_, shown, meaning = documented[key]
        assert type_, key
        assert shown == default(kind, key, field), key
        assert [name for name in inner(field) if f"`{name}`" not in meaning] == [], key


def test_what_all_share() -> None:
    assert list(rows("## What all of them share")) == list(Posted.model_fields)


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_found(kind: str) -> None:
    assert f"[{kind}](#{kind})" in DOC
    assert f"\n## {kind}\n" in DOC


def test_what_receivers_inherit_is_documented() -> None:
    text = (DOCS / "config.md").read_text()
    assert [name for name in GlobalConfig.model_fields if f"`{name}`" not in text] == []
