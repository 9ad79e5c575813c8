"""Where the corpus of real templates is; nothing of it is kept in this repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_FOLDER = os.environ.get("ALERTD_CORPUS")  # noqa: TID251 - where test data lies is the machine's to say
ROOT = Path(_FOLDER) if _FOLDER else Path(__file__).parents[3] / "shared" / "corpus"

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=f"no corpus at {ROOT}; set ALERTD_CORPUS")


def load(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))
