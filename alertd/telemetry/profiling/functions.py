"""Which function a line of a file belongs to, for whoever knows only the line."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CodeType


class Functions:
    """The functions of the modules that are loaded now; their compiled files are read when they are asked for."""

    def __init__(self) -> None:
        modules = list(sys.modules.items())
        self._modules = {file: name for name, module in modules if (file := getattr(module, "__file__", None))}
        self._names = cache(self._read)

    def name(self, file: str, line: int) -> str:
        """Its name with its module, or what can be said in its place."""
        module = self._modules.get(file) or Path(file).stem
        return f"{module}.{self._names(file).get(line, '?')}"

    def _read(self, file: str) -> Mapping[int, str]:
        name = self._modules.get(file, "")
        loader = getattr(sys.modules.get(name), "__loader__", None)
        try:
            code = loader.get_code(name) if loader else None
        except (ImportError, OSError, AttributeError, SyntaxError, ValueError):
            code = None
        return dict(_lines(code)) if code else {}


def _lines(code: CodeType) -> Iterator[tuple[int, str]]:
    """Every line, with the innermost function last."""
    yield from ((line, code.co_qualname) for _, _, line in code.co_lines() if line)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _lines(inner)
