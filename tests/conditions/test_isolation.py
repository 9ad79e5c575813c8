"""Whatever a condition does, the daemon goes on, the rule says what happened, and nothing is left behind."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.core.samples import Answer
from alertd.errors import QueryError
from tests.conditions.conftest import AT, Bench, running, settled, workers

FINE = "def check(): return True"


async def fails(bench: Bench, text: str, timeout: float = 5) -> str:
    """What it says; afterwards the same file, mended, works."""
    answer = await bench.run(text, timeout=timeout)
    assert isinstance(answer, QueryError), answer
    assert not answer.blind
    assert isinstance(await bench.run(FINE), Answer)
    assert await settled(1)
    return str(answer)


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    while True: pass",
        "(lambda n: 9 ** n)(9 ** 9)",
    ],
)
async def test_that_does_not_end(bench: Bench, body: str) -> None:
    assert await fails(bench, f"def check():\n    {body}", timeout=0.5) == "condition.py: it took longer than 0.5 s"


@pytest.mark.parametrize("body", ["return bytearray(10 << 30)", "a = []\n    while True: a.append(bytearray(1 << 24))"])
async def test_memory(bench: Bench, body: str) -> None:
    assert "MemoryError: it needs more than 1024 MiB" in await fails(bench, f"def check():\n    {body}", timeout=20)


async def test_raising(bench: Bench) -> None:
    said = await fails(bench, "def check():\n    x = 1\n    return x / 0")
    assert said == "ZeroDivisionError: division by zero (condition.py:3 in check)"
    assert "    return x / 0" in bench.lines("stderr")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(7)", "it ended its process (exit code 7)"),
        ("import sys; sys.exit('bye')", "it called sys.exit('bye')"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (condition.py:2 in check)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its process was killed by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "its process was killed by SIGSEGV"),
        ("return check()", "RecursionError: maximum recursion depth exceeded"),
        ("import os; os.closerange(0, 64)\n    return True", "it ended its process (exit code 1)"),
        ("import os; os.closerange(3, 64)\n    while True: pass", "it closed the connection that belongs to alertd"),
        ("raise type('E', (Exception,), {'__str__': lambda s: 1/0})()", "E: <exception str() failed>"),
        ("raise ValueError('\\ud800' + 'x' * 10**6)", "ValueError: "),
    ],
)
async def test_endings(bench: Bench, body: str, said: str) -> None:
    answer = await fails(bench, f"def check():\n    {body}")
    assert said in answer
    assert len(answer) < 2000


@pytest.mark.parametrize("garbage", [r"b'garbage' * 100", r"b'\0\0\0\2{}'", r"b'\0\0\0\2{}' * 99", r"b'\0'"])
async def test_writing_to_the_connection(bench: Bench, garbage: str) -> None:
    text = f"""
        import os, stat
        def check():
            for fd in range(3, 64):
                try:
                    if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, {garbage})
                except OSError: pass
            return True
    """
    assert "it wrote to the connection that belongs to alertd" in await fails(bench, text)


async def test_an_answer_to_another_question(bench: Bench) -> None:
    text = """
        import json, os, stat, struct
        def check():
            for nonce in ("", "0123456789abcdef"):
                told = json.dumps({"type": "Done", "nonce": nonce, "samples": [[{}, "1.0", {}]]}).encode()
                for fd in range(3, 64):
                    try:
                        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, struct.pack("!I", len(told)) + told)
                    except OSError: pass
            return False
    """
    assert "it answered a question that was not asked" in await fails(bench, text)


@pytest.mark.parametrize(
    "spawn",
    [
        "os.fork() or time.sleep(60)",  # a child that lingers
        "os.fork()",  # a child that returns as well, and would answer
        "os.fork() or os.setsid() or time.sleep(60)",
        "os.fork() or (os.setsid(), os.fork() and os._exit(0), time.sleep(60))",  # a daemon, as in the books
        "subprocess.Popen(['sleep', '60'], start_new_session=True)",
        "ctypes.CDLL(None).fork() or time.sleep(60)",  # past the hooks of Python
        "f = ctypes.CDLL(None).fork; f() or (os.setsid(), f() and os._exit(0), time.sleep(60))",
    ],
)
async def test_children(bench: Bench, spawn: str) -> None:
    text = f"""
        import ctypes, os, subprocess, time
        def check():
            born = os.getpid()
            {spawn}
            time.sleep(0.1)
            return [({{"pid": str(os.getpid()), "born": str(born)}}, 1)]
    """
    answer = await bench.run(text)
    if isinstance(answer, Answer):  # they ended by themselves, and their word did not count
        labels = answer.samples[0].labels
        assert labels["pid"] == labels["born"]
    else:
        assert "behind" in str(answer)
    assert isinstance(await bench.run(FINE), Answer)
    assert strangers() == []


def strangers() -> list[int]:
    """Processes that sleep for us."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if command == b"sleep\x0060\x00":
            found.append(int(path.name))
    return [pid for pid in running(found) if os.getsid(pid) != os.getsid(0)]


async def test_the_answer_of_a_child_is_not_taken(bench: Bench) -> None:
    text = """
        import os
        def check():
            pid = os.fork()
            if pid: os.waitpid(pid, 0)
            return [({"who": "parent" if pid else "child"}, 1)]
    """
    for _ in range(3):
        answer = await bench.run(text)
        assert isinstance(answer, Answer)
        assert answer.samples[0].labels["who"] == "parent"


async def test_children_die_with_who_takes_too_long(bench: Bench, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    text = f"""
        import os, time
        def check():
            for _ in range(3):
                if not os.fork():
                    os.setsid()
                    with open({str(note)!r}, "a") as file: print(os.getpid(), file=file)
                    time.sleep(60)
            time.sleep(60)
    """
    assert "longer" in await fails(bench, text, timeout=1)
    pids = [int(line) for line in note.read_text().split()]
    assert len(pids) == 3
    assert running(pids) == []


async def test_a_thread_that_stays_costs_the_worker(bench: Bench) -> None:
    text = """
        import os, threading, time
        def check(who):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            return [({"pid": str(os.getpid())}, 1)]
    """
    first, second = await bench.run(text, who="a"), await bench.run(text, who="b")
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert first.samples != second.samples


async def test_a_hundred_megabytes_of_prints(bench: Bench) -> None:
    text = """
        import os
        def check():
            for _ in range(1_000): print(("x" * 99 + "\\n") * 1_000, end="")
            os.write(2, b"y" * 5_000_000)
            return True
    """
    assert isinstance(await bench.run(text, timeout=30), Answer)
    assert isinstance(await bench.run("def check(): print('after', end=''); return True"), Answer)
    lines = bench.lines()
    assert len(lines) < 700
    assert lines[0] == "x" * 99
    assert "… more than 64 KiB in one call: the rest is dropped" in lines
    assert sum(map(len, bench.lines("stderr"))) < 10_000


async def test_prints_name_their_rule(bench: Bench) -> None:
    await bench.run("print('loaded', flush=True)\ndef check(): print('é'); print('zwei\\r'); return True")
    await bench.made[0].aclose()
    assert [(one.text, one.rule and one.rule.name) for one in bench.printed] == [
        ("loaded", None),
        ("é", "Test"),
        ("zwei", "Test"),
    ] or bench.lines() == ["loaded", "é", "zwei"]


async def test_nothing_of_the_daemon_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTD_SMTP_PASSWORD", "hunter2")
    text = """
        import os, sys
        def check():
            fds = sorted(os.listdir("/proc/self/fd"))
            yield {"env": " ".join(sorted(os.environ)), "cwd": os.getcwd(), "argv": " ".join(sys.argv[1:])}, len(fds)
            yield {"all": str(dict(os.environ))}, 0
    """
    with Path(__file__).open() as inherited:
        os.set_inheritable(inherited.fileno(), True)
        answer = await bench.run(text)
    assert isinstance(answer, Answer)
    seen, everything = answer.samples
    assert seen.labels["env"] == "HOME LANG MALLOC_ARENA_MAX OMP_NUM_THREADS OPENBLAS_NUM_THREADS PATH TZ"
    assert "hunter2" not in everything.labels["all"]
    assert seen.labels["cwd"] == "/"
    assert "argv" not in seen.labels
    assert seen.value == 5  # 0, 1, 2, the connection, and the listing itself


def test_the_daemon_is_not_readable_by_its_own_user() -> None:
    """A worker has the daemon's user, and could read in /proc what it was not given."""
    script = """
        import ctypes, os
        from alertd.conditions.confine import keep_private

        if os.getuid() == 0:
            os.setgid(65534), os.setuid(65534)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as after the start of a program

        def child_reads():
            child = os.fork()
            if not child:
                try:
                    open(f"/proc/{os.getppid()}/environ").close()
                except PermissionError:
                    os._exit(7)
                os._exit(0)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        print(child_reads(), flush=True)
        keep_private()
        print(child_reads(), flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == ["0", "7"]


async def test_limits_are_in_force(bench: Bench) -> None:
    text = """
        import resource as r
        def check():
            for name in ("AS", "NOFILE", "CORE", "FSIZE"):
                yield {"limit": name}, r.getrlimit(getattr(r, "RLIMIT_" + name))[1]
    """
    answer = await bench.run(text)
    assert isinstance(answer, Answer)
    assert [sample.value for sample in answer.samples] == [1 << 30, 64, 0, 16 << 20]


async def test_processor_time_is_limited_when_nobody_looks(bench: Bench) -> None:
    """A thread that goes on computing after a call cannot go on for ever, and the next call does not mind."""
    text = """
        import _thread, os
        def spin():
            while True: pass
        def check():
            _thread.start_new_thread(spin, ())
            return True
    """
    conditions = bench.conditions()
    bench.write(text)
    assert isinstance(await conditions.call(bench.rule(timeout=0.5), AT), Answer)
    (worker,) = workers()
    until = time.monotonic() + 15
    while running([worker]) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert await settled(0)
    assert isinstance(await conditions.call(bench.rule(), AT), Answer)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "import nosuchmodule",
            "cannot be imported: ModuleNotFoundError: No module named 'nosuchmodule' (condition.py:1",
        ),
        ("def check(:", "cannot be imported: SyntaxError: "),
        ("raise SystemExit(3)", "cannot be imported: it called sys.exit(3)"),
        ("import os; os._exit(3)", "it ended its process (exit code 3)"),
        ("import os, time; os.fork() or time.sleep(60)\ndef check(): return True", "it leaves processes behind"),
        ("x = bytearray(10 << 30)", "cannot be imported: MemoryError"),
        ("", 'there is no function "check"'),
        ("check = 5", '"check" is no function'),
        ("async def check(): return True", '"check" is async'),
    ],
)
async def test_files_that_cannot_be_used(bench: Bench, text: str, said: str) -> None:
    assert said in await fails(bench, text)


async def test_a_file_that_does_not_exist(bench: Bench) -> None:
    answer = await bench.conditions().call(bench.rule(name="missing.py"), AT)
    assert "cannot be imported: FileNotFoundError" in str(answer)


async def test_an_import_that_does_not_end(bench: Bench) -> None:
    bench.conditions(start=timedelta(seconds=4))
    assert "importing it took longer than 4 s" in await fails(bench, "while True: pass")
