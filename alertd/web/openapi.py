"""The OpenAPI document of what is served, and the endpoint that serves it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from alertd import __version__
from alertd.web.answers import answer
from alertd.web.described import DESCRIBED, JSON, Described
from alertd.web.endpoints import Endpoint, methods_of
from alertd.web.endpoints import routes as endpoint_routes
from alertd.web.schemas import SCHEMAS, TEXT, ref

PATH = "/api/v2/openapi.json"
_CONVERTER = re.compile(r":\w+}")
# What a request may be refused with before anybody looks at what it asks for.
_BEFORE = {
    401: "Credentials are missing or wrong.",
    403: "These credentials may only read.",
    429: "More requests than the rate limit allows.",
    431: "The URL and the headers are too long.",
    503: "Too many requests at once.",
}
_BODY = {408: "The body took too long.", 413: "The body is too large."}
_SECURITY = {"basic": {"type": "http", "scheme": "basic"}, "token": {"type": "http", "scheme": "bearer"}}


def routes(others: Iterable[BaseRoute], prefix: str) -> list[BaseRoute]:
    """The document of the other routes, and of this one."""
    document: dict[str, Any] = {}

    async def serve(_: Request) -> Response:
        return answer(document)

    own = endpoint_routes([Endpoint("GET", PATH, serve)])
    document.update(describe(served([*others, *own]), prefix))
    return own


def served(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every method and path, but HEAD, which is where GET is."""
    for route in routes:
        if isinstance(route, Route):
            path = _CONVERTER.sub("}", route.path)
            yield from ((method, path) for method in sorted(methods_of(route)) if method != "HEAD")


def describe(endpoints: Iterable[tuple[str, str]], prefix: str) -> dict[str, Any]:
    """The document. An endpoint that is not in the table is left out; a test sees to it that all are there."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path in endpoints:
        if (method, path) in DESCRIBED:
            operation = _operation(DESCRIBED[method, path], _name(method, path))
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "alertd",
            "version": __version__,
            "description": "Alertmanager's API v2, Prometheus' view of the rules, and what operators need.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "security": [{}, {"basic": []}, {"token": []}],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS), "securitySchemes": _SECURITY},
    }


def _name(method: str, path: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return "".join([method.lower(), *(word[:1].upper() + word[1:] for word in words)])


def _operation(one: Described, name: str) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": name, "summary": one.summary, "tags": [one.tag]}
    if one.parameters:
        operation["parameters"] = [dict(parameter) for parameter in one.parameters]
    if one.body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": one.body}}}
    operation["responses"] = _responses(one)
    return operation


def _responses(one: Described) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "It is done." if one.result is None else "What was asked for."}
    if one.result is not None:
        good["content"] = {one.media_type: {"schema": one.result}}
    refusals = {**_BEFORE, **(_BODY if one.body else {}), **one.refusals}
    return {"200": good, **{str(status): _refusal(text) for status, text in sorted(refusals.items())}}


def _refusal(text: str) -> Mapping[str, Any]:
    """A sentence, as text or as JSON, a code with a message, or Prometheus' form: which one it is follows the path."""
    shapes = {JSON: {"schema": {"anyOf": [TEXT, ref("refusal"), ref("failure")]}}, "text/plain": {"schema": TEXT}}
    return {"description": text, "content": shapes}
