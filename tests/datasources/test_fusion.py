"""Fused or alone, the answers are the same; who is to blame is found, and nobody else suffers for long."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.datasources.fused import FusedDatasource
from alertd.datasources.fusion import CANARY, MARK, batches, fuse, fusible
from alertd.errors import QueryError, QueryFailure
from alertd.testing import START, ManualClock

from .fusing import FusingServer

pytestmark = pytest.mark.anyio

BAD = QueryError("execution: many-to-many", QueryFailure.EXECUTION)
SLOW = QueryError("timeout: it took too long", QueryFailure.TIMEOUT)
DOWN = QueryError("nobody is there", QueryFailure.UNREACHABLE)
LOST = QueryError("refused", QueryFailure.REFUSED)
HOUR = timedelta(hours=1)


class Rig:
    """A fused datasource on a scripted server."""

    def __init__(self, most: int = 50) -> None:
        self.server, self.clock = FusingServer(), ManualClock()
        self.source = FusedDatasource(self.server, most, self.clock)

    async def ask(self, *exprs: str) -> Sequence[Answer | QueryError]:
        return await self.source.query(exprs, self.clock.now())

    async def asked(self, *exprs: str) -> list[int]:
        """How many expressions were in each query that these led to, the canary left out."""
        self.server.queries.clear()
        await self.ask(*exprs)
        return sorted(query.count(MARK) or 1 for query in self.server.queries if query != fuse(CANARY))


def one(expr: str, value: float = 1.0) -> Answer:
    return Answer((Sample(Labels({"__name__": expr, "job": "a"}), value),))


def set_all(rig: Rig, *exprs: str) -> None:
    for number, expr in enumerate(exprs):
        rig.server.set(expr, *one(expr, number).samples)


MANY = [f"x{number}" for number in range(120)]


async def test_many_become_few_and_the_answers_are_their_own() -> None:
    rig = Rig()
    set_all(rig, *MANY)
    assert await rig.ask(*MANY) == [one(expr, number) for number, expr in enumerate(MANY)]
    assert await rig.asked(*MANY) == [40, 40, 40]


async def test_the_same_expression_is_asked_once() -> None:
    rig = Rig()
    set_all(rig, "a", "b")
    assert await rig.ask("a", "b", "a", "a") == [one("a", 0), one("b", 1), one("a", 0), one("a", 0)]
    assert await rig.asked("a", "b", "a") == [2]


async def test_groups_with_the_same_instant_share_a_query() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    await rig.ask("a", "b")
    rig.server.queries.clear()
    calls = (rig.source.query(exprs, START) for exprs in (["a", "b"], ["c"], ["b", "c"]))
    assert await asyncio.gather(*calls) == [[one("a", 0), one("b", 1)], [one("c", 2)], [one("b", 1), one("c", 2)]]
    assert [query.count(MARK) for query in rig.server.queries] == [3]
    await asyncio.gather(rig.source.query(["a", "b"], START), rig.source.query(["a", "b"], START + HOUR))
    assert len(rig.server.queries) == 3


async def test_who_leaves_takes_nothing_along() -> None:
    rig = Rig()
    set_all(rig, "a", "b")
    first = asyncio.ensure_future(rig.source.query(["a", "b"], START))
    second = asyncio.ensure_future(rig.source.query(["b"], START))
    await asyncio.wait({first}, timeout=0)
    first.cancel()
    assert await second == [one("b", 1)]


NEVER_FUSED = [
    "1 + time()",
    "time() > bool 3",
    "-(1 * pi())",
    "sort_desc(x)",
    "TOPK(1, x)",
    "1",
    "time()",
    '"text"',
    "scalar(x)",
    f'x{{{MARK}="1"}}',
    "x[5m]",
    "(",
    "x > ) + (1",
]


@pytest.mark.parametrize("expr", NEVER_FUSED)
def test_what_cannot_be_fused(expr: str) -> None:
    assert not fusible(expr)


FUSED = [
    "x",
    "x > 1 # comment",
    "-x",
    "sum(x) by (a) or vector(1)",
    'absent(up{job="a"})',
    "x\n  > 5",
    "rate(x[5m]) > 0",
    "1 + x",
    "time() - x > 5",
    "resorts > 1",
]


@pytest.mark.parametrize("expr", FUSED)
def test_what_can_be_fused(expr: str) -> None:
    assert fusible(expr)
    assert fusible(fuse([expr, expr]).replace(MARK, "mark"))


async def test_numbers_go_alone() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "time()")
    assert await rig.asked("a", "time()", "b") == [1, 2]


async def test_who_fails_is_asked_alone_for_a_while() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    rig.server.fail("b", BAD)
    a, bad, c = await rig.ask("a", "b", "c")
    assert (a, str(bad), c) == (one("a", 0), str(BAD), one("c", 2))
    assert await rig.asked("a", "b", "c") == [1, 2]
    rig.clock.advance(HOUR)
    assert await rig.asked("a", "b", "c") == [1, 1, 1, 3]
    rig.clock.advance(HOUR)
    set_all(rig, "a", "b", "c")
    assert await rig.asked("a", "b", "c") == [3]


async def test_who_always_fails_is_no_burden_to_others() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    rig.server.fail("b", BAD)
    await rig.ask("a", "b", "c")
    for _ in range(100):
        rig.clock.advance(HOUR / 40)
        assert await rig.asked("a", "b", "c") == [1, 2]


@pytest.mark.parametrize("failure", QueryFailure)
@pytest.mark.parametrize("bad", ["a", "b"])
async def test_who_fails_as_a_server_that_is_down_does_not_blind_the_others(failure: QueryFailure, bad: str) -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    rig.server.fail(bad, QueryError("a proxy's 502, a 403 that a word leads to", failure))
    await rig.ask("a", "b", "c")
    answers = dict(zip("abc", await rig.ask("a", "b", "c"), strict=True))
    assert {expr for expr, answer in answers.items() if isinstance(answer, QueryError)} == {bad}
    assert await rig.asked("a", "b", "c") == [1, 2]


async def test_nobody_is_blamed_for_a_server_that_refuses_most() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    for expr in "ab":
        rig.server.fail(expr, DOWN)
    await rig.ask("a", "b", "c")
    set_all(rig, "a", "b", "c")
    assert await rig.asked("a", "b", "c") == [3]


async def test_what_cannot_be_marked_is_found_and_costs_the_others_once() -> None:
    rig = Rig()
    set_all(rig, *MANY[:40])
    rig.server.unmarked = {"x7"}
    for _ in range(2):
        assert await rig.ask(*MANY[:40]) == [one(expr, number) for number, expr in enumerate(MANY[:40])]
    for _ in range(5):
        rig.clock.advance(HOUR)
        assert await rig.asked(*MANY[:40]) == [1, 39]


async def test_a_server_that_marks_nothing_any_more_is_found() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    await rig.ask("a", "b", "c")
    rig.server.unmarked = {"a", "b", "c"}
    await rig.ask("a", "b", "c")
    assert await rig.asked("a", "b", "c") == [1, 1, 1]


async def test_a_remark_is_told_to_whom_it_belongs() -> None:
    rig = Rig()
    set_all(rig, "a", "c")
    rig.server.answer("b", Answer((), ("b is odd",)))
    for _ in range(2):
        assert await rig.ask("a", "b", "c") == [one("a", 0), Answer((), ("b is odd",)), one("c", 1)]
    assert await rig.asked("a", "b", "c") == [1, 2]


async def test_what_is_too_much_at_once_is_asked_in_smaller_batches() -> None:
    rig = Rig(most=64)
    rig.server.most = 20
    set_all(rig, *MANY[:64])
    for _ in range(3):
        assert await rig.ask(*MANY[:64]) == [one(expr, number) for number, expr in enumerate(MANY[:64])]
    assert await rig.asked(*MANY[:64]) == [16, 16, 16, 16]


async def test_a_batch_that_takes_too_long_is_not_repeated() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c")
    rig.server.fail("b", SLOW)
    assert {str(answer) for answer in await rig.ask("a", "b", "c")} == {f"{SLOW} in a fused query"}
    a, slow, c = await rig.ask("a", "b", "c")
    assert (a, str(slow), c) == (one("a", 0), str(SLOW), one("c", 2))
    assert await rig.asked("a", "b", "c") == [1, 2]


async def test_who_is_slow_holds_up_the_others_once() -> None:
    rig = Rig()
    set_all(rig, "a", "b", "c", "d")
    rig.server.fail("b", SLOW)
    await rig.ask("a", "b", "c", "d")
    set_all(rig, "b")
    rig.server.seconds["b"] = 20.0  # it has an answer if it has the server for itself
    await rig.ask("a", "b", "c", "d")
    for _ in range(5):
        assert await rig.asked("a", "b", "c", "d") == [1, 3]
    rig.server.seconds.clear()
    await rig.ask("a", "b", "c", "d")
    rig.clock.advance(HOUR)
    assert await rig.asked("a", "b", "c", "d") == [4]


async def test_batches_become_smaller_while_one_is_slow() -> None:
    rig = Rig(most=40)
    set_all(rig, *MANY)
    rig.server.seconds["x0"] = 3.0
    await rig.ask(*MANY)
    assert await rig.asked(*MANY) == [20] * 6
    rig.server.seconds["x0"] = 1.0
    await rig.ask(*MANY)
    assert len(await rig.asked(*MANY)) > 6
    rig.server.seconds.clear()
    for _ in range(3):
        await rig.ask(*MANY)
    assert await rig.asked(*MANY) == [40, 40, 40]


async def test_batches_become_smaller_if_their_answers_are_large() -> None:
    rig = Rig(most=40)
    set_all(rig, *MANY[:40])
    rig.server.set("x0", *(Sample(Labels({"i": str(number)}), 1.0) for number in range(20_001)))
    await rig.ask(*MANY[:40])
    assert await rig.asked(*MANY[:40]) == [20, 20]


async def test_nobody_is_asked_twice_while_nobody_is_there() -> None:
    rig = Rig()
    set_all(rig, "a", "b")
    await rig.ask("a", "b")
    for failure, queries in ((DOWN, 2), (LOST, 2)):
        rig.server.failure = failure
        rig.server.queries.clear()
        answers = await rig.ask("a", "b")
        assert all(isinstance(answer, QueryError) and answer.failure is failure.failure for answer in answers)
        assert len(rig.server.queries) == queries
    rig.server.failure = None
    assert await rig.ask("a", "b") == [one("a", 0), one("b", 1)]
    assert await rig.asked("a", "b") == [2]


async def test_a_server_that_does_not_understand_is_asked_one_by_one_and_tried_again_later() -> None:
    rig = Rig()
    rig.server.understands = False
    set_all(rig, "a", "b")
    for _ in range(2):
        assert await rig.ask("a", "b") == [one("a", 0), one("b", 1)]
    assert await rig.asked("a", "b") == [1, 1]
    rig.server.understands = True
    rig.clock.advance(HOUR)
    assert await rig.asked("a", "b") == [2]
    rig.server.understands = False  # it was replaced by another
    assert await rig.ask("a", "b") == [one("a", 0), one("b", 1)]
    assert await rig.asked("a", "b") == [1, 1]


def test_a_query_has_a_bound() -> None:
    long = ["x" * 7_000 for _ in range(5)]
    assert [len(batch) for batch in batches(long, 50)] == [2, 1, 2]
    assert list(batches([], 50)) == []
    longest = max(len(fuse(batch).encode()) for batch in batches(["é" * 150] * 200, 50))
    assert 8_000 < longest < 16_384  # VictoriaMetrics takes no more


samples = st.lists(st.tuples(st.sampled_from("abc"), st.floats(allow_nan=False)), max_size=3, unique_by=lambda x: x[0])
answers = st.one_of(
    samples.map(lambda found: Answer(tuple(Sample(Labels({"l": label}), value) for label, value in found))),
    st.just(Answer((), ("odd",))),
    st.sampled_from([BAD, QueryError("bad_data: no", QueryFailure.BAD_QUERY)]),
)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "d", "time()"]), answers, min_size=1), max_size=4))
def test_fused_or_alone_the_answers_are_the_same(ticks: list[dict[str, Answer | QueryError]]) -> None:
    async def play() -> None:
        rig, alone = Rig(most=3), FusingServer()
        for tick in ticks:
            for expr, answer in tick.items():
                rig.server.answer(expr, answer)
                alone.answer(expr, answer)
            found = await rig.ask(*tick)
            expected = await alone.query(list(tick), START)
            assert list(map(str, found)) == list(map(str, expected))
            rig.clock.advance(HOUR / 4)

    asyncio.run(play())
