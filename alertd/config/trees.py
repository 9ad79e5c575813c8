"""Trees of dicts, lists and texts, as they come from YAML, made ready for a model."""

from pathlib import Path
from typing import Any


def pruned(tree: Any) -> Any:
    """The tree without keys that have no value: to give nothing is to say nothing."""
    if isinstance(tree, dict):
        return {key: pruned(value) for key, value in tree.items() if value is not None}
    return [pruned(item) for item in tree] if isinstance(tree, list) else tree


def anchored(tree: Any, base: Path) -> Any:
    """The tree with relative paths in `…_file` keys made relative to the configuration, wherever alertd is started."""
    if isinstance(tree, list):
        return [anchored(item, base) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: _anchored_value(key, value, base) for key, value in tree.items()}


def _anchored_value(key: str, value: Any, base: Path) -> Any:
    if key.endswith("_file") and isinstance(value, str) and value:
        return str(base / value)
    if key == "files" and isinstance(value, list):  # of http_headers
        return [str(base / one) if isinstance(one, str) else one for one in value]
    return anchored(value, base)
