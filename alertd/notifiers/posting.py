"""What all receivers that are told over HTTP share: a client that is kept, a deadline, and a judgement of the answer.

A receiver is a model derived from `Posted`, and a class derived from `PostingNotifier` that says what to request. Most
need `requests`; one that must read an answer before it can go on has a `deliver` of its own.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import model_validator

from alertd.config.fields import Duration, Flag, SecretUrl
from alertd.config.http import HttpConfig, Section
from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.http import Client, HttpError, Reply, retry_after, secret
from alertd.notifiers.said import of_model, of_url, said
from alertd.notifiers.texts import Texts
from alertd.ports import Context

_TIMEOUT = timedelta(seconds=30)  # where none is configured
_MOST_READ = 1 << 20  # bytes of an answer
_MOST_SAID = 1_000  # characters of what is said about a message that was accepted
_CONNECTIONS = 16
_TRANSIENT = frozenset((408, 425, 429))
_REASONS = {429: "rate_limited", 401: "auth_error", 403: "auth_error"}


class Posted(Section):
    """What every receiver that is told over HTTP can be configured with.

    `inherited`: what comes from `global` where it is not given, by the name it has there. A secret that may also stand
    in a file, as `api_key` and `api_key_file`, comes with its file, and only if neither is given.
    """

    inherited: ClassVar[Mapping[str, str]] = {}

    send_resolved: Flag = True
    http_config: HttpConfig | None = None
    timeout: Duration = timedelta(0)

    def with_global(self, global_: Any) -> Self:
        """This configuration with what `global` adds. Raises ValueError if something is missing even so."""
        complete = self
        for name, inherited in {"http_config": "http_config", **self.inherited}.items():
            complete = complete.inherit(name, inherited, global_)
        return complete

    def inherit(self, name: str, inherited: str, global_: Any) -> Self:
        """This configuration with one key, and the one for a file with its value, from `global` if neither is given."""
        if self.has(name):
            return self
        files = {f"{name}_file": f"{inherited}_file"} if f"{name}_file" in type(self).model_fields else {}
        given = {key: getattr(global_, source, None) for key, source in {name: inherited, **files}.items()}
        return self.model_copy(update={key: value for key, value in given.items() if value})

    def has(self, name: str) -> bool:
        """Whether a key, or the one for a file with its value, is given."""
        return bool(getattr(self, name)) or bool(getattr(self, f"{name}_file", ""))

    def require(self, name: str, hint: str = "") -> None:
        """Raises ValueError unless a key, or the one for a file with its value, is given."""
        if not self.has(name):
            both = f"{name} or {name}_file" if f"{name}_file" in type(self).model_fields else name
            raise ValueError(f"{both} is missing{hint}")

    def exclusive(self, *names: str) -> None:
        """Raises ValueError if both a key and the one for a file with its value are given."""
        for name in names:
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise ValueError(f"at most one of {name}, {name}_file may be given")


class Hooked(Posted):
    """What a receiver can be configured with whose address is all there is to know."""

    webhook_url: SecretUrl | None = None
    webhook_url_file: str = ""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        self.exclusive("webhook_url")
        self.require("webhook_url")
        return self


@dataclass(frozen=True)
class Request:
    """What to send where. `body` is a tree for JSON, or bytes."""

    url: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"

    @property
    def data(self) -> bytes:
        """The bytes that are sent. Raises ValueError for a number that JSON has not."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":"), allow_nan=False).encode()


def form(url: str, values: Mapping[str, str]) -> Request:
    """A request with the fields of a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(url, urlencode(values).encode(), headers)


@dataclass(frozen=True)
class Verdict:
    """What an answer means. `reason` is one word for the metrics, empty if it was accepted."""

    reason: str = ""
    permanent: bool = False
    retry_after: timedelta | None = None
    note: str = ""  # what people are told besides what was said


@dataclass(frozen=True)
class Answer:
    """What came back from a request that was accepted; `words`: it in one line, without secrets."""

    reply: Reply
    words: str


def tree(reply: Reply) -> Mapping[str, Any]:
    """The JSON object in an answer; empty if there is none."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


ConfigT = TypeVar("ConfigT", bound=Posted)


class PostingNotifier(Generic[ConfigT]):
    """Sends requests to one service over connections that are kept."""

    def __init__(self, config: ConfigT, context: Context) -> None:
        self.config, self.context = config, context
        self._client = Client(
            config.http_config or HttpConfig(), context.clock, connections=_CONNECTIONS, tracer=context.tracer
        )
        self._timeout = (config.timeout or _TIMEOUT).total_seconds()
        self._secrets = frozenset[str]().union(*map(_shapes, of_model(config)))
        self._shapes = lru_cache(maxsize=16)(_shapes)  # a URL is the same for thousands of messages

    async def send(self, notification: Notification) -> str:
        """Tell the service. Returns what it said, and which templates failed. Raises DeliveryError."""
        texts = Texts(notification, self.context)
        answer = await self.deliver(texts)
        return said("; ".join([answer, *texts.problems]), self._hidden(texts), _MOST_SAID)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def deliver(self, texts: Texts) -> str:
        """Make all requests, one after the other, and return what was said to the first. Raises DeliveryError."""
        answers = [await self.post(request, texts) for request in self.requests(texts)]
        return answers[0].words

    def requests(self, texts: Texts) -> Iterable[Request]:
        """What is to be requested for this message. Raises DeliveryError."""
        raise NotImplementedError

    def verdict(self, reply: Reply) -> Verdict:
        """What an answer means; for services whose status does not say it."""
        return self.by_status(reply)

    def by_status(self, reply: Reply) -> Verdict:
        """What a status means: 2xx accepted, 408, 425, 429 and 5xx refused for now, everything else for good."""
        status = reply.status
        if 200 <= status < 300:
            return Verdict()
        if status >= 500 or status in _TRANSIENT:
            wait = retry_after(reply, self.context.clock.now())
            return Verdict(_REASONS.get(status, "server_error"), retry_after=wait)
        if 300 <= status < 400:
            return Verdict("redirect", permanent=True, note=" (a redirect, which is not followed)")
        return Verdict(_REASONS.get(status, "client_error"), permanent=True)

    async def post(self, request: Request, texts: Texts) -> Answer:
        """Make one request; what is returned was accepted. Raises DeliveryError."""
        try:
            reply = await self._exchange(request, texts)
        except HttpError as error:
            raise DeliveryError(said(str(error)), reason=error.kind) from None
        except OSError as problem:
            raise DeliveryError(f"cannot read {problem.filename}: {problem.strerror}", reason="secret") from None
        except ValueError:  # the texts of these errors hold what could not be used
            raise DeliveryError(
                "the URL, a secret or a header has a character it cannot have", reason="secret"
            ) from None
        text = self._client.hide(reply.body.decode("utf-8", "replace"))
        words, verdict = said(text, self._hidden(texts)), self.verdict(reply)
        if not verdict.reason:
            return Answer(reply, f"{reply.status} {words}".rstrip())
        raise DeliveryError(
            f"the receiver answered {reply.status}: {words}".rstrip(": ") + verdict.note,
            permanent=verdict.permanent,
            retry_after=verdict.retry_after,
            reason=verdict.reason,
        )

    def secret(self, name: str, texts: Texts) -> str:
        """The value of a key that may also stand in a file, and may be a template. Raises DeliveryError."""
        path = getattr(self.config, f"{name}_file", "")
        try:
            value = secret(getattr(self.config, name), path)
        except OSError as problem:
            raise DeliveryError(f"cannot read {path}: {problem.strerror}", reason="secret") from None
        except ValueError:
            raise DeliveryError(f"{path} is not text", reason="secret") from None
        made = texts.needed(name, value) if "{{" in value else value
        texts.secrets.append(made)
        return made

    async def _exchange(self, request: Request, texts: Texts) -> Reply:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"alertd/{self.context.version}",
            "webhook-id": texts.notification.id,
            **request.headers,
        }
        return await self._client.request(
            request.method, request.url, headers=headers, body=request.data, timeout=self._timeout, most=_MOST_READ
        )

    def _hidden(self, texts: Texts) -> Iterable[str]:
        return self._secrets.union(*map(self._shapes, texts.secrets))


def group_hash(notification: Notification) -> str:
    """What names the group to a service that opens and closes incidents: Alertmanager's, so that either can close."""
    return sha256(notification.group_key.encode("utf-8", "replace")).hexdigest()


def _shapes(secret: str) -> frozenset[str]:
    """A secret as it is, as it stands in a URL and, if it is one, its parts."""
    shapes = {secret, quote(secret), quote(secret, safe="")}
    if secret.startswith(("http://", "https://")):
        with suppress(ValueError):
            shapes.update(of_url(secret))
    return frozenset(shapes)
