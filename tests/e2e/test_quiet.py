"""A daemon with nothing to do leaves the processor alone."""

import re
import time
from pathlib import Path

import pytest

from tests.e2e.rig import Alertd

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SECONDS, WAKES_A_SECOND = 5, 10


def test_a_quiet_daemon_sleeps(tmp_path: Path) -> None:
    daemon = Alertd(tmp_path, "prometheus: {url: http://127.0.0.1:9}\nrule_files: [rules.yml]\n", "groups: []\n")
    try:
        daemon.start()
        before = sleeps(daemon.process.pid)
        time.sleep(SECONDS)
        assert 0 < sleeps(daemon.process.pid) - before < SECONDS * WAKES_A_SECOND
    finally:
        daemon.close()


def sleeps(pid: int) -> int:
    """How often a process has gone to sleep by itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(int(count) for count in re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE))
