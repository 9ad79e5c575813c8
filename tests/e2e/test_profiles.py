"""Profiles of a real daemon, read by `go tool pprof` itself."""

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.rig import Alertd
from tests.house.tree import ROOT
from tests.telemetry.profile_proto import read
from tests.telemetry.test_profiles import opened

pytestmark = pytest.mark.e2e

CONFIG = "storage: {url: memory}\nreceivers: [{name: ops}]\ntelemetry: {profiling: {enabled: true}}\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertd]:
    alertd = Alertd(tmp_path_factory.mktemp("profiles"), CONFIG, "groups: []\n")
    alertd.start()
    yield alertd
    alertd.close()


def fetched(daemon: Alertd, path: str) -> bytes:
    with urllib.request.urlopen(f"{daemon.url}/debug/pprof/{path}", timeout=30) as answer:
        page: bytes = answer.read()
    return page


def pprof() -> list[str]:
    """Go's, or what `make test` fetches of it where there is no Go."""
    go = shutil.which("go")
    return [go, "tool", "pprof"] if go else [str(ROOT / ".tools/pprof")]


@pytest.mark.parametrize("path", ["profile?seconds=1", "heap?seconds=1", "allocs?seconds=1", "goroutine"])
def test_the_profiles_are_what_they_say(daemon: Alertd, path: str) -> None:
    found = read(fetched(daemon, path))
    assert found.kinds[-1] in (("cpu", "nanoseconds"), ("inuse_space", "bytes"), ("goroutine", "count"))
    opened(fetched(daemon, f"{path}{'&' if '?' in path else '?'}format=speedscope"))


@pytest.mark.parametrize(
    ("path", "kind"), [("profile?seconds=1", "cpu"), ("heap?seconds=1", "inuse_space"), ("goroutine", "goroutine")]
)
def test_go_s_pprof_reads_them_from_the_daemon(daemon: Alertd, path: str, kind: str, tmp_path: Path) -> None:
    argv = [*pprof(), "-top", f"{daemon.url}/debug/pprof/{path}"]
    shown = subprocess.run(argv, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert f"Type: {kind}" in shown.stdout


def test_where_everybody_waits_can_be_read(daemon: Alertd) -> None:
    text = fetched(daemon, "goroutine?debug=2").decode()
    assert "thread MainThread:" in text
    assert "alertd.engine.dispatcher.Dispatcher.run" in text


def test_after_a_reload_it_is_off(daemon: Alertd) -> None:
    daemon.config.write_text(CONFIG.replace("true", "false"))
    urllib.request.urlopen(urllib.request.Request(f"{daemon.url}/-/reload", method="POST"), timeout=10).close()
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(daemon, "goroutine")
    assert refused.value.code == 404
    refused.value.close()
