"""The tests that every notifier inherits find what they are there for: each of these notifiers is bad in one way."""

import asyncio
import gc
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ConfigDict

from alertd.core.notification import Notification
from alertd.errors import DeliveryError
from alertd.notifiers.webhook import WebhookConfig, WebhookNotifier
from alertd.testing import HttpSink, NotifierConformance, http_sink


class Suite(NotifierConformance):
    patience = 2.0

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink()

    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        return {"url": f"{far_side.url}/hush-path", "timeout": "1s"}


class RaisesAnything(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        try:
            return await super().send(notification)
        except DeliveryError as error:
            raise RuntimeError from error


class GivesUpAlways(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        try:
            return await super().send(notification)
        except DeliveryError as error:
            raise DeliveryError(str(error), permanent=True) from None


class NeverGivesUp(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        try:
            return await super().send(notification)
        except DeliveryError as error:
            raise DeliveryError(str(error)) from None


class SaysTheSecret(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        return f"{await super().send(notification)} from {self.config.url.get_secret_value()}"


class SaysTooMuch(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        return f"{await super().send(notification)}\nand more"


class InventsIds(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        return await super().send(replace(notification, id=f"{id(object())}"))


class SendsTwice(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        await super().send(notification)
        return await super().send(notification)


class Changes(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        notification.alerts[0].annotations["sent"] = "yes"
        return await super().send(notification)


class Mixes(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        self._last = notification
        async with self._turn:  # others come in between
            return await super().send(self._last)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turn = asyncio.Lock()


class SwallowsCancellation(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        try:
            return await super().send(notification)
        except asyncio.CancelledError:
            return "never mind"


class StaysBroken(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        if hasattr(self, "_broken"):
            raise DeliveryError("broken since then")
        self._broken = True
        said = await super().send(notification)
        del self._broken
        return said


class WaitsForEver(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        self._timeout = 60.0
        return await super().send(notification)


class Talks(WebhookNotifier):
    def __repr__(self) -> str:
        return f"<{self.config.url.get_secret_value()}>"


class Loose(WebhookNotifier):
    class Config(WebhookConfig):
        model_config = ConfigDict(extra="ignore")


class ClosesOnce(WebhookNotifier):
    async def aclose(self) -> None:
        await super().aclose()
        del self._client


class TrustsTexts(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        for alert in notification.alerts:
            str(alert.labels).encode()
        return await super().send(notification)


class NeedsAlerts(WebhookNotifier):
    async def send(self, notification: Notification) -> str:
        return f"{await super().send(notification)} {notification.alerts[0].name[:10]}"


BAD = {
    RaisesAnything: "test_a_failure_for_now_is_not_permanent",
    GivesUpAlways: "test_a_failure_for_now_is_not_permanent",
    NeverGivesUp: "test_a_refusal_for_good_is_permanent",
    SaysTheSecret: "test_it_accepts_firing_and_resolved",
    SaysTooMuch: "test_it_accepts_firing_and_resolved",
    InventsIds: "test_the_id_arrives_and_a_repeat_has_the_same",
    SendsTwice: "test_it_accepts_firing_and_resolved",
    Changes: "test_it_accepts_firing_and_resolved",
    Mixes: "test_concurrent_sends_do_not_mix",
    SwallowsCancellation: "test_a_cancelled_send_leaves_it_usable",
    StaysBroken: "test_a_cancelled_send_leaves_it_usable",
    WaitsForEver: "test_silence_ends_in_time",
    Talks: "test_secrets_are_not_shown",
    Loose: "test_its_configuration_is_a_model",
    ClosesOnce: "test_it_can_be_closed_at_any_time",
    TrustsTexts: "test_hostile_texts_are_data",
    NeedsAlerts: "test_odd_values_are_no_reason_to_stop",
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
def test_it_is_found(bad: type[WebhookNotifier]) -> None:
    suite = type("Sub", (Suite,), {"plugin": bad})()
    with pytest.raises((AssertionError, AttributeError)):
        getattr(suite, BAD[bad])()
    gc.collect()  # some of them leave connections behind, which is to be said here and not in another test


def test_a_good_one_passes() -> None:
    suite = type("Sub", (Suite,), {"plugin": WebhookNotifier})()
    for name in set(BAD.values()):
        getattr(suite, name)()


def test_no_test_is_forgotten() -> None:
    names = {name for name in dir(NotifierConformance) if name.startswith("test_")}
    assert names - set(BAD.values()) == {
        "test_a_connection_that_ends_is_not_permanent",
        "test_when_to_come_back_is_passed_on",
    }
