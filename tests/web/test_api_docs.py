"""docs/api.md has a line for everything that is served."""

import re
from pathlib import Path

from alertd.web.described import DESCRIBED

DOC = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_endpoint_has_its_line_and_no_line_is_stale() -> None:
    rows = re.findall(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", DOC, re.MULTILINE)
    described = {(method, path) for path, methods in rows for method in methods.split(", ")}
    assert described == set(DESCRIBED)


def test_every_parameter_is_named() -> None:
    names = {one["name"] for what in DESCRIBED.values() for one in what.parameters if "/api/v2" in str(what)}
    assert [name for name in names if f"`{name}`" not in DOC] == []
