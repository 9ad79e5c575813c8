"""The disk fills up, is read-only, or is in use by somebody else: alertd says so, waits, and loses nothing."""

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Rig
from tests.e2e.rig import Alertd, alertd, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where the state will be."""
    place = tmp_path / "state"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 1024)
        except OSError:
            return ballast


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def jobs(rig: Rig, **broken: int) -> None:
    rig.exporter.set_all({f'broken{{job="{job}"}}': value for job, value in broken.items()})


def heard(rig: Rig, name: str) -> list[tuple[str, str]]:
    """What the webhook was told of an alert: job and status, in order."""
    alerts = [alert for message in rig.hook.messages for alert in message["alerts"]]
    return [(one["labels"].get("job", ""), one["status"]) for one in alerts if one["labels"]["alertname"] == name]


def accepted(daemon: Alertd) -> int:
    return daemon.process.log.read_text().count('"message_accepted"')


def troubles(daemon: Alertd) -> int:
    return daemon.process.log.read_text().count("disk is full")


def test_a_full_disk_stops_messages_until_there_is_room_and_none_is_lost(rig: Rig, disk: Path) -> None:
    daemon = rig.start(route="repeat_interval: 1h")
    jobs(rig, api=1)
    until("both to be told, and that to be written", lambda: accepted(daemon) == 2)
    assert heard(rig, "Broken") == [("api", "firing")]
    ballast = fill(disk)
    jobs(rig, api=1, db=1)
    until("alertd to notice", lambda: troubles(daemon))
    until("it to be tried again", lambda: daemon.metric("alertd_troubles_total") > 2)
    assert daemon.alerts()["Broken"] == "firing"
    assert ("db", "firing") not in heard(rig, "Broken"), "what is told has to be on the disk before"
    ballast.unlink()
    until("the second alert to be told", lambda: ("db", "firing") in heard(rig, "Broken"))
    until("the disk to be told of", lambda: heard(rig, "AlertdStateNotWritable"))
    jobs(rig, api=0, db=0)
    until("everything to be closed", lambda: {("api", "resolved"), ("db", "resolved")} <= set(heard(rig, "Broken")))
    assert daemon.stop() == 0
    assert len(set(rig.hook.ids)) == len(rig.hook.ids)


def test_a_disk_that_is_full_at_the_start_is_named(rig: Rig, disk: Path) -> None:
    fill(disk)
    with pytest.raises(AssertionError, match=r"alertd ended at once[^§]*state/alertd\.db[^§]*disk is full"):
        rig.start()


def test_a_disk_that_is_read_only_is_named_and_the_state_waits(rig: Rig, disk: Path) -> None:
    daemon = rig.start(route="repeat_interval: 1h")
    jobs(rig, api=1)
    until("the alert to be told", lambda: ("api", "firing") in heard(rig, "Broken"))
    assert daemon.stop() == 0
    remount(disk, "ro")
    with pytest.raises(AssertionError, match=r"alertd ended at once[^§]*state/alertd\.db[^§]*Read-only"):
        daemon.start()
    remount(disk, "rw")
    jobs(rig, api=0)
    daemon.start()
    until("the alert to be closed", lambda: heard(rig, "Broken") == [("api", "firing"), ("api", "resolved")])
    assert daemon.stop() == 0


def test_a_state_that_somebody_else_writes_to_is_waited_for(rig: Rig) -> None:
    daemon = rig.start(route="repeat_interval: 1h")
    other = sqlite3.connect(rig.folder / "state" / "alertd.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    jobs(rig, api=1)
    until("alertd to notice", lambda: "locked" in daemon.process.log.read_text())
    assert heard(rig, "Broken") == []
    other.execute("ROLLBACK")
    other.close()
    until("the alert to be told", lambda: heard(rig, "Broken") == [("api", "firing")])
    assert daemon.stop() == 0


def test_a_database_that_is_damaged_is_kept_aside_and_told_of(rig: Rig) -> None:
    daemon = rig.start(route="repeat_interval: 1h")
    jobs(rig, api=1)
    until("the alert to be told", lambda: ("api", "firing") in heard(rig, "Broken"))
    assert daemon.stop() == 0
    database = rig.folder / "state" / "alertd.db"
    database.write_bytes(database.read_bytes()[:100] + b"\xff" * 20_000)
    daemon.start()
    until("the damage to be told", lambda: heard(rig, "AlertdStateDamaged"))
    until("the alert to be told anew", lambda: heard(rig, "Broken").count(("api", "firing")) == 2)
    assert database.with_name("alertd.db.damaged-1").read_bytes().endswith(b"\xff" * 20_000)
    assert daemon.stop() == 0


def test_the_state_goes_to_another_machine(rig: Rig) -> None:
    daemon = rig.start(route="repeat_interval: 1h")
    jobs(rig, api=1)
    until("the alert to be told", lambda: ("api", "firing") in heard(rig, "Broken"))
    kept = rig.folder / "kept.jsonl"
    _state("export", "--config", "config.yaml", str(kept), cwd=rig.folder)  # while it runs
    assert daemon.stop() == 0
    (rig.folder / "state").rename(rig.folder / "old")
    _state("import", "--config", "config.yaml", str(kept), cwd=rig.folder)
    daemon.start()
    jobs(rig, api=0)
    until("the alert to be closed", lambda: heard(rig, "Broken") == [("api", "firing"), ("api", "resolved")])
    assert daemon.stop() == 0


def _state(*arguments: str, cwd: Path) -> None:
    subprocess.run([alertd(), "state", *arguments], cwd=cwd, check=True, capture_output=True)
