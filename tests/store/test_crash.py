"""What was acknowledged survives kill -9; what a full disk refused is not there by half, and the store goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store.sqlite import SqliteStore

from .deliveries import HOOK, after, delivery

FOLDER = Path(__file__).parent


def child(script: str, url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, FOLDER / script, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("acknowledged", [1, 40, 500])
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, acknowledged: int) -> None:
    url = f"sqlite:///{tmp_path}/alertd.db"
    heard: set[str] = set()
    for _ in range(3):
        with child("committer.py", url) as process:
            assert process.stdout
            heard |= {process.stdout.readline().strip() for _ in range(acknowledged)}
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
            whole, _, torn = rest.rpartition("\n")
            heard |= {line for line in whole.split("\n") if line}
        assert not torn or len(torn) < 36
        store = SqliteStore.open(url)
        found = {one.id for one in await store.claim(HOOK, after(999), after(999), 10**6)}
        await store.close()
        assert heard <= found
    assert len(heard) >= 3 * acknowledged


def test_a_file_that_may_not_grow() -> None:
    """RLIMIT_FSIZE: the disk refuses in the middle of a transaction, then there is room again."""
    with child("limited.py", "") as process:
        assert process.stdout
        assert process.stdout.read() == "kept: before after\n"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mount.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


async def test_a_full_disk(tiny_disk: Path) -> None:
    store = SqliteStore.open(f"sqlite:///{tiny_disk}/alertd.db")
    await store.commit([delivery(0, "before")], ())
    big = [delivery(0, "half"), delivery(0, "big", summary=os.urandom(2 * 1024 * 1024).hex())]
    for _ in range(3):
        with pytest.raises(StoreError, match="full: make room on the disk"):
            await store.commit(big, ())
    filler = tiny_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(2 * 1024 * 1024))
    results = await asyncio.gather(
        *(store.commit([delivery(0, str(n), summary=os.urandom(8192).hex())], ()) for n in range(150)),
        return_exceptions=True,
    )
    assert any(isinstance(result, StoreError) for result in results)
    filler.unlink()
    await store.commit([delivery(0, "after")], ())
    told = [str(n) for n, result in enumerate(results) if result is None]
    assert [one.group for one in (await store.load()).told] == ["before", *told, "after"]
    await store.close()
    store = SqliteStore.open(f"sqlite:///{tiny_disk}/alertd.db")
    assert [one.group for one in (await store.load()).told] == ["before", *told, "after"]
    await store.close()


def test_a_disk_that_is_full_from_the_start(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (tiny_disk / "filler").write_bytes(bytes(2 * 1024 * 1024))
    with pytest.raises(StoreError, match=str(tiny_disk)):
        SqliteStore.open(f"sqlite:///{tiny_disk}/alertd.db")
    (tiny_disk / "filler").unlink()
    asyncio.run(SqliteStore.open(f"sqlite:///{tiny_disk}/alertd.db").close())
