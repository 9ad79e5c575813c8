"""`alertd silence`, as it is installed, with the running daemon and with the real Alertmanager."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.rig import Alertd, Process, alertd, free_port, get, until

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not ALERTMANAGER, reason="needs Alertmanager")]

CONFIG = "route: {receiver: ops}\nreceivers: [{name: ops}]\n"
Run = Callable[..., str]


@pytest.fixture(params=["alertd", "alertmanager"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where one of the two listens."""
    if request.param == "alertd":
        ours = Alertd(tmp_path, f"storage: {{url: memory}}\n{CONFIG}", "groups: []\n")
        ours.start()
        yield ours.url
        ours.close()
        return
    (tmp_path / "alertmanager.yml").write_text(CONFIG)
    at = f"http://127.0.0.1:{free_port()}"
    argv = [str(ALERTMANAGER), "--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
    theirs = Process("alertmanager", [*argv, f"--web.listen-address={at.removeprefix('http://')}"], tmp_path)
    until("Alertmanager to be ready", lambda: get(f"{at}/-/ready"))
    yield at
    theirs.kill()


@pytest.fixture
def run(url: str) -> Run:
    def call(*words: str, given: str = "", exits: int = 0) -> str:
        argv = [alertd(), "silence", words[0], "--url", url, *words[1:]]
        done = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == exits, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr if exits else done.stdout

    return call


def test_the_life_of_silences(run: Run) -> None:
    disk = run("add", "DiskFull", 'node=~"a|b"', "zone!=x", "-c", "new disk", "-a", "ann", "-d", "2d").strip()
    host = run("add", "host=db-1", "-c", "moving", "-a", "bob").strip()
    assert set(run("list", "-q").split()) == {disk, host}
    assert run("list", "-q", "host=db-1").split() == run("list", "-q", "--within", "2h").split() == [host]
    assert run("list", "-q", "--author", "ann").split() == [disk]
    saved = run("list", "-o", "json")
    assert run("expire", "host=db-1").split() == [host]
    assert run("list", "-q", "--expired").split() == [host]
    assert "there are no such silences" in run("expire", "host=db-1", exits=1)
    assert run("expire", disk).split() == [disk]
    assert len(run("import", given=saved).split()) == 2
    again = {one["comment"]: one["matchers"] for one in json.loads(run("list", "-o", "json"))}
    assert again == {one["comment"]: one["matchers"] for one in json.loads(saved)}


def test_what_amtool_prints_is_imported(url: str, run: Run) -> None:
    if not shutil.which("amtool"):
        pytest.skip("needs amtool")
    argv = ["amtool", f"--alertmanager.url={url}", "--no-version-check", "-o", "json", "silence", "query"]
    run("add", "DiskFull", "-c", "new disk")
    printed = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout
    name = run("import", given=printed).strip()
    assert name in run("list", "-q", "DiskFull").split()


def test_a_silence_about_nothing_is_told(url: str) -> None:
    argv = [alertd(), "silence", "add", "NoSuchAlert", "-c", "c", "--url", url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "no alert that fires matches at the moment\n"


def test_refusals_are_a_sentence(run: Run) -> None:
    for words in (
        ("add", "A", "-c", "late", "--end", "2020-01-01T00:00Z"),
        ("add", "a=~.*", "-c", "everything"),
        ("expire", "11111111-1111-1111-1111-111111111111"),
        ("expire", "nonsense"),
    ):
        assert "Traceback" not in run(*words, exits=1)
