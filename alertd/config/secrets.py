"""What must never be shown: `${NAME}` from the environment, and whatever a model calls a secret. Home of os.environ."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from alertd.config.confidential import HIDDEN, SHORTEST, hide
from alertd.config.problems import Place
from alertd.config.yamltext import Node, write
from alertd.errors import Problem

_REFERENCE = re.compile(r"(\$?)\$\{([A-Z_][A-Z0-9_]*)\}", re.ASCII)
_TELLING = re.compile(r"password|secret|token|credential|api_key|routing_key|service_key|user_key", re.IGNORECASE)
_TELLING_VARIABLE = re.compile(r"PASS|PWD|SECRET|TOKEN|CRED|KEY|AUTH|HOOK|SIGN|PRIVATE", re.IGNORECASE)


@dataclass
class Secrets:
    """The values that came from the environment into one file, by the name of the variable."""

    environment: Mapping[str, str]
    used: dict[str, str] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)  # node -> what its author wrote
    unset: dict[tuple[int, int], list[Problem]] = field(default_factory=dict)  # by where the value stands
    told: tuple[str, ...] = ()  # the shapes of those that stand in the file, to be hidden from problems

    def expand(self, place: Place) -> None:
        """Put the value in place of every `${NAME}`; `$${NAME}` stays, with one dollar. An unset one is a problem."""
        for node in place.node.scalars():
            if "${" in (node.text or "") and id(node) not in self.written:
                self.written[id(node)] = node.text or ""
                node.text = self._expanded(node, place)

    def _expanded(self, node: Node, place: Place) -> str:
        return _REFERENCE.sub(lambda match: self._value(match, node, place), node.text or "")

    def _value(self, match: re.Match[str], node: Node, place: Place) -> str:
        escaped, name = match.groups()
        if escaped:
            return match[0][1:]
        value = self.environment.get(name)
        if value is None:
            message, hint = f"the environment variable {name} is not set", f"set it, or write $${{{name}}} for the text"
            problem = Problem(message, place.path, node.line, node.column, hint=hint)
            self.unset.setdefault((node.line, node.column), []).append(problem)
            place.found.append(problem)
            return match[0]
        self.used[name] = value
        return value

    def causes(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems, without what else is wrong with a value that lacks its variable."""
        for one in problems:
            lacking = self.unset.get((one.line, one.column))
            if lacking is None or one in lacking:
                yield one

    def telling(self) -> Iterator[str]:
        """The values of variables whose names say that they are secret."""
        yield from (value for name, value in self.used.items() if _TELLING_VARIABLE.search(name))

    def clean(self, problem: Problem) -> Problem:
        """The problem without a value from the environment in it."""
        message, hint = problem.message, problem.hint
        for name, value in sorted(self.used.items(), key=lambda item: -len(item[1])):
            if len(value) >= SHORTEST:
                message, hint = message.replace(value, f"${{{name}}}"), hint.replace(value, f"${{{name}}}")
        return replace(problem, message=hide(message, self.told), hint=hide(hint, self.told))


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ  # noqa: TID251 - this is its home


def named(root: Node) -> Iterator[str]:
    """Every text that stands under a key which says that it is secret, and every URL with a password."""
    for key, node in _keyed(root, ""):
        text = node.text or ""
        if _has_password(text) or (_TELLING.search(key) and not key.endswith(("_file", "_url"))):
            yield text


def _keyed(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    for name, (_, one) in (node.entries or {}).items():
        yield from _keyed(one, name)
    for one in node.items or ():
        yield from _keyed(one, key)
    if node.text is not None:
        yield key, node


def redacted(root: Node, secrets: Secrets, hidden: frozenset[str]) -> str:
    """The configuration as YAML again: variables by name, secrets as `<secret>`, comments gone."""
    return write(_shown(root, "", secrets, hidden))


def _shown(node: Node, key: str, secrets: Secrets, hidden: frozenset[str]) -> Node:
    if node.entries is not None:
        pairs = {name: (known, _shown(one, name, secrets, hidden)) for name, (known, one) in node.entries.items()}
        return replace(node, entries=pairs)
    if node.items is not None:
        return replace(node, items=[_shown(item, key, secrets, hidden) for item in node.items])
    if node.text is None:
        return node
    text = secrets.written.get(id(node), node.text)
    secret = node.text in hidden or (_TELLING.search(key) and not key.endswith("_file")) or _has_password(text)
    return replace(node, text=HIDDEN if secret and text == node.text else text)


def _has_password(text: str) -> bool:
    if "://" not in text or "@" not in text:
        return False
    try:
        return urlsplit(text).password is not None
    except ValueError:
        return True
