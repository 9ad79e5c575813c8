"""Telling through the library Apprise, which knows a URL for each of some hundred services. https://appriseit.com

It blocks, so it works in threads; a thread cannot be stopped, so one that is late may yet deliver what was given up.
"""

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator

from alertd.config.extras import advice
from alertd.config.fields import Duration, Flag, Strict, Text
from alertd.core.notification import Notification
from alertd.core.severity import Severity
from alertd.errors import DeliveryError
from alertd.http import secret
from alertd.notifiers import cut
from alertd.notifiers.said import of_url, said
from alertd.notifiers.texts import Texts, heading, lines
from alertd.ports import Context

_TIMEOUT = timedelta(seconds=30)  # where none is configured
_MOST_TITLE, _MOST_MESSAGE = 250, 32_768  # characters; what a service takes of them, Apprise knows
_MOST_SAID = 1_000
_THREADS = 16
_TYPES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.ERROR: "failure", Severity.CRITICAL: "failure"}


class AppriseConfig(Strict):
    """`apprise_configs`: one URL, so that what one service refuses is not told the others again."""

    send_resolved: Flag = True
    url: SecretStr | None = None
    url_file: Text = ""
    title: Text = ""
    message: Text = ""
    timeout: Duration = timedelta(0)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if bool(self.url) == bool(self.url_file):
            raise ValueError("give either url or url_file")
        library = _library()
        if self.url and library.Apprise.instantiate(self.url.get_secret_value()) is None:
            raise ValueError("url is none that Apprise can read")
        return self


class AppriseNotifier:
    """Gives every message to Apprise, in a thread of its own."""

    Config = AppriseConfig

    def __init__(self, config: AppriseConfig, context: Context) -> None:
        self.config, self._context = config, context
        self._timeout = (config.timeout or _TIMEOUT).total_seconds()
        self._room = asyncio.Semaphore(_THREADS)

    async def send(self, notification: Notification) -> str:
        """Tell the service. Returns which templates failed. Raises DeliveryError."""
        texts = Texts(notification, self._context)
        url = self._url()
        hidden = set(_hidden(url))
        work = partial(_notify, url, _title(self.config, texts), _message(self.config, texts), _type(notification))
        try:
            async with asyncio.timeout(self._timeout):
                problems = await self._in_thread(work)
        except TimeoutError:
            raise DeliveryError(f"Apprise did not come back within {self._timeout:g} s", reason="timeout") from None
        except Exception as problem:  # what plugins of Apprise raise is not said anywhere
            text = said(f"Apprise failed: {type(problem).__name__}: {problem}", hidden)
            raise DeliveryError(text, reason="server_error") from None
        if problems is not None:
            raise DeliveryError(said(f"Apprise could not deliver: {problems}", hidden), reason="server_error")
        return said("; ".join(["accepted", *texts.problems]), hidden, _MOST_SAID)

    async def aclose(self) -> None:
        """Nothing is kept open."""

    def _url(self) -> str:
        try:
            return secret(self.config.url, self.config.url_file)
        except OSError as problem:
            raise DeliveryError(f"cannot read {self.config.url_file}: {problem.strerror}", reason="secret") from None
        except ValueError:
            raise DeliveryError(f"{self.config.url_file} is not text", reason="secret") from None

    async def _in_thread(self, work: Callable[[], str | None]) -> str | None:
        """What the work returns or raises. The room it takes is free again when it ends, not when nobody waits."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.create_future()

        def settle(result: str | None, problem: Exception | None) -> None:
            self._room.release()
            if done.done():
                return
            if problem is None:
                done.set_result(result)
            else:
                done.set_exception(problem)

        def run() -> None:
            result, problem = None, None
            try:
                result = work()
            except Exception as error:
                problem = error
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(settle, result, problem)

        Thread(target=run, name="apprise", daemon=True).start()
        return await done


def _library() -> Any:
    """Apprise, without a word of its own in our log. Raises ValueError if it is not installed."""
    with suppress(ImportError), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import imghdr  # noqa: F401 - before Python 3.13 a plugin of Apprise's imports it, and Python warns of that
    try:
        import apprise
    except ImportError:
        raise ValueError(f"needs the library Apprise, which is not installed: {advice('apprise')}") from None
    logger = logging.getLogger("apprise")
    if logger.propagate:
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
    return apprise


def _notify(url: str, title: str, message: str, kind: str) -> str | None:
    """Blocks until it was delivered. Returns what went wrong, or None."""
    library = _library()
    asset = library.AppriseAsset(app_id="alertd", app_desc="alertd", async_mode=False)
    channel = library.Apprise(asset=asset)
    if not channel.add(url):
        return "url is none that Apprise can read"
    result = channel.notify(body=message, title=title, notify_type=kind, body_format="text")
    if result:
        return None
    return "; ".join(entry.message for entry in result.logs()) or "it does not say why"


def _title(config: AppriseConfig, texts: Texts) -> str:
    title = texts.title("title", config.title) if config.title else heading(texts.notification)
    return cut.runes(title, _MOST_TITLE)


def _message(config: AppriseConfig, texts: Texts) -> str:
    message = texts.body("message", config.message) if config.message else lines(texts.notification)
    return cut.runes(message, _MOST_MESSAGE) if message.strip() else "(no details)"


def _type(notification: Notification) -> str:
    return _TYPES[notification.severity] if notification.firing else "success"


def _hidden(url: str) -> Iterator[str]:
    """What of its URL may be a secret: with some services the host is one."""
    yield url
    with suppress(ValueError):
        yield urlsplit(url).netloc
        yield from of_url(url)
