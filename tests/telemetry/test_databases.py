"""Work with the database is part of a trace, where there is one."""

import inspect

import pytest

from alertd.errors import StoreError
from alertd.ports import Store
from alertd.store import MemoryStore
from alertd.store.statements import STATEMENTS
from alertd.telemetry.databases import followed
from alertd.testing import START, RecordingTracer

pytestmark = pytest.mark.anyio


class Full(MemoryStore):
    async def touch(self, now: object) -> None:
        raise StoreError("the disk is full")


async def test_a_method_is_a_span() -> None:
    store = followed(MemoryStore(), "sqlite", STATEMENTS, tracer := RecordingTracer())
    with tracer.span("outer"):
        await store.touch(START)
    outer, span = tracer.spans
    assert (span.name, span.parent, span.place) == ("sqlite touch", outer.id, "client")
    assert span.attributes["db.query.text"].startswith("INSERT INTO meta (key, value) VALUES ('alive_at', ?) ON")
    assert (span.attributes["db.system.name"], span.attributes["db.operation.name"]) == ("sqlite", "touch")


async def test_what_is_part_of_nothing_is_not_followed() -> None:
    store = followed(MemoryStore(), "sqlite", STATEMENTS, tracer := RecordingTracer())
    await store.touch(START)
    assert (await store.load()).alive_at == START
    await store.close()
    assert tracer.spans == []


async def test_a_failure_is_one() -> None:
    store = followed(Full(), "sqlite", STATEMENTS, tracer := RecordingTracer())
    with tracer.span("outer") as outer, pytest.raises(StoreError):
        await store.touch(START)
    assert tracer.named("sqlite touch")[0].error == "StoreError"
    assert not outer.error


def test_every_method_has_its_statements() -> None:
    methods = {name for name, one in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")}
    assert set(STATEMENTS) == methods - {"close"}
