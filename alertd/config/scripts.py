"""Whether a condition in Python is there and takes its parameters, as far as that can be said without running it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alertd.spelling import suggest

Finding = tuple[str, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef
GIVEN = frozenset({"prom", "at", "alerts"})  # by alertd, to functions that name them
_LARGEST = 4 << 20


def check(path: Path, function: str, params: Mapping[str, Any]) -> list[Finding]:
    """What is wrong: messages with advice. Nothing is executed."""
    try:
        tree = _read(path)
    except _UnreadableError as error:
        return [(str(error), error.hint)]
    found = _bound(tree).get(function)
    if found is None:
        names = [name for name, node in _bound(tree).items() if isinstance(node, Function)]
        return [(f'{path.name} has no function "{function}"', suggest(function, names) if names else "")]
    if isinstance(found, ast.ClassDef):
        return [(f'{path.name}: "{function}" is a class', "a condition is a function")]
    if isinstance(found, ast.AsyncFunctionDef):
        return [(f'{path.name}: "{function}" is async', "a condition is a plain function: write def, and no await")]
    if not isinstance(found, ast.FunctionDef) or found.decorator_list:
        return []  # what it takes is known only when the file runs
    return list(_misfits(found.args, params))


class _UnreadableError(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def _read(path: Path) -> ast.Module:
    try:
        if not path.is_file():
            raise _UnreadableError(f"there is no file {path}", "the path is relative to the rule file")
        if path.stat().st_size > _LARGEST:
            raise _UnreadableError(f"{path} is larger than {_LARGEST >> 20} MiB")
        return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise _UnreadableError(f"cannot read {path}: {error.strerror}") from None
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise _UnreadableError(f"{path.name}{line}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _UnreadableError(f"{path.name} is not Python: {error}") from None


def _bound(tree: ast.Module) -> dict[str, ast.AST]:
    """The names that the file binds, with what it binds last."""
    return {name: node for statement in _statements(tree) for name, node in _names(statement)}


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Statements at the top level, and those in an `if`, `try` or `with` there."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            yield from _statements(child)


def _names(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (((alias.asname or alias.name).partition(".")[0], node) for alias in node.names)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((one.id, node) for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


def _misfits(arguments: ast.arguments, params: Mapping[str, Any]) -> Iterator[Finding]:
    plain = [*arguments.posonlyargs, *arguments.args]
    optional = {one.arg for one in plain[len(plain) - len(arguments.defaults) :]}
    optional |= {one.arg for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default}
    own = [one.arg for one in (*arguments.args, *arguments.kwonlyargs) if one.arg not in GIVEN]
    for one in arguments.posonlyargs:
        yield f'the parameter "{one.arg}" cannot be passed by name', 'remove the "/" from the function'
    for name in map(str, params):
        if name in GIVEN:
            yield f'the parameter "{name}" is given by alertd', "choose another name"
        elif name not in own and not arguments.kwarg:
            yield f'unknown parameter "{name}"', suggest(name, own) if own else "the function takes none"
    for name in own:
        if name not in optional and name not in params:
            yield f'the parameter "{name}" is missing', "add it to params, or give it a default"
