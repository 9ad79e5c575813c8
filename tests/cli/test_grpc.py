"""The commands that call over gRPC, against a real server."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from alertd.cli import cli
from alertd.config.webmodels import TokenEntry
from alertd.core.mutes import Verdict
from tests.e2e.rig import alertd
from tests.rpc.calls import Daemon, pending, resolved
from tests.rpc.test_access import issue
from tests.rpc.test_alerts import Muted
from tests.web.daemon import firing

DISK, LOAD = firing("Disk", severity="page", host="a"), pending(firing("Load"))
PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


async def call(*arguments: str, **environment: str) -> Result:
    """One command, in a thread, as the server needs the loop."""
    return await asyncio.to_thread(CliRunner(env=environment).invoke, cli, list(arguments))


async def test_alerts_are_shown_as_over_http() -> None:
    daemon = Daemon((DISK, LOAD), Muted(Verdict(("s1",)), "Disk"))
    async with daemon.running() as face:
        place = f"127.0.0.1:{face.port}"
        shown, data = await call("alerts", "--grpc", place), await call("alerts", "-o", "json", ALERTD_GRPC=place)
        some = await call("alerts", "--grpc", place, "--state", "pending")
    header, first, second = shown.output.splitlines()
    assert header.split() == ["STATE", "SEVERITY", "ALERT", "SINCE", "VALUE", "MUTED", "LABELS"]
    assert first.split() == ["firing", "page", "Disk", "2026-01-01T11:59:00Z", "0", "silenced", "host=a"]
    assert second.split() == ["pending", "-", "Load", "2026-01-01T11:59:00Z", "0", "-"]
    assert json.loads(data.output)[0] == {
        "fingerprint": DISK.labels.fingerprint,
        "labels": {"alertname": "Disk", "host": "a", "severity": "page"},
        "annotations": {"summary": "Disk"},
        "state": "firing",
        "activeAt": "2026-01-01T11:59:00.5Z",
        "firedAt": "2026-01-01T11:59:00.5Z",
        "value": "0e+00",
        "silencedBy": ["s1"],
    }
    assert "Disk" not in some.output


async def test_a_call_is_part_of_the_trace_of_who_calls_or_of_a_new_one() -> None:
    daemon = Daemon()
    async with daemon.running() as face:
        place = f"127.0.0.1:{face.port}"
        await call("alerts", "--grpc", place, TRACEPARENT=PARENT)
        for given in ("", "nonsense", PARENT.replace("a" * 32, "0" * 32), f"{PARENT}\nx: y"):
            await call("alerts", "--grpc", place, "--traceparent", given)
    first, *others = [span.parent for span in daemon.tracer.named("alertd.v1.Alerts/List")]
    assert first == PARENT
    assert len({parent[3:35] for parent in others} - {"a" * 32, "0" * 32}) == 4


async def test_tokens_users_and_tls(tmp_path: Path) -> None:
    daemon, authority = Daemon((DISK,)), trustme.CA()
    daemon.configure(issue(authority, tmp_path), tokens=(TokenEntry(token="hush"),))
    (tmp_path / "token").write_text("hush\n")
    (tmp_path / "wrong").write_text("wrong\n")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    async with daemon.running() as face:
        where = ["--grpc", f"127.0.0.1:{face.port}"]
        tls = [*where, "--ca-file", str(tmp_path / "ca.pem")]
        assert "Disk" in (await call("alerts", *tls, "--token-file", str(tmp_path / "token"))).output
        wrong = await call("alerts", *tls, "--token-file", str(tmp_path / "wrong"))
        nobody = await call("alerts", "--grpc", f"ann:secret@{where[1]}", *tls[2:])
        clear = await call("alerts", *where)
        stranger = await call("alerts", *where, "--tls")
        argv = [alertd(), "alerts", *where, "--ca-file", str(tmp_path / "other.pem")]
        mistrusting = await asyncio.create_subprocess_exec(*argv, stdout=-1, stderr=-1)
        _, said = await mistrusting.communicate()
        healthy = await call("healthcheck", *tls, "--token-file", str(tmp_path / "token"))
    for done in (wrong, nobody):
        assert (done.exit_code, "UNAUTHENTICATED" in done.output, "--token-file" in done.output) == (1, True, True)
    assert "secret" not in nobody.output
    for done in (clear, stranger):
        assert (done.exit_code, "UNAVAILABLE" in done.output, "--ca-file" in done.output) == (1, True, True)
    assert [line.split()[0] for line in said.decode().splitlines()] == ["alertd", "Is"]  # and nothing of the library's
    assert (healthy.exit_code, healthy.output) == (0, "ready\n")


async def test_health() -> None:
    daemon = Daemon(ailments=("late",))
    async with daemon.running() as face:
        ill = await call("healthcheck", "--grpc", f"127.0.0.1:{face.port}")
        daemon.ailments = ()
        await face.step()
        well = await call("healthcheck", "--grpc", f"127.0.0.1:{face.port}")
    gone = await call("healthcheck", "--grpc", f"127.0.0.1:{face.port}")
    assert (ill.exit_code, "does not do its work" in ill.output) == (1, True)
    assert (well.exit_code, well.output) == (0, "ready\n")
    assert (gone.exit_code, "UNAVAILABLE" in gone.output) == (1, True)


async def watched(daemon: Daemon, *flags: str) -> tuple[Sequence[str], int]:
    """What `alertd watch` prints of two changes, and how it ends when alertd does."""
    async with daemon.running() as face:
        argv = [alertd(), "watch", "--grpc", f"127.0.0.1:{face.port}", *flags]
        process = await asyncio.create_subprocess_exec(*argv, stdout=-1, stderr=-1)
        assert process.stdout is not None
        lines = [await asyncio.wait_for(process.stdout.readline(), 20)]  # from here on it hears of everything
        daemon.move(pending(DISK), DISK)
        daemon.move(DISK, resolved(DISK))
        lines += [await asyncio.wait_for(process.stdout.readline(), 20) for _ in range(2)]
        face.leave()
        out, error = await asyncio.wait_for(process.communicate(), 20)
    assert b"alertd is shutting down" in error
    assert process.returncode is not None
    return [line.decode().rstrip() for line in (*lines, *out.splitlines())], process.returncode


async def test_watching() -> None:
    lines, code = await watched(Daemon((DISK, LOAD)), "Disk")
    assert lines == [
        "2026-01-01T12:00:00Z  firing    page      Disk  host=a",
        "2026-01-01T12:00:00Z  firing    page      Disk  host=a",
        "2026-01-01T12:00:00Z  resolved  page      Disk  host=a",
    ]
    assert code == 1


async def test_watching_for_programs() -> None:
    lines, _ = await watched(Daemon((DISK, LOAD)), "--changes", "-o", "json", 'host=~"a|b"')
    ready, fires, ends = map(json.loads, lines)
    assert ready["ready"] == {"snapshot": False}
    assert [one["transition"]["alert"]["state"] for one in (fires, ends)] == ["STATE_FIRING", "STATE_RESOLVED"]
    assert ends["cursor"] > fires["cursor"] > ready["cursor"]


async def test_going_on_after_what_nobody_remembers() -> None:
    async with Daemon().running() as face:
        done = await call("watch", "--grpc", f"127.0.0.1:{face.port}", "--changes", "--after", "x-1")
    assert (done.exit_code, "OUT_OF_RANGE" in done.output) == (1, True)


async def test_wrong_usage() -> None:
    assert (await call("watch", "a~b", "--grpc", "127.0.0.1:1")).exit_code == 2


ADVICE = "docs/install.md says how to get the extra grpc; in short: pip install 'alertd[grpc]'"


@pytest.fixture
def without() -> list[str]:
    """A Python in which the extra is not installed."""
    hide = "import sys; sys.modules.update(dict.fromkeys(('grpc', 'grpc_health', 'google.protobuf')));"
    return [sys.executable, "-c", f"{hide} from alertd.cli import main; main()"]


@pytest.mark.parametrize("command", [["alerts", "--grpc", "x:1"], ["watch"], ["healthcheck", "--grpc", "x:1"]])
def test_without_the_extra(without: list[str], command: list[str]) -> None:
    done = subprocess.run([*without, *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gRPC needs packages that are not installed: {ADVICE}\n"


def test_a_daemon_without_the_extra(without: list[str], tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("storage: {url: memory}\ngrpc: {}\n")
    argv = [*without, "run", "--config", "config.yaml"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "config.yaml:2:" in done.stderr
    assert f"gRPC needs packages that are not installed ({ADVICE})" in done.stderr
