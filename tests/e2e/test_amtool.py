"""Alertmanager's own command line tool speaks with alertd."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import Alertd, Hook

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


def test_amtool_reads_the_routes(tmp_path: Path) -> None:
    alertd = Alertd(tmp_path, MAILING, "groups: []\n")
    try:
        alertd.start()
        amtool = Amtool(alertd.url, tmp_path)
        assert 'team="db"' in amtool("config", "routes", "show")
        assert amtool("config", "routes", "test", "team=db").strip() == "db"
    finally:
        alertd.close()
