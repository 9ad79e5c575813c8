"""A real Prometheus scrapes alertd, and the dashboard and the rules find in it what they ask for."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Rig
from tests.e2e.rig import Prometheus, get, until
from tests.telemetry.test_boards import dashboard, rules

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

# What may stay empty while all is well.
EXPORT = "States written elsewhere, and metrics sent"
QUIET = {"Attempts that failed", "Queries without an answer", EXPORT, *(name for name, _ in rules())} - {"Watchdog"}


def test_what_prometheus_scrapes_is_clean_and_what_the_boards_ask_for(rig: Rig, tmp_path: Path) -> None:
    daemon = rig.start()
    folder = tmp_path / "watcher"
    folder.mkdir()
    port = daemon.url.rpartition(":")[2]
    watcher = Prometheus(
        folder, rig.exporter, f"- {{job_name: alertd, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    try:
        rig.exporter.set('broken{job="api"}', 1)
        until("somebody to be told", lambda: rig.hook.messages)
        page = get(f"{daemon.url}/metrics?names=prometheus,vmalert")
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
        assert re.search(r'^prometheus_rule_evaluations_total\{rule_group="rules.yml;demo"\} [1-9]', page, re.MULTILINE)
        until("Prometheus to see that", lambda: watcher.value("alertd_notification_latency_seconds_count > 0"))
        until("rates", lambda: watcher.value("rate(alertd_notifications_total[15s])"))
        found = {name: watcher.value(_asked(expr)) for name, expr in [*dashboard(), *rules()]}
        assert {name for name, values in found.items() if not values} <= QUIET
    finally:
        watcher.stop()


def _asked(expr: str) -> str:
    return re.sub(r'job=~"\$job",instance=~"\$instance"', 'job="alertd"', expr).replace("[5m]", "[15s]")
