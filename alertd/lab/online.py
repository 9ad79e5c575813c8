"""Asks a Prometheus what only it knows: which metrics and labels there are, and what each expression gives and costs.

With alertd.conditions.prom the home of prometheus_api_client, which is imported only here, when somebody asks.
Everything is bounded: the time and the size of an answer, how many are asked at once, and how often in vain.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import Any, TypeVar

import requests
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from alertd.config import expressions
from alertd.core.matchers import Matcher
from alertd.errors import Problem
from alertd.lab.facts import Answer, Facts
from alertd.lab.metrics import needs
from alertd.lab.subjects import Subject, World

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Limits:
    """How long to wait (seconds), how much to read, how many to ask at once, and how often in vain before giving up."""

    connect: float = 5.0
    read: float = 20.0
    bytes: int = 64 << 20
    at_once: int = 4  # a Prometheus has rules to evaluate and dashboards to draw, too
    failures: int = 5


class _NoAnswer(Exception):  # noqa: N818 - never leaves this module
    """Nobody answered, or not as a Prometheus would."""


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """The server understood and cannot answer."""


class _Body(requests.Response):
    """An answer whose body was read, but not more of it than may be."""

    def __init__(self, response: requests.Response, body: bytes) -> None:
        super().__init__()
        self.url, self.status_code, self.encoding = response.url, response.status_code, "utf-8"
        self.elapsed, self._content = response.elapsed, body


class _Session(requests.Session):
    """A session that never waits for ever, never reads without end, asks in the body, and keeps its last answer."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self.last: requests.Response | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # as called
        """Ask."""
        if method == "POST":
            options["data"], options["params"] = options.pop("params", None), None
        self.last = None
        options |= {"timeout": (self._limits.connect, self._limits.read), "stream": True, "allow_redirects": False}
        with super().request(method, url, **options) as response:
            self.last = _Body(response, self._read(response))
        return self.last

    def _read(self, response: requests.Response) -> bytes:
        try:
            body: bytes = response.raw.read(self._limits.bytes + 1, decode_content=True)
        except HTTPError:
            raise _NoAnswer("it stopped in the middle of an answer") from None
        if len(body) > self._limits.bytes:
            raise _NoAnswer(f"an answer of more than {self._limits.bytes >> 20} MiB")
        return body


class _Server:
    """One Prometheus, asked by several threads, each with a connection of its own."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._url, self._limits = url.rstrip("/"), limits
        self._threads = local()

    def metrics(self) -> frozenset[str]:
        return self._ask(lambda client: frozenset(client.get_label_values("__name__")))

    def labels(self, metric: str) -> frozenset[str]:
        match = f"{{{Matcher('__name__', '=', metric)}}}"
        return self._ask(lambda client: frozenset(client.get_label_names(params={"match[]": match})))

    def answer(self, expr: str, *, scalar: bool) -> Answer:
        """What an expression gives and costs; only counted, so that the answer is small."""
        query = expr if scalar else f"count(\n{expr}\n)"
        options = {"stats": "all", "timeout": f"{self._limits.read * 1000:.0f}ms"}

        def ask(client: PrometheusConnect) -> Answer:
            result = client.custom_query(query, options)
            count = 1 if scalar else int(float(result[0]["value"][1])) if result else 0
            return Answer(count, *self._cost())

        try:
            return self._ask(ask)
        except _Refused as refused:
            return Answer(error=str(refused))

    def _ask(self, ask: Callable[[PrometheusConnect], _Result]) -> _Result:
        try:
            return ask(self._client())
        except PrometheusApiClientException:
            raise self._refusal() from None
        except requests.exceptions.JSONDecodeError:
            raise _NoAnswer("it does not answer as a Prometheus would") from None
        except (requests.RequestException, OSError) as problem:
            raise _NoAnswer(_reason(problem)) from None
        except (ValueError, KeyError, TypeError, IndexError):
            raise _NoAnswer("it does not answer as a Prometheus would") from None

    def _client(self) -> PrometheusConnect:
        if not hasattr(self._threads, "client"):
            self._threads.session = _Session(self._limits)
            session = self._threads.session
            self._threads.client = PrometheusConnect(
                self._url, session=session, retry=Retry(0, read=False), method="POST"
            )
        client: PrometheusConnect = self._threads.client
        return client

    def _refusal(self) -> Exception:
        last = self._threads.session.last
        status = last.status_code if last is not None else 0
        try:
            reply = last.json()
            return _Refused(str(reply["error"])[:300])
        except (ValueError, KeyError, TypeError, AttributeError):
            return _NoAnswer(f"it answers with status {status}")

    def _cost(self) -> tuple[float, int | None]:
        """Seconds and samples as the server counts them, or the time until it answered."""
        last = self._threads.session.last
        stats = last.json()["data"].get("stats") or {}
        seconds = (stats.get("timings") or {}).get("evalTotalTime", last.elapsed.total_seconds())
        return float(seconds), (stats.get("samples") or {}).get("totalQueryableSamples")


@dataclass
class _Patience:
    """How many requests have failed; after some nothing more is asked."""

    most: int
    failures: list[str] = field(default_factory=list)

    def try_(self, ask: Callable[[], _Result]) -> _Result | None:
        """The answer; None if there is none, or nobody is asked any more."""
        if len(self.failures) >= self.most:
            return None
        try:
            return ask()
        except (_NoAnswer, _Refused) as problem:
            self.failures.append(str(problem))
            return None


_DEFAULT = Limits()


def asking(url: str, limits: Limits = _DEFAULT) -> Callable[[World], Facts]:
    """What asks this server. It never raises: what went wrong is among the facts."""
    return lambda world: _facts(url, limits, world)


def _facts(url: str, limits: Limits, world: World) -> Facts:
    server = _Server(url, limits)
    try:
        metrics = server.metrics()
    except (_NoAnswer, _Refused) as problem:
        hint = "is the address right, and can it be reached from here? Without --prometheus only the files are checked"
        return Facts(troubles=(Problem(f"cannot ask Prometheus at {_shown(url)}: {problem}", hint=hint),))
    subjects = [subject for subject in world.subjects if _is_asked(subject, url, world)]
    patience = _Patience(limits.failures)
    known = {need.name for one in subjects if one.expr for need in needs(one.expr)} & metrics
    labels = _each(sorted(known), server.labels, limits, patience)
    scalars = {one.rule.expr: expressions.is_scalar(one.expr) for one in subjects if one.expr}
    answers = _each(scalars, lambda expr: server.answer(expr, scalar=scalars[expr]), limits, patience)
    troubles = _troubles(url, patience, len(known) + len(scalars) - len(labels) - len(answers))
    return Facts(True, metrics, labels, answers, troubles)  # noqa: FBT003 - asked


def _each(
    names: Iterable[str], ask: Callable[[str], _Result], limits: Limits, patience: _Patience
) -> dict[str, _Result]:
    """The answers there are, several asked at once."""
    every: Sequence[str] = tuple(names)
    with ThreadPoolExecutor(limits.at_once) as pool:
        found = pool.map(lambda name: patience.try_(lambda: ask(name)), every)
        return {name: answer for name, answer in zip(every, found, strict=True) if answer is not None}


def _is_asked(subject: Subject, url: str, world: World) -> bool:
    """Whether a rule is this server's: of one that names another nothing can be said here."""
    name = subject.rule.datasource
    if not subject.expr:
        return False
    if not name:
        return True
    sources = world.config.datasources if world.config else ()
    return any(source.name == name and source.url.rstrip("/") == url.rstrip("/") for source in sources)


def _troubles(url: str, patience: _Patience, left: int) -> tuple[Problem, ...]:
    if not patience.failures:
        return ()
    message = f"Prometheus at {_shown(url)} left {left} questions without an answer: {patience.failures[0]}"
    return (Problem(message, hint="what depends on them was not checked"),)


def _reason(problem: Exception) -> str:
    """One line for people, without the library's."""
    if isinstance(problem, requests.ConnectTimeout | requests.ReadTimeout):
        return "it does not answer in time"
    if isinstance(problem, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(problem, requests.ConnectionError):
        return "no connection"
    return type(problem).__name__


def _shown(url: str) -> str:
    """The address without what may be a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
