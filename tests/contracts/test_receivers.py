"""What every notifier must do, on those that speak to a service: each against a real HTTP server on loopback."""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs

from alertd.core.rendering import notification_data
from alertd.notifiers.discord import DiscordNotifier
from alertd.notifiers.msteams import MsteamsNotifier
from alertd.notifiers.msteamsv2 import Msteamsv2Notifier
from alertd.notifiers.opsgenie import OpsgenieNotifier
from alertd.notifiers.pagerduty import PagerdutyNotifier
from alertd.notifiers.pushover import PushoverNotifier
from alertd.notifiers.slack import SlackNotifier
from alertd.notifiers.telegram import TelegramNotifier
from alertd.notifiers.victorops import VictoropsNotifier
from alertd.notifiers.webex import WebexNotifier
from alertd.ports import Context
from alertd.templating.notifications import compile_templates
from alertd.testing import HttpSink, ManualClock, NotifierConformance, Received, http_sink
from alertd.testing.farside import HttpRequest

TEXT = "{{ range .Alerts }}{{ .Annotations.summary }} {{ end }}"
TEMPLATES = compile_templates([])
CREDENTIALS = {"http_headers": {"X-Key": {"secrets": ["hush-header"]}}}


def read(request: HttpRequest) -> Received:
    """A message in JSON or in a form."""
    body = request.body.decode()
    if "form" in request.headers["content-type"]:
        body = json.dumps(parse_qs(body))
    else:
        json.loads(body)
    return Received(request.headers["webhook-id"], body, request.headers)


def given(**keys: Any) -> Mapping[str, Any]:
    return keys


class Service(NotifierConformance):
    """A service that takes HTTP requests; `keys` are the configuration besides where it is."""

    __test__ = False
    where = "api_url"
    path = "/"
    keys = given()

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink(read)

    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        return {self.where: far_side.url + self.path, "timeout": "2s", "http_config": CREDENTIALS, **self.keys}

    def context(self) -> Context:
        return Context(
            ManualClock(),
            "http://alertd.example.org",
            "localhost",
            "test",
            render=lambda text, notification: TEMPLATES.text(text, notification_data(notification)),
            render_html=lambda text, notification: TEMPLATES.html(text, notification_data(notification)),
        )


class TestSlack(Service):
    __test__ = True
    plugin = SlackNotifier
    path = "/services/T0HUSH/B0HUSH/hush-token"
    keys = given(channel="#alerts", text=TEXT)


class TestSlackAsApp(Service):
    __test__ = True
    plugin = SlackNotifier
    where = "app_url"
    path = "/api/chat.postMessage"
    keys = given(app_token="xoxb-hush-token", channel="#alerts", text=TEXT, update_message=True)


class TestPagerduty(Service):
    __test__ = True
    plugin = PagerdutyNotifier
    where = "url"
    path = "/v2/enqueue"
    keys = given(routing_key="hush-routing-key", description=TEXT)


class TestPagerdutyV1(Service):
    __test__ = True
    plugin = PagerdutyNotifier
    where = "url"
    path = "/v2/enqueue"
    keys = given(service_key="hush-service-key", description=TEXT)


class TestOpsgenie(Service):
    __test__ = True
    plugin = OpsgenieNotifier
    keys = given(api_key="hush-api-key", message=TEXT, source=TEXT)


class TestVictorops(Service):
    __test__ = True
    plugin = VictoropsNotifier
    path = "/integrations/generic/"
    keys = given(api_key="hush/api-key", routing_key="{{ .CommonLabels.alertname }}!", state_message=TEXT)


class TestPushover(Service):
    __test__ = True
    plugin = PushoverNotifier
    keys = given(user_key="hush-user", token="hush-token", message=TEXT, html=True)


class TestTelegram(Service):
    __test__ = True
    plugin = TelegramNotifier
    keys = given(bot_token="123456:hush-token", chat_id=-100, message=TEXT)


class TestDiscord(Service):
    __test__ = True
    plugin = DiscordNotifier
    where = "webhook_url"
    path = "/api/webhooks/123456/hush-token"
    keys = given(message=TEXT)


class TestMsteams(Service):
    __test__ = True
    plugin = MsteamsNotifier
    where = "webhook_url"
    path = "/webhook/123456/hush-token"
    keys = given(text=TEXT)


class TestMsteamsv2(Service):
    __test__ = True
    plugin = Msteamsv2Notifier
    where = "webhook_url"
    path = "/workflows/123456/triggers?sig=hush-signature"
    keys = given(text=TEXT)


class TestWebex(Service):
    __test__ = True
    plugin = WebexNotifier
    path = "/v1/messages"
    keys = given(
        room_id="hall", message=TEXT, http_config={**CREDENTIALS, "authorization": {"credentials": "hush-token"}}
    )
