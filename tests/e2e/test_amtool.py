"""Alertmanager's own command line tool speaks with alertd."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import Alertd, Hook, get, until

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("amtool"), reason="needs amtool")]

CONFIG = """
storage: {{url: "sqlite:///state/alertd.db"}}
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  routes: [{{receiver: db, matchers: ['team="db"']}}]
receivers:
- name: ops
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/hook?token=hidden-from-all"}}]
- name: db
  webhook_configs: [{{url: "http://127.0.0.1:{hook}/db"}}]
"""


class Amtool:
    """`amtool` against one alertd."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        argv = ["amtool", f"--alertmanager.url={self._url}", "--no-version-check", *arguments]
        done = subprocess.run(
            argv, cwd=self._folder, env={"HOME": str(self._folder)}, capture_output=True, text=True, timeout=30
        )
        assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self("-o", "json", *arguments))


@pytest.fixture
def hook() -> Iterator[Hook]:
    one = Hook()
    yield one
    one.close()


@pytest.fixture
def alertd(tmp_path: Path, hook: Hook) -> Iterator[Alertd]:
    one = Alertd(tmp_path, CONFIG.format(hook=hook.port), "groups: []\n")
    one.start()
    yield one
    one.close()


@pytest.fixture
def amtool(alertd: Alertd) -> Amtool:
    return Amtool(alertd.url, alertd.folder)


def test_the_daemon_as_amtool_sees_it(alertd: Alertd, amtool: Amtool) -> None:
    assert "ready" in amtool("cluster", "show")
    (peer,) = amtool.json("cluster", "show")["peers"]
    assert peer["address"] == f"127.0.0.1:{alertd.port}"
    shown = amtool("config", "show")
    assert "receiver: db" in shown
    assert "hidden-from-all" not in shown
    assert amtool.json("alert", "query") == []
    assert "bad regular expression" in amtool("alert", "query", "a=b", "c=~(", fails=True)


MAILING = """
storage: {url: memory}
global: {smtp_smarthost: "127.0.0.1:25", smtp_from: alertd@example.org}
route: {receiver: ops, routes: [{receiver: db, matchers: ['team="db"']}]}
receivers:
- {name: ops, email_configs: [{to: ops@example.org}]}
- {name: db, email_configs: [{to: db@example.org, auth_password: hidden}]}
"""


def test_amtool_reads_the_configuration(tmp_path: Path) -> None:
    """What is alertd's own is a comment in what it is shown."""
    alertd = Alertd(tmp_path, MAILING, "groups: []\n")
    try:
        alertd.start()
        amtool = Amtool(alertd.url, tmp_path)
        assert 'team="db"' in amtool("config", "routes", "show")
        assert amtool("config", "routes", "test", "team=db").strip() == "db"
        (tmp_path / "shown.yml").write_text(json.loads(get(f"{alertd.url}/api/v2/status"))["config"]["original"])
        assert "2 receivers" in amtool("check-config", "shown.yml")
    finally:
        alertd.close()


def test_amtool_reads_it_although_urls_are_hidden(alertd: Alertd, amtool: Amtool) -> None:
    assert 'team="db"' in amtool("config", "routes", "show")
    assert amtool("config", "routes", "test", "team=db").strip() == "db"
    (alertd.folder / "shown.yml").write_text(json.loads(get(f"{alertd.url}/api/v2/status"))["config"]["original"])
    assert "2 receivers" in amtool("check-config", "shown.yml")


def test_amtool_adds_and_finds_alerts(amtool: Amtool, hook: Hook) -> None:
    amtool("alert", "add", "DiskFull", "team=db", "node=a", "--annotation=summary=full")
    amtool("alert", "add", "alertname=JobDown", "node=b", "--end=2036-01-01T00:00:00Z")
    assert [one["labels"]["alertname"] for one in amtool.json("alert", "query", "team=db")] == ["DiskFull"]
    assert {one["labels"]["node"] for one in amtool.json("alert", "query")} == {"a", "b"}
    assert [one["labels"]["node"] for one in amtool.json("alert", "query", "--receiver=db")] == ["a"]
    assert "DiskFull" in amtool("-o", "extended", "alert", "query", "DiskFull")
    until(
        "both are told", lambda: {one["groupLabels"]["alertname"] for one in hook.messages} == {"DiskFull", "JobDown"}
    )


def test_amtool_silences(amtool: Amtool, tmp_path: Path) -> None:
    amtool("alert", "add", "DiskFull", "node=a", "--end=2036-01-01T00:00:00Z")
    name = amtool("silence", "add", "alertname=DiskFull", 'node=~"a|b"', "--comment=moving", "--author=ann").strip()
    (silence,) = amtool.json("silence", "query")
    assert (silence["id"], silence["createdBy"], silence["comment"]) == (name, "ann", "moving")
    (alert,) = amtool.json("alert", "query", "--silenced")
    assert alert["status"]["silencedBy"] == [name]
    assert amtool.json("alert", "query") == []
    assert amtool("silence", "query", "-q", "alertname=DiskFull").split() == [name]
    assert amtool.json("silence", "query", "alertname=Another") == []
    amtool("silence", "update", name, "--comment=moved", "--duration=2h")
    (silence,) = amtool.json("silence", "query")
    assert silence["comment"] == "moved"
    saved = amtool("-o", "json", "silence", "query")
    amtool("silence", "expire", silence["id"])
    assert amtool.json("silence", "query") == []
    assert [one["status"]["state"] for one in amtool.json("silence", "query", "--expired")][:1] == ["expired"]
    (tmp_path / "silences.json").write_text(json.dumps([{**one, "id": ""} for one in json.loads(saved)]))
    amtool("silence", "import", "silences.json")
    assert [one["comment"] for one in amtool.json("silence", "query")] == ["moved"]
    amtool("silence", "add", "alertname=~.*", "--comment=all", fails=True)
    amtool("silence", "expire", "11111111-1111-1111-1111-111111111111", fails=True)
