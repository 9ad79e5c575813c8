"""Prometheus: started on the rules, handed the data, and asked what it made of every instant."""

import json
import signal
import subprocess
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.differential.remotewrite import HEADERS, Series, request
from tests.e2e.differential.rules import INSTANT
from tests.e2e.rig import Process, free_port, get, until

EXTERNAL_LABELS = {"site": "Köln <1>", "zone": "outside"}
EXTERNAL_URL = "http://prometheus.example/monitoring"
_AT_ONCE = 500  # series in one request
_OPTIONS = (
    "--config.file=prometheus.yml",
    "--storage.tsdb.path=tsdb",
    "--log.level=warn",
    "--query.lookback-delta=5s",
    "--web.enable-remote-write-receiver",
    f"--web.external-url={EXTERNAL_URL}",
    "--web.route-prefix=/",
)
Group = tuple[str, str]  # file and name


class Prometheus:
    """One server in a folder; `stop` it in the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._configure()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        argv = ["prometheus", *_OPTIONS, f"--web.listen-address=127.0.0.1:{port}"]
        self._process = Process("prometheus", argv, folder)
        until(f"Prometheus to be ready, see {self._process.log}", lambda: get(f"{self.url}/-/ready"))

    def _configure(self, *rules: str) -> None:
        config = {"global": {"external_labels": EXTERNAL_LABELS}, "rule_files": list(rules)}
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config, allow_unicode=True))

    def evaluate(self, rules: str) -> None:
        """Evaluate these rule files from now on."""
        self._configure(rules)
        self._process.signal(signal.SIGHUP)
        until(f"Prometheus to take over the rules, see {self._process.log}", self.groups)

    def stop(self) -> None:
        self._process.stop()

    def feed(self, series: list[Series]) -> None:
        """Store these samples; when this returns they can be seen."""
        for start in range(0, len(series), _AT_ONCE):
            body = request(series[start : start + _AT_ONCE])
            asked = urllib.request.Request(f"{self.url}/api/v1/write", body, HEADERS)
            urllib.request.urlopen(asked, timeout=30).close()

    def groups(self) -> dict[Group, dict[str, Any]]:
        """All groups and their alerts."""
        found = self._get("rules", type="alert")["groups"]
        return {(Path(group["file"]).name, group["name"]): group for group in found}

    def instants(self, seconds: int) -> dict[Group, list[float]]:
        """When each group was evaluated during the last seconds."""
        result = self._get("query", query=f"{INSTANT}[{seconds}s]")["result"]
        found: dict[Group, list[float]] = defaultdict(list)
        for one in result:
            file, _, name = one["metric"]["group"].partition("/")
            found[file, name] = [float(value) for _, value in one["values"]]
        return found

    def _get(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as reply:
            return json.load(reply)["data"]


def refused(folder: Path) -> Iterator[str]:
    """What promtool has to say against the rule files."""
    for path in sorted(folder.glob("*.yml")):
        shown = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
        if shown.returncode:
            yield f"{path.name}: {shown.stderr}"


def names(groups: Iterable[dict[str, Any]]) -> list[Group]:
    """The groups of the rule files as Prometheus names them."""
    return [(group["file"], group["name"]) for group in groups]
