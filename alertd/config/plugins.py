"""Notifiers are plugins: the entry point `webhook` of the group `alertd.notifiers` reads `webhook_configs`."""

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel

GROUP = "alertd.notifiers"
SUFFIX = "_configs"


@lru_cache(maxsize=1)
def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def installed() -> list[str]:
    """The types of notifiers there are, sorted."""
    return sorted(_points())


def forget() -> None:
    """Look for plugins again: some may have been installed since."""
    _points.cache_clear()


def load(kind: str) -> tuple[type[Any], type[BaseModel]]:
    """A notifier's class and its configuration model. Raises KeyError, or ValueError if the plugin is broken."""
    point = _points()[kind]
    try:
        plugin: type[Any] = point.load()
    except Exception as problem:
        raise ValueError(f"the plugin {point.value} cannot be imported: {problem}") from problem
    model = getattr(plugin, "Config", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel) and "send_resolved" in model.model_fields):
        raise ValueError(f"the plugin {point.value} has no pydantic model `Config` with a field `send_resolved`")
    return plugin, model
