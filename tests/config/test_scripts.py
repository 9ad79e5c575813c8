"""Conditions in Python, looked at without running them."""

from pathlib import Path
from typing import Any

import pytest

from alertd.config.scripts import check

TEXT = """
import functools
from elsewhere import imported
raise SystemExit("this file is never run")
def fine(prom, at, budget: float, window=5, *, mode="fast", alerts): yield 1
def anything(prom, **more): ...
def none(prom): ...
def positional(a, /, b=1): ...
async def waits(): ...
class Thing: ...
@functools.cache
def decorated(): ...
partial = functools.partial(fine, budget=1)
if True:
    def inside(): ...
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    one = tmp_path / "burn.py"
    one.write_text(TEXT)
    return one


@pytest.mark.parametrize(
    ("function", "params", "findings"),
    [
        ("fine", {"budget": 1}, []),
        ("fine", {"budget": 1, "window": 2, "mode": "slow"}, []),
        ("fine", {}, [('the parameter "budget" is missing', "add it to params, or give it a default")]),
        ("fine", {"budget": 1, "at": 2}, [('the parameter "at" is given by alertd', "choose another name")]),
        ("fine", {"budget": 1, "windw": 2}, [('unknown parameter "windw"', 'did you mean "window"?')]),
        ("none", {"x": 1}, [('unknown parameter "x"', "the function takes none")]),
        ("none", {True: 1}, [('unknown parameter "True"', "the function takes none")]),
        ("anything", {"x": 1}, []),
        ("positional", {}, [('the parameter "a" cannot be passed by name', 'remove the "/" from the function')]),
        ("fien", {}, [('burn.py has no function "fien"', 'did you mean "fine"?')]),
        (
            "waits",
            {},
            [('burn.py: "waits" is async', "a condition is a plain function: write def, and no await")],
        ),
        ("Thing", {}, [('burn.py: "Thing" is a class', "a condition is a function")]),
        ("decorated", {"x": 1}, []),
        ("partial", {"x": 1}, []),
        ("imported", {"x": 1}, []),
        ("inside", {}, []),
    ],
)
def test_findings(path: Path, function: str, params: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert check(path, function, params) == findings


def test_no_file(tmp_path: Path) -> None:
    ((message, hint),) = check(tmp_path / "burn.py", "f", {})
    assert message.startswith("there is no file")
    assert hint == "the path is relative to the rule file"
    assert check(tmp_path, "f", {})[0][0].startswith("there is no file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"def f():\n    return (\n", "burn.py, line 2: '(' was never closed"),
        (b"x = 1\n  y = 2\n", "burn.py, line 2: unexpected indent"),
        (b"\xff\xfe", "burn.py"),
        (b"a = 1\0", "burn.py"),
        (b"(" * 100_000, "burn.py"),
        (b"-" * 200_000 + b"1", "burn.py"),
        (b"#" * (5 << 20), "is larger than 4 MiB"),
        (b"", 'burn.py has no function "f"'),
    ],
)
def test_files_that_are_no_python(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    ((found, _),) = check(path, "f", {})
    assert message in found
