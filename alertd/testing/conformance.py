"""What every notifier must do, ours and those of others, as tests that a plugin's author inherits.

    class TestChat(NotifierConformance):
        plugin = ChatNotifier

        def far_side(self):
            return http_sink()

        def config(self, far_side):
            return {"url": far_side.url, "token": "hush-hush", "timeout": "3s"}

The tests are plain functions that run a loop of their own, so they need pytest (or a runner like it) and no plugin.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from typing import Any
from unittest import SkipTest
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from alertd.config.alertmanager import GlobalConfig
from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.ports import Context, Notifier
from alertd.testing import hostile
from alertd.testing.fakes import ManualClock
from alertd.testing.farside import RETRY_AFTER, Behaviour, FarSide, Received

_LONGEST = 100.0  # seconds, for one test
_LONGEST_ANSWER = 1_000  # characters of what `send` returns
_LONGEST_ERROR = 2_000
_TOGETHER = 20
_PAUSES = (0.0, 0.01, 0.2)  # seconds into a send at which it is cancelled


class Bench:
    """A notifier, its far side, and a `send` that watches what every send must keep to."""

    def __init__(self, notifier: Notifier, config: BaseModel, far_side: FarSide) -> None:
        self.notifier, self.config, self.far_side = notifier, config, far_side
        self._secrets = tuple(_secrets(config))

    async def send(self, notification: Notification) -> str | DeliveryError:
        """What was said, or the refusal. Nothing else may come out, and nothing may be changed."""
        before = deepcopy(notification)
        try:
            said = await self.notifier.send(notification)
        except DeliveryError as error:
            self._check_error(error)
            return error
        except Exception as problem:
            kind = type(problem).__name__
            raise AssertionError(f"send raised {kind}, where only DeliveryError is allowed: {problem}") from problem
        finally:
            assert notification == before, "send changed the notification"
        assert isinstance(said, str), f"send returned {said!r}, not a text"
        assert len(said) <= _LONGEST_ANSWER, f"send returned {len(said)} characters"
        assert said.isprintable(), f"send returned more than one line of text: {said!r}"
        self.check_secrets(said)
        return said

    async def arrived(self, notification: Notification) -> Sequence[Received]:
        """Send, and all that arrived meanwhile; the far side must accept."""
        before = len(self.far_side.received)
        said = await self.send(notification)
        assert not isinstance(said, DeliveryError), f"refused: {said}"
        return self.far_side.received[before:]

    async def accepted(self, notification: Notification) -> Received:
        """Send, and what arrived; the far side must accept."""
        arrived = await self.arrived(notification)
        assert len(arrived) == 1, f"one message was sent, {len(arrived)} arrived"
        return arrived[0]

    async def refused(self, how: Behaviour) -> DeliveryError:
        """Send to a far side that does this, and the error."""
        self.far_side.behave(how)
        said = await self.send(hostile.message())
        self.far_side.behave(Behaviour.ACCEPT)
        assert isinstance(said, DeliveryError), f"the far side was to {how}, and send returned {said!r}"
        return said

    def check_secrets(self, text: str) -> None:
        """No secret of the configuration may be in a text that people get to see."""
        for secret in self._secrets:
            assert secret not in text, f"{secret!r} is a secret, and was shown: {text[:500]!r}"

    def _check_error(self, error: DeliveryError) -> None:
        text = str(error)
        assert text.strip(), "an error without a message"
        assert text.isprintable(), f"an error of more than one line of text: {text[:500]!r}"
        assert len(text) <= _LONGEST_ERROR, f"an error of {len(text)} characters"
        assert error.reason.isidentifier(), f"the reason is to be one short word for a metric: {error.reason!r}"
        self.check_secrets("".join(traceback.format_exception(error)))


Scenario = Callable[[Any, Bench], Awaitable[None]]


def _played(scenario: Scenario) -> Callable[["NotifierConformance"], None]:
    """A test that any runner can call: the scenario, in a loop of its own, with a new bench."""

    def test(self: "NotifierConformance") -> None:
        asyncio.run(self._play(scenario))

    test.__doc__ = scenario.__doc__
    return test


class NotifierConformance:
    """Subclass this; the name of the subclass begins with Test. `plugin`: the notifier's class.

    `behaviours`: what its far side can do at all; a printer cannot say when to come back. `carries_id`: False only for
    a channel that shows people a text and has no place for an id. `stops`: False only for one that works in threads,
    so that what was given up may arrive later. `patience`: the seconds after which a send to a far side that hangs must
    have ended; configure a timeout well below.
    """

    plugin: type[Any]
    behaviours: frozenset[Behaviour] = frozenset(Behaviour)
    carries_id = True
    stops = True
    patience = 10.0

    def far_side(self) -> AbstractAsyncContextManager[Any]:
        """A new far side, real if it can be: a server on loopback."""
        raise NotImplementedError

    def config(self, far_side: Any) -> Mapping[str, Any]:
        """What a user would write for it, with every kind of secret there is and a timeout of a few seconds."""
        raise NotImplementedError

    def context(self) -> Context:
        """What the notifier gets besides its configuration."""
        return Context(ManualClock(), "http://alertd.example.org", "localhost", "test")

    def test_its_configuration_is_a_model(self) -> None:
        """alertd reads `send_resolved` from every configuration, and names unknown keys."""
        model = self.plugin.Config
        assert issubclass(model, BaseModel)
        assert "send_resolved" in model.model_fields
        assert model.model_config.get("extra") == "forbid", "an unknown key is to be an error: inherit from Strict"

    @_played
    async def test_it_accepts_firing_and_resolved(self, bench: Bench) -> None:
        firing = hostile.message("0a1b-1", "alertd-fires")
        assert "alertd-fires" in (await bench.accepted(firing)).text
        assert "alertd-fires" in (await bench.accepted(hostile.ended(firing))).text

    @_played
    async def test_the_id_arrives_and_a_repeat_has_the_same(self, bench: Bench) -> None:
        """At least once: a receiver drops repeats by the id, so it must see it, however the first attempt ended."""
        if not self.carries_id:
            raise SkipTest("this channel has no place for an id")
        await bench.refused(self._some(Behaviour.FAIL, Behaviour.HANG_UP, Behaviour.REFUSE))
        ids = [(await bench.accepted(hostile.message(id_))).id for id_ in ("0a1b-1", "0a1b-1", "0a1b-2")]
        assert ids == ["0a1b-1", "0a1b-1", "0a1b-2"]

    def test_a_refusal_for_good_is_permanent(self) -> None:
        self._refusal(Behaviour.REFUSE, permanent=True)

    def test_a_failure_for_now_is_not_permanent(self) -> None:
        self._refusal(Behaviour.FAIL, permanent=False)

    def test_a_connection_that_ends_is_not_permanent(self) -> None:
        self._refusal(Behaviour.HANG_UP, permanent=False)

    def test_silence_ends_in_time(self) -> None:
        self._refusal(Behaviour.HANG, permanent=False)

    def test_when_to_come_back_is_passed_on(self) -> None:
        error = self._refusal(Behaviour.LATER, permanent=False)
        assert error.retry_after == RETRY_AFTER

    @_played
    async def test_a_cancelled_send_leaves_it_usable(self, bench: Bench) -> None:
        """Whatever was under way, the next message is sent as if nothing had been."""
        for number, pause in enumerate(_PAUSES):
            bench.far_side.behave(self._some(Behaviour.HANG, Behaviour.ACCEPT))
            sending = asyncio.ensure_future(bench.notifier.send(hostile.message("0a1b-0")))
            await asyncio.wait({sending}, timeout=pause)
            interrupted = sending.cancel()
            await asyncio.wait({sending}, timeout=self.patience)
            assert sending.done(), "a cancelled send goes on"
            assert not interrupted or sending.cancelled(), "a cancelled send did not end with CancelledError"
            bench.far_side.behave(Behaviour.ACCEPT)
            arrived = await bench.arrived(hostile.message(f"0a1b-{number + 1}", f"alertd-text-{number}"))
            new = [one for one in arrived if f"alertd-text-{number}" in one.text]
            assert len(new) == 1, f"one message was sent, {len(new)} arrived"
            assert not self.carries_id or new[0].id == f"0a1b-{number + 1}"
            assert not self.stops or arrived == new, "what was cancelled arrived later"

    @_played
    async def test_concurrent_sends_do_not_mix(self, bench: Bench) -> None:
        messages = [hostile.message(f"0a1b-{n}", f"alertd-text-{n:03}") for n in range(_TOGETHER)]
        answers = await asyncio.gather(*map(bench.send, messages))
        refused = [str(answer) for answer in answers if isinstance(answer, DeliveryError)]
        assert refused == [], f"of {_TOGETHER} sends at once {len(refused)} were refused: {refused[0]}"
        texts = {f"alertd-text-{n:03}" for n in range(_TOGETHER)}
        found = [(one.id, text) for one in bench.far_side.received for text in texts if text in one.text]
        assert sorted(text for _, text in found) == sorted(texts), "a message was lost, doubled or mixed with another"
        for id_, text in found if self.carries_id else ():
            assert int(id_.removeprefix("0a1b-")) == int(text.removeprefix("alertd-text-")), "an id of another message"

    @_played
    async def test_hostile_texts_are_data(self, bench: Bench) -> None:
        """They arrive, or are refused with DeliveryError, and become neither a header nor markup."""
        for name, text in hostile.TEXTS.items():
            before = len(bench.far_side.received)
            await bench.send(hostile.hostile("0a1b-1", text))
            for received in bench.far_side.received[before:]:
                assert hostile.evil_headers(received.headers) == [], f"hostile text ({name}) became a header"
                assert hostile.evil_markup(received.html) == [], f"hostile text ({name}) became markup"
            await bench.accepted(hostile.message())

    @_played
    async def test_odd_values_are_no_reason_to_stop(self, bench: Bench) -> None:
        for name, notification in hostile.odd():
            said = await bench.send(notification)
            assert not isinstance(said, DeliveryError), f"{name}: {said}"

    @_played
    async def test_secrets_are_not_shown(self, bench: Bench) -> None:
        """Not by what it is made of; what `send` says and raises is looked at in every test."""
        for shown in (bench.notifier, bench.config):
            bench.check_secrets(repr(shown) + str(shown))

    @_played
    async def test_it_can_be_closed_at_any_time(self, bench: Bench) -> None:
        await bench.notifier.aclose()
        async with self.far_side() as far_side:
            other = self._bench(far_side)
            await other.accepted(hostile.message())
            await other.notifier.aclose()
            await other.notifier.aclose()

    async def _play(self, scenario: Scenario) -> None:
        async with asyncio.timeout(_LONGEST), self.far_side() as far_side:
            bench = self._bench(far_side)
            try:
                await scenario(self, bench)
            finally:
                await bench.notifier.aclose()

    def _bench(self, far_side: FarSide) -> Bench:
        config = self.plugin.Config.model_validate(self.config(far_side))
        inherit = getattr(config, "with_global", None)
        config = inherit(GlobalConfig()) if inherit else config
        return Bench(self.plugin(config, self.context()), config, far_side)

    def _refusal(self, how: Behaviour, *, permanent: bool) -> DeliveryError:
        """The error that this makes; and afterwards it works as before."""
        if how not in self.behaviours:
            raise SkipTest(f"the far side of this channel cannot {how}")
        errors: list[DeliveryError] = []

        async def scenario(_: Any, bench: Bench) -> None:
            for _ in range(2):
                sending = asyncio.ensure_future(bench.refused(how))
                await asyncio.wait({sending}, timeout=self.patience)
                assert sending.done(), f"the far side was to {how}, and send did not end in {self.patience:g} s"
                errors.append(await sending)
                await bench.accepted(hostile.message())

        asyncio.run(self._play(scenario))
        for error in errors:
            assert error.permanent is permanent, f"permanent={error.permanent} after the far side did {how}: {error}"
        return errors[-1]

    def _some(self, *wanted: Behaviour) -> Behaviour:
        return next(how for how in wanted if how in self.behaviours)


def _secrets(value: Any) -> Iterator[str]:
    """What the configuration holds as secret; of a URL, what follows the host."""
    if isinstance(value, SecretStr):
        for word in value.get_secret_value().split():
            url = urlsplit(word)
            yield url._replace(scheme="", netloc="").geturl() if url.netloc and len(url.path) > 1 else word
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets(one)
