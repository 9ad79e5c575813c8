"""The rig of real processes, and what is skipped where its programs are not installed."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.rig import Alertd, Exporter, Hook, Mailbox, Prometheus

CONFIG = """
prometheus: {{url: "{prometheus}", timeout: 2s}}
rule_files: [rules.yml]
storage: {{url: "sqlite:///state/alertd.db"}}
global: {{smtp_smarthost: "127.0.0.1:{smtp}", smtp_from: alertd@example.org, smtp_require_tls: false}}
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  {route}
receivers:
- name: ops
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/hook"}}]
  email_configs: [{{to: oncall@example.org, send_resolved: true}}]
"""

RULES = """
groups:
- name: demo
  interval: 1s
  rules:
  - alert: Broken
    expr: broken > 0
    for: 2s
    severity: critical
    annotations: {summary: "{{ $labels.job }} is broken"}
"""


@dataclass
class Rig:
    """Everything around one alertd. `start` writes its files and starts it."""

    folder: Path
    exporter: Exporter
    prometheus: Prometheus
    hook: Hook
    mailbox: Mailbox
    alertd: Alertd | None = None

    def start(self, rules: str = RULES, route: str = "", config: str = CONFIG) -> Alertd:
        text = config.format(prometheus=self.prometheus.url, smtp=self.mailbox.port, hook=self.hook.port, route=route)
        self.alertd = Alertd(self.folder, text, rules)
        self.alertd.start()
        return self.alertd


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    if not shutil.which("prometheus"):
        pytest.skip("needs a real Prometheus: `make test` installs one")
    exporter, hook, mailbox = Exporter(), Hook(), Mailbox()
    exporter.set('broken{job="api"}', 0)
    prometheus = Prometheus(tmp_path, exporter)
    one = Rig(tmp_path, exporter, prometheus, hook, mailbox)
    try:
        yield one
    finally:
        if one.alertd:
            one.alertd.close()
        prometheus.stop()
        for server in (exporter, hook, mailbox):
            server.close()
