"""Receivers and their integrations: each `<type>_configs` entry is read by the plugin of that name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from alertd.config import plugins
from alertd.config.alertmanager import GlobalConfig, ReceiverEntry
from alertd.config.problems import Place
from alertd.config.templates import Templates, check_texts
from alertd.config.values import Integration, Receiver
from alertd.core.labels import Labels
from alertd.spelling import suggest

DEFAULT = "stdout"


@dataclass(frozen=True)
class Shared:
    """What all receivers build upon. `global_` None: it could not be read, and nobody knows what is in it."""

    global_: GlobalConfig | None
    templates: Templates


def build(tree: Any, shared: Shared, place: Place) -> tuple[Receiver, ...]:
    """The receivers in a list; what is wrong with them is put down at `place`."""
    found: dict[str, Receiver] = {}
    for index, one in enumerate(tree):
        here = place.within(index)
        entry = _entry(one, here)
        if entry is None:
            continue
        if entry.name in found:
            here.problem(f'a second receiver named "{entry.name}"', "name", hint="rename it, or make one of the two")
        found[entry.name] = Receiver(entry.name, tuple(_integrations(entry, shared, here)))
    return tuple(found.values())


def default() -> Receiver:
    """Who is told when nobody is configured: the terminal."""
    plugin, model = plugins.load(DEFAULT)
    return Receiver(DEFAULT, (_integration(DEFAULT, DEFAULT, 0, (plugin, model()), Labels()),))


def _entry(tree: Any, place: Place) -> ReceiverEntry | None:
    try:
        return ReceiverEntry.model_validate(tree)
    except ValidationError as error:
        place.refuse(error, ReceiverEntry)
        return None


def _integrations(entry: ReceiverEntry, shared: Shared, place: Place) -> Iterator[Integration]:
    for key, value in (entry.model_extra or {}).items():
        kind = key.removesuffix(plugins.SUFFIX)
        if kind == key or kind not in plugins.installed():
            known = [f"{name}{plugins.SUFFIX}" for name in plugins.installed()]
            place.problem_at_key(f'unknown key "{key}"', key, hint=suggest(key, [*known, "name", "labels"]))
        elif not isinstance(value, list):
            place.problem(
                f"{key}: expected a list, found {place.node.find((key,)).kind}", key, hint="begin with a dash"
            )
        else:
            for index, tree in enumerate(value):
                made = _configured(kind, tree, shared.global_, place.within(key, index))
                if made is not None:
                    here = place.within(key, index)
                    check_texts(made[1], shared.templates, here)
                    for doubtful, message in getattr(made[1], "doubts", tuple)():
                        here.note(message, doubtful)
                    yield _integration(entry.name, kind, index, made, Labels(entry.labels))


def _configured(kind: str, tree: Any, global_: GlobalConfig | None, place: Place) -> tuple[type[Any], BaseModel] | None:
    try:
        plugin, model = plugins.load(kind)
    except ValueError as problem:
        place.problem(str(problem))
        return None
    try:
        config = model.model_validate(tree)
        inherit = getattr(config, "with_global", None)
        return plugin, config if inherit is None or global_ is None else inherit(global_)
    except ValidationError as error:
        place.refuse(error, model)
    except ValueError as problem:
        place.problem(str(problem))
    return None


def _integration(
    receiver: str, kind: str, index: int, made: tuple[type[Any], BaseModel], labels: Labels
) -> Integration:
    plugin, config = made
    send_resolved = bool(getattr(config, "send_resolved", True))
    return Integration(f"{receiver}/{kind}[{index}]", receiver, kind, index, send_resolved, plugin, config, labels)
