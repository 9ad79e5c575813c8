"""One contestant at work: a Prometheus of its own, the evaluator, an Alertmanager if it needs one, and their files."""

import json
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.bench.contestants import ALERTMANAGER, PROMETHEUS, Contestant
from tests.e2e.bench.process import EndedError, Measured
from tests.e2e.bench.profiling import Spy
from tests.e2e.bench.stats import Figures, metric, total
from tests.e2e.bench.waiting import pause
from tests.e2e.bench.world import INSTANCES
from tests.e2e.rig import free_port, get

_ROUTES = """\
route: {{receiver: sink, group_by: [{by}], group_wait: {wait}s, group_interval: {interval}s, repeat_interval: 4h}}
receivers:
- name: sink
  webhook_configs: [{{url: 'http://127.0.0.1:{sink}/', send_resolved: true}}]
"""
_ALERTD = """\
prometheus: {{url: 'http://127.0.0.1:{server}'}}
rule_files: [rules.yml]
storage: {{url: 'sqlite:///alertd.db'}}
"""
_ACCEPT = {"Accept": "application/openmetrics-text;version=1.0.0"}
_ALERTING = "alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n"


@dataclass(frozen=True)
class Scene:
    """What a contestant is put into: its rules, what is scraped how often, and how alerts are grouped."""

    rules: str
    path: str = ""  # of the page that is scraped; nothing is if it is empty
    every: int = 5
    known_by: str = "up"  # a query that has an answer once everything was scraped
    group_by: str = "alertname"
    group_wait: int = 10
    group_interval: int = 300


class Stack:
    """Stops and forgets all of its processes when it is left."""

    def __init__(self, contestant: Contestant, scene: Scene, folder: Path, target: int, sink: int) -> None:
        self.contestant, self._scene, self._folder = contestant, scene, folder
        self._processes: dict[str, Measured] = {}
        self._ports = {name: free_port() for name in ("server", "alertmanager", "evaluator")}
        self._ports |= {"target": target, "sink": sink, "port": self._ports["evaluator"]}
        self._looking = False
        self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._processes.values():
            process.kill()  # nothing they leave behind is needed

    def start(self) -> None:
        """All of it. Rules begin when everything was scraped once, or whatever asks for absence would fire at first."""
        self.launch("server", rules=False)
        self.ready()
        deadline = time.monotonic() + 30
        while not self.query(self._scene.known_by):
            if time.monotonic() > deadline:
                raise EndedError("Prometheus does not scrape")
            self.sleep(0.05)
        self.start_alerting()

    def start_alerting(self) -> float:
        """Let the rules begin; when all that takes part was ready."""
        if self.contestant.alertmanager:
            self.launch("alertmanager")
        if self.contestant.evaluator:
            self.launch("evaluator")
        elif self.contestant.prometheus_evaluates and "server" in self._processes:
            self._configure(rules=True)
            urllib.request.urlopen(f"{self._url('server')}/-/reload", b"", timeout=30).close()
        elif self.contestant.prometheus_evaluates:
            self.launch("server")
        return self.ready()

    def stop_alerting(self) -> float:
        """End whatever takes part in it; how many seconds that took."""
        began = time.monotonic()
        for name in [name for name in self._processes if name != "server" or self.contestant.prometheus_evaluates]:
            self._processes.pop(name).stop(patience=120)
        return time.monotonic() - began

    def launch(self, name: str, *, rules: bool = True) -> None:
        """Start one process, without waiting for it."""
        if name == "server":
            self._configure(rules=rules)
        path = self.contestant.ready if name == "evaluator" else "/-/ready"
        argv, url = self._argv(name), self._url(name) + path
        if name == "evaluator" and self._looking and self.contestant.profile:
            self._processes[name] = Spy(self.contestant.profile, ["--", *argv], self._folder, url)
        else:
            self._processes[name] = Measured(name, argv, self._folder, url)

    def ready(self) -> float:
        return max(process.await_ready() for process in self._processes.values())

    def look(self) -> None:
        """From here on see what the evaluator does, if somebody wants to know."""
        self._looking = True
        if self.contestant.profile and "evaluator" in self._processes:
            pid = str(self._processes["evaluator"].pid)
            self._processes["py-spy"] = Spy(self.contestant.profile, ["--pid", pid], self._folder, "")

    def sleep(self, seconds: float) -> None:
        """Wait, and make sure that nothing has ended meanwhile."""
        pause(seconds)
        for process in self._processes.values():
            process.check()

    def query(self, expression: str) -> list[object]:
        page = get(f"{self._url('server')}/api/v1/query?query={urllib.parse.quote(expression)}")
        found: list[object] = json.loads(page or '{"data": {"result": []}}')["data"]["result"]
        return found

    def counted(self) -> dict[str, float]:
        """What the evaluator itself has counted."""
        if not self.contestant.evaluations:
            return {}
        page = get(self._url("evaluator" if self.contestant.evaluator else "server") + "/metrics")
        names = {key: getattr(self.contestant, key) for key in ("evaluations", "missed", "failures")}
        return {key: metric(page, name) for key, name in names.items()}

    def scrape(self) -> None:
        """Ask the evaluator for its metrics, as a Prometheus does."""
        urllib.request.urlopen(urllib.request.Request(f"{self._url('evaluator')}/metrics", headers=_ACCEPT)).close()

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time of each process so far."""
        return {name: process.cpu for name, process in self._processes.items()}

    def memory(self) -> Figures:
        """MiB of what there is besides Prometheus, and of Prometheus."""
        own = [process for name, process in self._processes.items() if name != "server"]
        return {
            "rss": total(*(process.rss for process in own)),
            "pss": total(*(process.pss for process in own)),
            "peak": total(*(process.peak for process in own)),
            "server rss": self._processes["server"].rss,
        }

    def _argv(self, name: str) -> list[str]:
        if name == "evaluator":
            return [word.format(**self._ports) for word in self.contestant.evaluator]
        listen = f"--web.listen-address=127.0.0.1:{self._ports[name]}"
        if name == "server":
            where = ["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--web.enable-lifecycle"]
            return [PROMETHEUS, *where, listen, "--log.level=warn"]
        where = ["--config.file=alertmanager.yml", "--storage.path=alertmanager", "--cluster.listen-address="]
        return [ALERTMANAGER, *where, listen, "--log.level=warn"]

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def _write(self) -> None:
        scene = self._scene
        how = {"by": scene.group_by, "wait": scene.group_wait, "interval": scene.group_interval}
        routes = _ROUTES.format(sink=self._ports["sink"], **how)
        (self._folder / "rules.yml").write_text(scene.rules)
        (self._folder / "alertmanager.yml").write_text(routes)
        section = self.contestant.section.format(**self._ports)
        (self._folder / "alertd.yml").write_text(_ALERTD.format(**self._ports) + routes + section)

    def _configure(self, *, rules: bool) -> None:
        """Write the configuration of Prometheus."""
        text = "global: {scrape_interval: 5s}\n" + _scrape(self._scene, self._ports["target"])
        if self.contestant.prometheus_evaluates:
            text += _ALERTING.format(
                **self._ports
            )  # long before the rules, because it is found only after some seconds
            text += "rule_files: [rules.yml]\n" if rules else ""
        (self._folder / "prometheus.yml").write_text(text)


def _scrape(scene: Scene, port: int) -> str:
    if not scene.path:
        return ""
    instances = INSTANCES if scene.path == "/metrics" else 1
    hosts = (f"{{targets: ['127.0.0.1:{port}'], labels: {{instance: host-{host:02}}}}}" for host in range(instances))
    every = f"scrape_interval: {scene.every}s, scrape_timeout: {scene.every}s"
    job = f"job_name: bench, {every}, metrics_path: {scene.path}, static_configs: [{', '.join(hosts)}]"
    return f"scrape_configs: [{{{job}}}]\n"
