"""Everything that takes part: an exporter with a queue, Prometheus, a mail catcher, a webhook receiver, and alertd."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.rig import Exporter, Hook, Mailbox, Process, alertd, free_port, get

RULES = Path(__file__).parents[3] / "rules"
QUEUE = 'demo_queue_length{queue="orders"}'
PERIOD, BEGIN, END = 60, 4, 24  # seconds: once a minute, bad from here to there
FULL, NORMAL = 250, 12
_PATIENCE = 60.0

_PROMETHEUS = """\
global: {{scrape_interval: 5s}}
scrape_configs:
- {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{self}']}}]}}
- {{job_name: alertd, static_configs: [{{targets: ['127.0.0.1:{alertd}']}}]}}
- {{job_name: demo, scrape_interval: 1s, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}
"""

_CONFIG = """\
prometheus: {{url: {url}}}
rule_files: [{rules}, demo.yml]
storage: {{url: "sqlite:///state/alertd.db"}}
global: {{smtp_smarthost: "127.0.0.1:{smtp}", smtp_from: alertd@demo.example, smtp_require_tls: false}}
route:
  receiver: team
  group_by: [alertname]
  group_wait: 2s
  group_interval: 3s
  repeat_interval: 1h
  routes:
  - {{receiver: nobody, matchers: [alertname = Watchdog]}}
receivers:
- name: team
  email_configs: [{{to: oncall@demo.example, send_resolved: true}}]
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/hook"}}]
- name: nobody
"""

_RULE = """\
groups:
- name: demo
  interval: 2s
  rules:
  - alert: QueueBacklog
    expr: {expr}
    for: 6s
    severity: warning
    annotations:
      summary: {summary}
      description: The demo does this once a minute, and mends it by itself.
"""


class EndedError(Exception):
    """One of the processes has ended by itself."""

    def __init__(self, name: str, process: Process) -> None:
        self.name, self.tail = name, process.tail()
        super().__init__(name)


class StoppedError(Exception):
    """Somebody wants all of it to stop."""


class Stage:
    """All processes and servers, in one folder that `close` removes. `url` is a Prometheus that exists already."""

    def __init__(self, stopping: Callable[[], bool], url: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="alertd-demo-"))
        self.own, self.url, self._stopping = not url, url.rstrip("/"), stopping
        self.processes: dict[str, Process] = {}
        self.exporter, self.hook, self.mailbox = Exporter(), Hook(), Mailbox()
        self.alertd_url = f"http://127.0.0.1:{free_port()}"
        self.began = time.time()
        self.exporter.set(QUEUE, NORMAL)

    def start(self) -> None:
        """Start what is to run; returns when all of it answers."""
        if self.own:
            self._start_prometheus()
        self._start_alertd()
        self.began = time.time()

    def _start_prometheus(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = _PROMETHEUS.format(self=port, alertd=self.alertd_url.rpartition(":")[2], exporter=self.exporter.port)
        (self.folder / "prometheus.yml").write_text(config)
        argv = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--log.level=warn"]
        self._run("Prometheus", [*argv, f"--web.listen-address=127.0.0.1:{port}"], f"{self.url}/-/ready")

    def _start_alertd(self) -> None:
        config = _CONFIG.format(
            url=json.dumps(self.url),
            rules=json.dumps(str(RULES / "*.yml")),
            smtp=self.mailbox.port,
            hook=self.hook.port,
        )
        (self.folder / "config.yaml").write_text(config)
        (self.folder / "demo.yml").write_text(_rule(self.own))
        argv = [alertd(), "run", "--config", "config.yaml", "--listen", self.alertd_url.removeprefix("http://")]
        self._run("alertd", argv, f"{self.alertd_url}/-/ready")

    def _run(self, name: str, argv: list[str], ready: str) -> None:
        process = self.processes[name] = Process(name.lower(), argv, self.folder)
        deadline = time.monotonic() + _PATIENCE
        while not get(ready):
            self.wait(0.1)
            if time.monotonic() > deadline:
                raise EndedError(name, process)

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises EndedError if a process has gone, StoppedError if somebody wants to leave."""
        if self._stopping():
            raise StoppedError
        time.sleep(seconds)
        for name, process in self.processes.items():
            if not process.alive and not self._stopping():
                raise EndedError(name, process)

    def act(self) -> float:
        """Make the queue long or short, as the time of the play has it; its length."""
        length = FULL if BEGIN <= (time.time() - self.began) % PERIOD < END else NORMAL
        self.exporter.set(QUEUE, length)
        return length

    def alerts(self) -> list[dict[str, Any]] | None:
        """What alertd says is pending and firing; None if it says nothing."""
        page = get(f"{self.alertd_url}/api/v1/alerts")
        found: list[dict[str, Any]] | None = json.loads(page)["data"]["alerts"] if page else None
        return found

    def rules(self) -> int:
        """How many rules alertd evaluates."""
        groups = json.loads(get(f"{self.alertd_url}/api/v1/rules") or "{}").get("data", {}).get("groups", [])
        return sum(len(group["rules"]) for group in groups)

    def close(self) -> None:
        """Stop everything and leave nothing behind."""
        for process in reversed(self.processes.values()):
            if process.alive:
                process.stop()
        for server in (self.exporter, self.hook, self.mailbox):
            server.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _rule(own: bool) -> str:
    """The rule of the play; a Prometheus that knows nothing of our queue is asked what time it is."""
    if own:
        return _RULE.format(
            expr="demo_queue_length > 100", summary='"{{ $value }} of them wait in the queue {{ $labels.queue }}"'
        )
    seconds = f"(time() - {time.time():.0f}) % {PERIOD}"
    expr = f"vector({seconds}) >= {BEGIN} < {END}"
    return _RULE.format(expr=expr, summary='"This is second {{ $value | printf \\"%.0f\\" }} of a bad half-minute"')
