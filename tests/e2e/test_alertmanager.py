"""alertd in Alertmanager's place: for a Prometheus that sends to it, beside the real one, and under a storm."""

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import Alertd, Exporter, Hook, Process, Prometheus, alertd, free_port, get, until

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="needs Prometheus"),
    pytest.mark.skipif(not ALERTMANAGER, reason="needs Alertmanager"),
    pytest.mark.timeout(300),
]

EXTERNAL = "http://alerts.example.org"
Alert = Mapping[str, Any]


@pytest.fixture
def hook() -> Iterator[Hook]:
    one = Hook()
    yield one
    one.close()


def post(url: str, path: str, value: Any) -> Any:
    """Post JSON; what is answered, if it is JSON, too."""
    request = urllib.request.Request(
        f"{url}/api/v2/{path}", json.dumps(value).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read() or b"null")


def instant(after: float) -> str:
    """So many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=after)).isoformat()


def silence(url: str, name: str, value: str) -> None:
    matcher = {"name": name, "value": value, "isRegex": False}
    times = {"startsAt": instant(0), "endsAt": instant(3600)}
    post(url, "silences", {"matchers": [matcher], **times, "createdBy": "test", "comment": "quiet"})


# A Prometheus that has its own rules sends its alerts to alertd.

RULES = """
groups:
- name: g
  interval: 1s
  rules:
  - {alert: JobDown, expr: broken > 0, labels: {severity: critical}}
  - {alert: JobSlow, expr: slow > 0, labels: {severity: info}}
  - {alert: Noise, expr: broken > 0}
"""
TOLD = """
route: {{receiver: ops, group_by: [alertname], group_wait: 1s, group_interval: 2s}}
inhibit_rules:
- {{source_matchers: [severity=critical], target_matchers: [severity=info], equal: [job]}}
receivers:
- name: ops
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/"}}]
"""


def test_a_prometheus_that_sends_to_alertd(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "alertd").mkdir()
    alertd = Alertd(tmp_path / "alertd", "storage: {url: memory}\n" + TOLD.format(hook=hook.port), "groups: []\n")
    alertd.start()
    exporter = Exporter()
    exporter.set_all({'slow{job="a"}': 1, 'broken{job="a"}': 1, 'broken{job="b"}': 1})
    silence(alertd.url, "alertname", "Noise")
    (tmp_path / "rules.yml").write_text(RULES)
    alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertd.port}']}}]}}]}}\n"
    prometheus = Prometheus(tmp_path, exporter, f"rule_files: [rules.yml]\n{alerting}")
    try:
        until("the two jobs are told together", lambda: jobs(hook.messages) == {"a", "b"})
        states = {one["labels"]["alertname"]: one["status"] for one in json.loads(get(f"{alertd.url}/api/v2/alerts"))}
        assert states["Noise"]["silencedBy"]
        assert states["JobSlow"]["inhibitedBy"]
        assert states["JobDown"]["state"] == "active"
        exporter.set_all({'slow{job="a"}': 0, 'broken{job="a"}': 0, 'broken{job="b"}': 0})
        until("all is well again", lambda: hook.messages[-1]["status"] == "resolved")
        assert {message["groupLabels"]["alertname"] for message in hook.messages} == {"JobDown"}
    finally:
        prometheus.stop()
        exporter.close()
        alertd.close()


def jobs(messages: Sequence[Mapping[str, Any]]) -> set[str]:
    return {one["labels"]["job"] for message in messages for one in message["alerts"] if one["status"] == "firing"}


# The same alerts, sent to the real Alertmanager and to alertd, make the same messages.

TREE = """
global: {{resolve_timeout: 1h}}
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1s
  group_interval: 3s
  repeat_interval: 5s
  routes:
  - {{receiver: audit, matchers: ['audit="yes"'], continue: true, group_by: ['...']}}
  - {{receiver: db, matchers: ['team=~"db|storage"'], group_by: [team, node]}}
  - {{receiver: night, matchers: ['night!=""'], mute_time_intervals: [always], repeat_interval: 1h}}
  - {{receiver: never, matchers: ['day!=""'], active_time_intervals: [once], repeat_interval: 1h}}
inhibit_rules:
- {{source_matchers: [severity=critical], target_matchers: [severity=~"warning|info"], equal: [node]}}
time_intervals:
- {{name: always, time_intervals: [{{}}]}}
- {{name: once, time_intervals: [{{years: ["2001"]}}]}}
receivers:
- name: ops
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/", send_resolved: true}}]
- name: audit
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/", send_resolved: false}}]
- name: db
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/", send_resolved: true, max_alerts: 2}}]
- name: night
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/"}}]
- name: never
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/"}}]
"""


def alert(name: str, summary: str = "", **labels: str) -> Alert:
    link = {"generatorURL": f"http://prometheus/graph?{name}"}
    return {"labels": {"alertname": name, **labels}, "annotations": {"summary": summary or name}, **link}


def over(one: Alert) -> Alert:
    return {**one, "over": True}


LOW = [alert("DiskFull", f"{node} is full", team="db", node="n1", disk=node) for node in "abc"]
SLOW, DOWN = alert("Slow", severity="warning", node="n2"), alert("Down", severity="critical", node="n2")
# What is posted so many seconds after the start; groups are told after 1 s, and then looked at every 3 s.
SCRIPT: Sequence[tuple[float, Sequence[Alert]]] = [
    (0.0, [*LOW[:2], DOWN, alert("Seen", audit="yes"), alert("Quiet", hush="yes"), alert("Dark", night="1")]),
    (0.1, [SLOW, alert("Light", day="1"), alert("Jobs", job="b"), alert("Jobs", "first", job="a", empty="")]),
    (2.5, [LOW[2], alert("Jobs", "changed", job="a")]),
    (5.5, [over(LOW[0]), over(alert("Seen", audit="yes"))]),
    (8.5, [over(DOWN), over(alert("Jobs", job="b"))]),
    (11.5, [over(LOW[1]), over(LOW[2]), over(alert("Jobs", "changed", job="a"))]),
    (14.5, [over(SLOW), LOW[0]]),
]
_END = 17.5


class Alertmanager:
    """The real one."""

    def __init__(self, folder: Path, config: str) -> None:
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(config)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        argv = [str(ALERTMANAGER), "--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
        argv += [f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url={EXTERNAL}", "--web.route-prefix=/"]
        self._process = Process("alertmanager", argv, folder)
        until("Alertmanager to be ready", lambda: get(f"{self.url}/-/ready"))

    def close(self) -> None:
        self._process.stop()


def test_the_same_alerts_make_the_same_messages(tmp_path: Path) -> None:
    hooks = {"theirs": Hook(), "ours": Hook()}
    theirs = Alertmanager(tmp_path / "theirs", TREE.format(hook=hooks["theirs"].port))
    (tmp_path / "ours").mkdir()
    web = f"storage: {{url: memory}}\nweb: {{external_url: {EXTERNAL}, route_prefix: /}}\n"
    ours = Alertd(tmp_path / "ours", web + TREE.format(hook=hooks["ours"].port), "groups: []\n")
    ours.start()
    try:
        play([theirs.url, ours.url])
    finally:
        ours.close()
        theirs.close()
        for one in hooks.values():
            one.close()
    told = {name: by_group(one.messages) for name, one in hooks.items()}
    assert told["ours"].keys() == told["theirs"].keys()
    for key in told["theirs"]:
        assert told["ours"][key] == told["theirs"][key], key
    assert len(told["theirs"]) == 5


def play(urls: Sequence[str]) -> None:
    """Post the script to all of them at the same instants, and wait until all is told."""
    for url in urls:
        silence(url, "hush", "yes")
    began, starts_at = time.monotonic(), instant(0)
    with ThreadPoolExecutor(len(urls)) as pool:
        for after, alerts in SCRIPT:
            time.sleep(max(0.0, began + after - time.monotonic()))
            ends = instant(0)
            spelled = [_spelled(one, starts_at, ends) for one in alerts]
            list(pool.map(lambda url: post(url, "alerts", spelled), urls))  # noqa: B023 - done before the next turn
    time.sleep(_END - (time.monotonic() - began))


def _spelled(one: Alert, starts_at: str, ends_at: str) -> Alert:
    said = {key: value for key, value in one.items() if key != "over"}
    return {**said, "startsAt": starts_at, **({"endsAt": ends_at} if "over" in one else {})}


def by_group(messages: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[Any]]:
    """What was said about each group to each receiver, in order; what only one of the two says is left out."""
    found: dict[tuple[str, str], list[Any]] = {}
    for message in messages:
        known = {key: value for key, value in message.items() if key not in ("notification_reason", "routeLabels")}
        found.setdefault((message["receiver"], message["groupKey"]), []).append(known)
    return found


# A storm.

STORM = """
storage: {{url: "sqlite:///alertd.db"}}
route: {{receiver: ops, group_by: [group], group_wait: 2s, group_interval: 5s}}
receivers:
- name: ops
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/"}}]
"""
_GROUPS, _EACH, _AT_ONCE = 100, 500, 250


def test_fifty_thousand_alerts_posted_in_a_hundred_groups(tmp_path: Path, hook: Hook) -> None:
    """All are told, and whoever asks meanwhile is answered."""
    alertd = Alertd(tmp_path, STORM.format(hook=hook.port), "groups: []\n")
    alertd.start()
    stop, answers = threading.Event(), list[str]()
    asking = threading.Thread(target=ask, args=(alertd.url, stop, answers))
    asking.start()
    names = [(str(group), str(number)) for group in range(_GROUPS) for number in range(_EACH)]
    batches = [names[begin : begin + _AT_ONCE] for begin in range(0, len(names), _AT_ONCE)]
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda batch: post(alertd.url, "alerts", [_storm(*one) for one in batch]), batches))
        until("all are told", lambda: len(told(hook)) == len(names), patience=120)
    finally:
        stop.set()
        asking.join()
        alertd.close()
    assert told(hook) == set(names)
    assert set(answers) == {"[]"}, "the API did not answer"


def _storm(group: str, number: str) -> Alert:
    return {"labels": {"alertname": "Storm", "group": group, "number": number}, "endsAt": instant(3600)}


def told(hook: Hook) -> set[tuple[str, str]]:
    return {
        (one["labels"]["group"], one["labels"]["number"])
        for message in list(hook.messages)
        for one in message["alerts"]
    }


def ask(url: str, stop: threading.Event, answers: list[str]) -> None:
    """Ask for something small again and again."""
    while not stop.wait(0.2):
        answers.append(get(f"{url}/api/v2/silences"))


def test_a_second_alertd_stands_by_and_takes_over(tmp_path: Path, hook: Hook) -> None:
    config = STORM.format(hook=hook.port)
    first, second = Alertd(tmp_path, config, "groups: []\n"), Alertd(tmp_path, config, "groups: []\n")
    first.start()
    post(first.url, "alerts", [_storm("1", "1")])
    argv = [alertd(), "run", "--config", "config.yaml", "--listen", f"127.0.0.1:{second.port}"]
    standby = Process("standby", argv, tmp_path)
    try:
        until("it says that it stands by", lambda: f"(pid {first.process.pid}) uses this database" in standby.tail())
        first.kill()
        until("it takes over", lambda: get(f"{second.url}/-/ready"))
        assert [one["labels"]["number"] for one in json.loads(get(f"{second.url}/api/v2/alerts"))] == ["1"]
    finally:
        standby.stop()
        first.close()
