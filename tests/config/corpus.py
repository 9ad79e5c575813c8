"""Real rule files and configurations of public projects with the verdicts of promtool and amtool, where they are."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from alertd.config.secrets import environment

HOME = Path(environment().get("ALERTD_CORPUS") or Path(__file__).parents[3] / "shared/corpus")

present = pytest.mark.skipif(
    not (HOME / "manifest.json").exists(), reason=f"no corpus at {HOME}: set ALERTD_CORPUS to where it is"
)


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    """What the corpus says about itself; empty if it is not there."""
    path = HOME / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"rules": [], "alertmanager": []}
    return found


def select(kind: str, oracle: str, verdict: str) -> list[dict[str, Any]]:
    """The files of a kind that the oracle gave this verdict."""
    return [entry for entry in manifest()[kind] if entry[oracle] == verdict]
