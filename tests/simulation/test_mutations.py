"""The simulation would notice: every planted bug breaks a promise within a part of the seeds that every run lives
through. How many that are is what bounds this, and not the time, of which a busy machine has less.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation

SEEDS = 600  # most are found within fifty
pytestmark = pytest.mark.timeout(1500)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_planted_bug_is_found(mutation: Mutation, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "alertd", tmp_path / "alertd", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    mutation.plant(tmp_path / "alertd")
    run = [sys.executable, "-m", "tests.simulation", "--seeds", f"0:{SEEDS}", "--quick"]
    result = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1, f"no promise was broken in {SEEDS} stories"
    assert "BrokenPromise" in result.stdout or "Stuck" in result.stdout, result.stdout + result.stderr
