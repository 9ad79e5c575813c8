"""What every datasource must do, on the real one against a real HTTP server, and on the fake that stands in for it."""

import asyncio
import json
import math
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Protocol
from urllib.parse import parse_qs

import pytest

from alertd.config.http import HttpConfig
from alertd.core.labels import Labels
from alertd.core.samples import Answer, Sample
from alertd.datasources.fused import FusedDatasource
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.errors import QueryError, QueryFailure
from alertd.ports import Datasource
from alertd.testing import START, FakeDatasource, ManualClock
from alertd.testing.hostile import TEXTS
from tests.datasources.fusing import FusingServer
from tests.servers import Request, answer, http_server

pytestmark = pytest.mark.anyio

LATER = START + timedelta(seconds=15, milliseconds=250)
A, B = Sample(Labels({"__name__": "up", "job": "a"}), 1.0), Sample(Labels({"job": "b"}), 0.25)
REFUSED = QueryError("bad_data: what is that", QueryFailure.BAD_QUERY)
DOWN = QueryError("nobody is there", QueryFailure.UNREACHABLE)


class Rig(Protocol):
    """A datasource, and the world it shows."""

    source: Datasource

    def set(self, expr: str, *samples: Sample) -> None:
        """This expression gives these samples from now on."""

    def fail(self, expr: str, error: QueryError) -> None:
        """This expression is refused from now on."""

    def down(self) -> None:
        """The server answers nothing any more."""

    @property
    def instants(self) -> Sequence[float]:
        """For which instants it was asked, in seconds."""


class FakeRig:
    """The fake is its own world."""

    def __init__(self) -> None:
        self.source = FakeDatasource("main")
        self.set, self.fail = self.source.set, self.source.fail

    def down(self) -> None:
        self.source.failure = DOWN

    @property
    def instants(self) -> Sequence[float]:
        return [at.timestamp() for _, at in self.source.asked]


class PrometheusRig:
    """A server that speaks Prometheus' API, as far as is needed here."""

    def __init__(self, url: str) -> None:
        self.source = PrometheusDatasource(name="main", url=url, clock=ManualClock(), http=HttpConfig())
        self.instants: list[float] = []
        self._answers: dict[str, bytes] = {}
        self._is_down = False

    def set(self, expr: str, *samples: Sample) -> None:
        series = [{"metric": dict(one.labels), "value": [1, _text(one.value)]} for one in samples]
        said = {"status": "success", "data": {"resultType": "vector", "result": series}}
        self._answers[expr] = json.dumps(said).encode()

    def fail(self, expr: str, error: QueryError) -> None:
        kind, _, text = str(error).partition(": ")
        self._answers[expr] = json.dumps({"status": "error", "errorType": kind, "error": text}).encode()

    def down(self) -> None:
        self._is_down = True

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one query."""
        if self._is_down:
            writer.close()
            return
        asked = parse_qs(request.body.decode())
        self.instants.append(float(asked["time"][0]))
        await answer(200, self._answers.get(asked["query"][0], NOTHING))(request, writer)


NOTHING = b'{"status":"success","data":{"resultType":"vector","result":[]}}'


def _text(value: float) -> str:
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value) or repr(value).replace("nan", "NaN")


class Contract:
    """The promises of `ports.Datasource`."""

    @abstractmethod
    def open(self) -> AsyncIterator[Rig]:
        """A datasource for one test."""

    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        async for one in self.open():
            yield one
            await one.source.aclose()

    async def test_one_answer_an_expression_in_order(self, rig: Rig) -> None:
        rig.set("b", B)
        rig.set("a", A, B)
        answers = await rig.source.query(["a", "nothing", "b", "a"], START)
        assert list(answers) == [Answer((A, B)), Answer(()), Answer((B,)), Answer((A, B))]

    async def test_no_question_no_answer(self, rig: Rig) -> None:
        assert list(await rig.source.query([], START)) == []
        assert rig.instants == []

    async def test_all_for_the_same_instant(self, rig: Rig) -> None:
        await rig.source.query([f"x{index}" for index in range(20)], LATER)
        assert set(rig.instants) == {LATER.timestamp()}

    async def test_a_refusal_is_returned_for_its_expression_only(self, rig: Rig) -> None:
        rig.set("a", A)
        rig.fail("what", REFUSED)
        first, refused, last = await rig.source.query(["a", "what", "a"], START)
        assert first == last == Answer((A,))
        assert isinstance(refused, QueryError)
        assert (str(refused), refused.failure, refused.blind) == (str(REFUSED), QueryFailure.BAD_QUERY, False)

    async def test_a_server_that_is_down_is_told_once_an_expression_with_one_cause(self, rig: Rig) -> None:
        rig.down()
        answers = await rig.source.query(["a"] * 30, START)
        assert len(answers) == 30
        assert all(isinstance(one, QueryError) and one.blind for one in answers)
        assert len(set(map(str, answers))) == 1

    async def test_every_value_a_float_can_have(self, rig: Rig) -> None:
        values = [0.0, -0.0, 1e-308, 1.7976931348623157e308, math.inf, -math.inf, 0.1, 2.0**53]
        rig.set("a", *(Sample(Labels({"i": str(index)}), value) for index, value in enumerate(values)))
        rig.set("nan", Sample(Labels(), math.nan))
        found, nan = await rig.source.query(["a", "nan"], START)
        assert isinstance(found, Answer)
        assert isinstance(nan, Answer)
        assert [sample.value for sample in found.samples] == values
        assert math.isnan(nan.samples[0].value)

    async def test_label_values_are_data(self, rig: Rig) -> None:
        texts = [text for text in TEXTS.values() if "\ud800" not in text]
        rig.set("a", *(Sample(Labels({"evil": text, "größe/🔥": "x"}), 1.0) for text in texts))
        (found,) = await rig.source.query(["a"], START)
        assert isinstance(found, Answer)
        assert [sample.labels["evil"] for sample in found.samples] == texts

    async def test_questions_at_the_same_time_do_not_mix(self, rig: Rig) -> None:
        rig.set("a", A)
        rig.set("b", B)
        calls = [rig.source.query(["a", "b"] if index % 2 else ["b", "a"], START) for index in range(10)]
        for index, answers in enumerate(await asyncio.gather(*calls)):
            assert list(answers) == ([Answer((A,)), Answer((B,))] if index % 2 else [Answer((B,)), Answer((A,))])

    async def test_it_has_its_name_and_closes_twice(self, rig: Rig) -> None:
        assert rig.source.name == "main"
        await rig.source.aclose()


class TestFake(Contract):
    async def open(self) -> AsyncIterator[Rig]:
        yield FakeRig()


class TestPrometheus(Contract):
    async def open(self) -> AsyncIterator[Rig]:
        async with http_server() as server:
            rig = PrometheusRig(server.url)
            server.otherwise = rig.serve
            yield rig


class FusedRig(FakeRig):
    """A fused datasource on a server that understands it."""

    def __init__(self) -> None:
        self.server = FusingServer()
        self.source = FusedDatasource(self.server, 50, ManualClock())
        self.set, self.fail = self.server.set, self.server.fail

    def down(self) -> None:
        self.server.failure = DOWN

    @property
    def instants(self) -> Sequence[float]:
        return [at.timestamp() for _, at in self.server.asked]


class TestFused(Contract):
    async def open(self) -> AsyncIterator[Rig]:
        yield FusedRig()
