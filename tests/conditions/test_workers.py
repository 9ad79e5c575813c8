"""How workers live: warm, one a file, replaced when something changed, and gone when nobody needs them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.core.rules import Rule
from alertd.core.samples import Answer, Skipped
from alertd.errors import QueryError
from tests.conditions.conftest import AT, Bench, kill, running, settled, workers

PID = "import os\ndef check(): yield {'pid': str(os.getpid())}, 1\n"
SLOW = "import time\ndef check(seconds: float): time.sleep(seconds); return True"


def pid(answer: Answer | Skipped | QueryError) -> str:
    assert isinstance(answer, Answer), answer
    return answer.samples[0].labels["pid"]


async def test_a_worker_stays_until_its_file_changes(bench: Bench) -> None:
    first, second = pid(await bench.run(PID)), pid(await bench.made[0].call(bench.rule(), AT))
    assert first == second
    assert pid(await bench.run(PID + "# changed\n")) != first
    other = bench.write(PID + "# CHANGED\n", "other.py")  # as long, and moved in place as an editor would
    third = pid(await bench.made[0].call(bench.rule(), AT))
    other.rename(bench.folder / "condition.py")
    assert pid(await bench.made[0].call(bench.rule(), AT)) != third
    assert await settled(1)


async def test_a_module_beside_it_counts_as_the_file(bench: Bench) -> None:
    bench.write("LIMIT = 1", "limits_of_mine.py")
    text = "from limits_of_mine import LIMIT\ndef check(): return LIMIT"
    one = await bench.run(text)
    bench.write("LIMIT = 23", "limits_of_mine.py")
    other = await bench.made[0].call(bench.rule(), AT)
    assert [answer.samples[0].value for answer in (one, other) if isinstance(answer, Answer)] == [1, 23]


async def test_a_file_that_is_gone_is_an_error_and_comes_back(bench: Bench) -> None:
    await bench.run(PID)
    (bench.folder / "condition.py").unlink()
    assert "FileNotFoundError" in str(await bench.made[0].call(bench.rule(), AT))
    assert isinstance(await bench.run(PID), Answer)


async def test_a_worker_is_replaced_after_some_calls(bench: Bench) -> None:
    conditions = bench.conditions(calls=2)
    bench.write(PID)
    pids = [pid(await conditions.call(bench.rule(), AT)) for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


async def test_a_worker_that_vanishes_between_calls_is_replaced(bench: Bench) -> None:
    kill(int(pid(await bench.run(PID))))
    assert await settled(0)
    await asyncio.sleep(0.2)
    assert isinstance(await bench.made[0].call(bench.rule(), AT), Answer)


async def test_files_do_not_wait_for_each_other(bench: Bench) -> None:
    bench.write(SLOW, "slow.py")
    conditions = bench.conditions()
    bench.write(PID)
    slow, quick = bench.rule(name="slow.py", seconds=60, timeout=2), bench.rule()
    await conditions.warm([slow, quick])
    order: list[str] = []

    async def call(rule: Rule, name: str) -> None:
        await conditions.call(rule, AT)
        order.append(name)

    await asyncio.gather(call(slow, "slow"), *(call(quick, "quick") for _ in range(5)))
    assert order == ["quick"] * 5 + ["slow"]


async def test_calls_of_one_file_wait_within_their_deadlines(bench: Bench) -> None:
    bench.write(SLOW)
    conditions = bench.conditions()
    await conditions.warm([bench.rule()])
    answers = await asyncio.gather(
        conditions.call(bench.rule(seconds=0.5, timeout=9), AT),
        conditions.call(bench.rule(seconds=0.5, timeout=9), AT),
        conditions.call(bench.rule(seconds=0, timeout=0.3), AT),
        conditions.call(bench.rule(seconds=0, timeout=9), AT),
    )
    assert [isinstance(answer, Answer) for answer in answers] == [True, True, False, True]
    assert "waited 0.3 s for other conditions of this file" in str(answers[2])


async def test_who_is_cancelled_leaves_it_usable(bench: Bench) -> None:
    bench.write(SLOW)
    conditions = bench.conditions()
    assert isinstance(await conditions.call(bench.rule(seconds=0), AT), Answer)
    for delay in (0.0, 0.001, 0.05):
        task = asyncio.ensure_future(conditions.call(bench.rule(seconds=60, timeout=99), AT))
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await conditions.call(bench.rule(seconds=0), AT), Answer)
    assert await settled(1)


async def test_cancelled_while_a_worker_starts(bench: Bench) -> None:
    bench.write(PID)
    conditions = bench.conditions()
    for delay in (0.0, 0.005, 0.02, 0.1):
        task = asyncio.ensure_future(conditions.call(bench.rule(), AT))
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert isinstance(await conditions.call(bench.rule(), AT), Answer)
    await conditions.aclose()
    assert workers() == []


async def test_nothing_is_left_behind(bench: Bench) -> None:
    bench.write(SLOW)
    bench.write(PID, "other.py")
    conditions = bench.conditions()
    await conditions.call(bench.rule(name="other.py"), AT)
    task = asyncio.ensure_future(conditions.call(bench.rule(seconds=60, timeout=99), AT))
    assert await settled(2)
    before = workers()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    await conditions.aclose()
    answer = await task
    assert isinstance(answer, QueryError)
    assert running(before) == workers() == []
    assert len(list(Path("/proc/self/fd").iterdir())) < descriptors


async def test_closed_with_others_waiting(bench: Bench) -> None:
    bench.write(SLOW)
    for delay in (0.0, 0.02, 0.2, 0.8):
        conditions = bench.conditions()
        calls = [asyncio.ensure_future(conditions.call(bench.rule(seconds=60, timeout=99), AT)) for _ in range(3)]
        await asyncio.sleep(delay)
        await conditions.aclose()
        assert [type(answer) for answer in await asyncio.gather(*calls)] == [QueryError] * 3
        assert workers() == []
        assert "not called any more" in str(await conditions.call(bench.rule(seconds=0), AT))


async def test_one_that_keeps_dying_rests(bench: Bench) -> None:
    conditions = bench.conditions(backoff=timedelta(minutes=10), longest_backoff=timedelta(minutes=15))
    bench.write("import os\ndef check(): os._exit(3)")

    async def said() -> str:
        return str(await conditions.call(bench.rule(), AT)).partition("(exit code 3)")[2]

    assert [await said(), await said()] == ["", ""]
    assert (await said()).startswith("; died 2 times in a row, rests for")
    bench.clock.ahead += 300
    assert "died 2 times" in await said()
    bench.clock.ahead += 301
    assert await said() == ""  # the third death, after which it rests longer, but not for 20 minutes
    bench.clock.ahead += 601
    assert "died 3 times" in await said()
    bench.clock.ahead += 300
    assert await said() == ""


async def test_a_mended_file_need_not_rest(bench: Bench) -> None:
    bench.conditions(backoff=timedelta(minutes=5))
    broken = await bench.run("import os\ndef check(): os._exit(3)")
    for _ in range(2):
        broken = await bench.made[0].call(bench.rule(), AT)
    assert "rests for 300 s more" in str(broken)
    assert isinstance(await bench.run(PID), Answer)


async def test_a_good_call_is_forgiveness(bench: Bench) -> None:
    conditions = bench.conditions(backoff=timedelta(minutes=5))
    bench.write("import os\ndef check(): os._exit(3)\ndef fine(): return True")
    for _ in range(3):
        assert "exit code 3" in str(await conditions.call(bench.rule(), AT))
        assert isinstance(await conditions.call(bench.rule("fine"), AT), Answer)


async def test_only_so_many_stay_warm(bench: Bench) -> None:
    conditions = bench.conditions(workers=2)
    for name in ("a.py", "b.py", "c.py"):
        bench.write(PID, name)
    for name in ("a.py", "b.py", "a.py", "c.py"):
        await conditions.call(bench.rule(name=name), AT)
    assert await settled(2)


async def test_warming(bench: Bench) -> None:
    bench.write(PID, "a.py")
    bench.write("import os; os._exit(1)", "b.py")
    bench.write(PID, "c.py")
    conditions = bench.conditions()
    await conditions.warm([bench.rule(name=name) for name in ("a.py", "b.py", "c.py", "missing.py")])
    assert await settled(2)
    before = workers()
    assert int(pid(await conditions.call(bench.rule(name="a.py"), AT))) in before
    await conditions.warm([bench.rule(name="a.py")])
    assert await settled(1)


async def test_inspection_names_place_and_advice(bench: Bench) -> None:
    bench.write("def check(budget: float, window: int = 5): return True")
    bench.write("import nosuch", "broken.py")
    conditions = bench.conditions()
    problems = await conditions.inspect(
        [
            bench.rule(budget="0.5"),
            bench.rule(budgt=1),
            bench.rule(budget="much"),
            bench.rule("chekc"),
            bench.rule(name="broken.py"),
            Rule("plain", "up"),
        ]
    )
    assert list(map(str, problems)) == [
        'rules.yml:7: group "group", rule "Test": python: ' + text
        for text in (
            'the parameter "budget" is missing (add it to params, or give it a default)',
            'unknown parameter "budgt" (did you mean "budget"?)',
            "params.budget: Input should be a valid number, unable to parse string as a number",
            'there is no function "chekc" (did you mean "check"?)',
            "broken.py: it cannot be imported: ModuleNotFoundError: No module named 'nosuch' (broken.py:1 in <module>)",
        )
    ]
