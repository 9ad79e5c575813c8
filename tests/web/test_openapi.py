"""The OpenAPI document has what is served, all of it, and nothing else."""

from socket import socket
from typing import Any

from starlette.routing import Route

from alertd.app import App
from alertd.clock import SystemClock
from alertd.config.load import load
from alertd.config.values import Overrides
from alertd.store import open_store
from alertd.telemetry.logs import Logs
from alertd.web import unknown
from alertd.web.described import DESCRIBED
from alertd.web.openapi import PATH, describe, served
from tests.web.listener import asked_of

CONFIG = Overrides(storage="memory")


def everything() -> list[Any]:
    """The routes of a real daemon."""
    config = load(None, CONFIG)
    app = App(config, lambda last: last, open_store("memory"), Logs(), SystemClock())
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return app._faces.routes(listener)


def known(routes: list[Any]) -> set[tuple[str, str]]:
    fallbacks = {route.path for route in unknown.routes() if isinstance(route, Route)}
    return set(served(route for route in routes if route.path not in fallbacks))


async def document() -> dict[str, Any]:
    answer = await asked_of(everything(), PATH)
    found: dict[str, Any] = answer.json()
    return found


async def test_everything_that_is_served_is_described() -> None:
    paths = (await document())["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == known(everything())


def test_everything_that_is_described_is_served() -> None:
    assert set(DESCRIBED) == known(everything())


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    page = describe(DESCRIBED, "")
    used = set(references(page))
    assert used == {f"#/components/schemas/{name}" for name in page["components"]["schemas"]}


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + [found for value in node.values() for found in references(value)]


async def test_names_of_operations_are_unique() -> None:
    paths = (await document())["paths"]
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(names) == len(set(names))
