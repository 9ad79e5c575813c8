"""The way back: rule files and configurations without what is alertd's own, for Prometheus and Alertmanager.

Values stay as their author wrote them. What the others have no word for is left out, and said.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from alertd.config import yamltext
from alertd.config.load import read
from alertd.config.problems import Place
from alertd.config.rulefile import FOREIGN_GROUP, FOREIGN_RULE
from alertd.config.rules import RuleDefaults, load_file
from alertd.config.secrets import Secrets
from alertd.config.values import Overrides
from alertd.config.yamltext import Node
from alertd.errors import ConfigError, Problem

_GROUP_KEYS = ("name", "interval", "query_offset", "limit")
_RULE_KEYS = ("record", "alert", "expr", "for", "keep_firing_for")
_NOT_SAID = frozenset(("labels", "rules", "severity", "description", "runbook_url", "eval_delay", "annotations"))
_CONDITIONS = ("python", "when")
_FOREIGN = frozenset((*FOREIGN_GROUP, *FOREIGN_RULE, "type"))  # "params" of a rule stand beside "python" only
_CONFIG_KEYS = (
    "global", "templates", "route", "inhibit_rules", "time_intervals", "mute_time_intervals", "receivers", "tracing",
    "event_recorder",
)  # fmt: skip
_TYPES = frozenset(
    f"{name}_configs"
    for name in (
        "discord", "email", "incidentio", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie", "pagerduty",
        "pushover", "rocketchat", "slack", "sns", "telegram", "victorops", "webex", "webhook", "wechat",
    )
)  # fmt: skip
_OWN = {"webhook": {"secret", "secret_file"}, "slack": {"thread"}, "pushover": {"api_url"}}
_WITH_TIMEOUT = frozenset(("webhook", "slack", "pagerduty", "incidentio"))


@dataclass(frozen=True)
class Export:
    """A file for the other program, and what is not in it."""

    text: str
    notes: tuple[Problem, ...]


def rules(path: Path) -> Export:
    """A rule file for Prometheus, as one document. Raises ConfigError if it is no good rule file."""
    shown = str(path)
    found = load_file(path, RuleDefaults())
    if found.problems:
        raise ConfigError(found.problems)
    exporter = _Rules(shown)
    documents = yamltext.parse(yamltext.read(path, shown), shown)
    groups = [exporter.group(node) for document in documents for node in _items(document, "groups")]
    return Export(yamltext.write(_mapping({"groups": _list(groups)})), tuple(exporter.notes))


def config(path: Path) -> Export:
    """A configuration for Alertmanager. Raises ConfigError if it is no good one."""
    shown = str(path)
    reading = read(path, Overrides())
    if reading.config is None or reading.problems:
        raise ConfigError(reading.problems)
    exporter = _Config(shown)
    (root,) = yamltext.parse(yamltext.read(path, shown), shown) or [_mapping({})]
    return Export(yamltext.write(exporter.root(root, reading.config.route.receiver)), tuple(exporter.notes))


class _Notes:
    """What could not be exported, where it stands."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self.notes: list[Problem] = []

    def note(self, message: str, node: Node) -> None:
        self.notes.append(Problem(message, self._shown, node.line, node.column))

    def dropped(self, node: Node, keys: Iterable[str]) -> None:
        """These keys of a mapping stay behind."""
        for key in keys:
            whose = "not Prometheus'" if key in _FOREIGN else "alertd's own"
            self.note(f'"{key}" is {whose}, and left out', (node.entries or {})[key][0])


class _Rules(_Notes):
    def group(self, node: Node) -> Node:
        entries = node.entries or {}
        self.dropped(node, [key for key in entries if key not in _GROUP_KEYS and key not in _NOT_SAID])
        kept = {key: entries[key][1] for key in _GROUP_KEYS if key in entries}
        if "eval_delay" in entries:
            kept.setdefault("query_offset", entries["eval_delay"][1])
        made = [self._rule(rule, node) for rule in _items(node, "rules")]
        return _mapping({**kept, "rules": _list([rule for rule in made if rule is not None])})

    def _rule(self, node: Node, group: Node) -> Node | None:
        entries, name = node.entries or {}, _text(node, "alert") or _text(node, "record")
        own = next((key for key in _CONDITIONS if key in entries), "")
        if own or _text(node, "enabled").lower() in ("false", "no", "off", "n"):
            why = f'its condition is "{own}"' if own else "it is not enabled"
            self.note(f"the rule {name} is left out: {why}", node)
            return None
        self.dropped(
            node, [key for key in entries if key not in (*_RULE_KEYS, "enabled", "debug") and key not in _NOT_SAID]
        )
        kept = {key: entries[key][1] for key in _RULE_KEYS if key in entries}
        severity = {"severity": entries["severity"][1]} if _text(node, "severity") else {}
        labels = {**_pairs(group, "labels"), **_pairs(node, "labels"), **severity}
        texts = {key: entries[key][1] for key in ("description", "runbook_url") if _text(node, key)}
        annotations = {**texts, **_pairs(node, "annotations")}
        more = {"labels": _mapping(labels), "annotations": _mapping(annotations)}
        return _mapping({**kept, **{key: value for key, value in more.items() if value.entries}})


class _Config(_Notes):
    def root(self, node: Node, receiver: str) -> Node:
        entries = node.entries or {}
        self.dropped(node, [key for key in entries if key not in _CONFIG_KEYS])
        kept = {key: entries[key][1] for key in _CONFIG_KEYS if key in entries and key != "receivers"}
        route = {} if "route" in kept else {"route": _mapping({"receiver": _scalar(receiver)})}
        receivers = [self._receiver(one) for one in _items(node, "receivers")] or [
            _mapping({"name": _scalar(receiver)})
        ]
        made = _mapping({**kept, **route, "receivers": _list(receivers)})
        self._variables(made)
        return made

    def _variables(self, made: Node) -> None:
        """`$${NAME}` becomes the text it stands for; of `${NAME}` no value is written, since it may be a secret."""
        place = Place(self._shown, made)
        Secrets({}).expand(place)
        message = "Alertmanager does not read variables of the environment: put the value there"
        self.notes += [replace(unset, message=message, hint="") for unset in place.found]

    def _receiver(self, node: Node) -> Node:
        entries = node.entries or {}
        kept: dict[str, Node] = {}
        for key, (known, value) in entries.items():
            if key.endswith("_configs") and key not in _TYPES:
                self.note(f'Alertmanager has no "{key}": left out', known)
            elif key in _TYPES and value.items is not None:
                kept[key] = _list([self._integration(one, key.removesuffix("_configs")) for one in value.items])
            else:
                kept[key] = value
        return _mapping(kept)

    def _integration(self, node: Node, kind: str) -> Node:
        own = _OWN.get(kind, set()) | (set() if kind in _WITH_TIMEOUT else {"timeout"})
        entries = node.entries or {}
        self.dropped(node, [key for key in entries if key in own])
        return _mapping({key: value for key, (_, value) in entries.items() if key not in own})


def _items(node: Node, key: str) -> Iterator[Node]:
    child = node.child(key)
    yield from (item for item in (child.items if child and child.items else []) if item.kind != "nothing")


def _pairs(node: Node, key: str) -> Mapping[str, Node]:
    child = node.child(key)
    return {name: value for name, (_, value) in (child.entries if child and child.entries else {}).items()}


def _text(node: Node, key: str) -> str:
    child = node.child(key)
    return (child.text if child else "") or ""


def _mapping(entries: Mapping[str, Node]) -> Node:
    return Node(1, 1, entries={key: (_scalar(key), value) for key, value in entries.items()})


def _list(items: list[Node]) -> Node:
    return Node(1, 1, items=items)


def _scalar(text: str) -> Node:
    return Node(1, 1, text, plain=False)
