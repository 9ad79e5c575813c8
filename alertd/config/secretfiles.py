"""Whether the files that hold secrets and certificates can be read now: else nobody looks before they are needed."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alertd.config.confidential import inside
from alertd.config.problems import Path as Steps
from alertd.config.problems import Place
from alertd.config.yamltext import Node

_SUFFIX = "_file"
_HINT = "what needs it fails until it can be; it must be readable for the user who runs alertd"


def note_unreadable(models: Iterable[Any], place: Place, base: Path) -> None:
    """Note the files of these models that cannot be read, each where it is first named. They may come later."""
    wrong = {path: why for path in set(_files(models)) if (why := _trouble(Path(path)))}
    for steps, name in _named(place.node, ()):
        if why := wrong.pop(str(base / name), ""):
            place.note(f"{name} cannot be read: {why}", *steps, hint=_HINT)


def _files(thing: Any) -> Iterator[str]:
    """What stands in a key like `token_file` where `token` is one, too; and the files of headers."""
    if isinstance(thing, BaseModel):
        fields = type(thing).model_fields
        names = (name for name in fields if name.endswith(_SUFFIX) and name.removesuffix(_SUFFIX) in fields)
        yield from (str(path) for name in names if (path := getattr(thing, name)))
        yield from getattr(thing, "files", ()) if "secrets" in fields else ()
    for one in inside(thing):
        yield from _files(one)


def _named(node: Node, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """The texts of a document under keys that name files, and where they are."""
    children: list[tuple[str | int, Node]] = [(name, child) for name, (_, child) in (node.entries or {}).items()]
    for step, child in children or enumerate(node.items or ()):
        below = (*steps, step)
        if child.text is not None and any(str(one).endswith(_SUFFIX) or one == "files" for one in below[-2:]):
            yield below, child.text
        yield from _named(child, below)


def _trouble(path: Path) -> str:
    try:
        path.stat()
    except (OSError, ValueError) as problem:
        return getattr(problem, "strerror", None) or str(problem)
    if path.is_dir():
        return "it is a directory"
    return "" if os.access(path, os.R_OK) else os.strerror(errno.EACCES)
