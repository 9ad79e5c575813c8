"""The receivers that speak to a service: a configuration of each, messages, and what is requested for them.

`python -m tests.notifiers.receivers NAME…` writes the golden files of those receivers anew; look at the difference.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from alertd.config import plugins
from alertd.config.alertmanager import GlobalConfig
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.rendering import notification_data
from alertd.ports import Context, Notifier
from alertd.templating.notifications import compile_templates
from alertd.testing import START, ManualClock
from tests.servers import Behaviour, HttpServer, Request, answer, http_server

GOLDEN = Path(__file__).parent / "golden"
NAME, ALERTS = "{{ .CommonLabels.alertname }}", "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}"
SHOWN = ("authorization", "content-type", "webhook-id")
_LONG = 300
_SIGNATURE = re.compile("(?<=Signature=)[0-9a-f]+")  # signs the port of the server, too


@dataclass(frozen=True)
class Service:
    """A configuration: `keys`, and the URL of a server in `where`, with this path."""

    kind: str
    where: str
    path: str
    keys: Mapping[str, Any]
    answers: Behaviour = field(default_factory=answer)
    global_: Mapping[str, Any] | None = None

    def at(self, url: str) -> Any:
        """How its configuration names a server."""
        place = url + self.path
        if self.where == "urls":
            return [place]
        return place.replace("http://", "json://us:hush-password@") if self.kind == "apprise" else place


def by_request(body: Callable[[Request], bytes]) -> Behaviour:
    """Answer each request as it asks."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        await answer(200, body(request), Content_Type="application/json")(request, writer)

    return behave


def _jira(request: Request) -> bytes:
    """There is an issue that is done, which can be opened again and closed."""
    transitions = [{"id": "11", "name": "Reopen"}, {"id": "31", "name": "Close"}]
    issue = {"key": "OPS-1", "fields": {"status": {"statusCategory": {"key": "new"}}}}
    return json.dumps({"issues": [issue], "transitions": transitions}).encode()


def _wechat(request: Request) -> bytes:
    given = b'{"errcode":0,"errmsg":"ok","access_token":"hush-access","expires_in":7200}'
    return given if request.method == "GET" else b'{"errcode":0,"errmsg":"ok"}'


def service(kind: str, where: str, path: str, /, answers: Behaviour | None = None, **keys: Any) -> Service:
    return Service(kind, where, path, keys, answers or answer())


BEARER = {"authorization": {"credentials": "hush-token"}}
SERVICES: Mapping[str, Service] = {
    "slack": service(
        "slack", "api_url", "/services/T0/B0/hush",
        channel="#{{ .Receiver }}", username="us", title=NAME, title_link="{{ .ExternalURL }}", pretext="pre",
        text=ALERTS, message_text="{{ .Status }}", footer="foot", fallback="fall", callback_id="id",
        icon_emoji=":fire:", icon_url="http://i", image_url="http://im", thumb_url="http://th", link_names="true",
        mrkdwn_in=["text"], short_fields="true",
        fields=[{"title": "job", "value": "{{ .CommonLabels.job }}"}, {"title": "b", "value": "c", "short": "false"}],
        actions=[
            {"type": "button", "text": "Graph", "url": "{{ .ExternalURL }}", "name": "dropped"},
            {"type": "button", "text": "Ack", "name": "ack", "value": "1", "style": "danger", "confirm": {"text": "?"}},
        ],
    ),
    "slack-app": service(
        "slack", "app_url", "/api/chat.postMessage",
        app_token="hush-token", channel="C1", title=NAME, text=ALERTS, fallback="fall", title_link="", username="",
    ),
    "pagerduty": service(
        "pagerduty", "url", "/v2/enqueue",
        routing_key="hush-{{ .CommonLabels.job }}", description=ALERTS, client="us", client_url="{{ .ExternalURL }}",
        severity="{{ .CommonLabels.severity }}", component="{{ .CommonLabels.job }}", group="g", **{"class": "c"},
        images=[{"src": "http://i", "alt": "a", "href": "http://h"}, {"src": "{{ .CommonLabels.none }}"}],
        links=[{"href": "http://l", "text": NAME}, {"href": "", "text": "nowhere"}],
        details={"count": "{{ len .Alerts }}", "nested": {"{{ .Status }}": ["{{ .Receiver }}", "007", "no: yes"]}},
    ),
    "pagerduty-v1": service(
        "pagerduty", "url", "/v2/enqueue",
        service_key="hush-key", description=ALERTS, client="us", client_url="http://us",
        details={"firing": "{{ len .Alerts }}"},
    ),
    "opsgenie": service(
        "opsgenie", "api_url", "/og/",
        api_key="hush-key", message=f"{NAME} {ALERTS}", description=ALERTS, source="us", note="n", priority="P1",
        entity="e", tags="a, {{ .Status }},,b", actions="x,y", details={"own": NAME, "job": "mine"},
        update_alerts="true",
        responders=[
            {"name": "a, b", "type": "teams"}, {"id": "1", "type": "Escalation"},
            {"name": "{{ .CommonLabels.none }}", "type": "team"},
        ],
    ),
    "victorops": service(
        "victorops", "api_url", "/alert/",
        api_key="hush-key", routing_key="{{ .CommonLabels.job }}/x", message_type="WARNING", state_message=ALERTS,
        entity_display_name=NAME, monitoring_tool="us", custom_fields={"severity": "{{ .CommonLabels.severity }}"},
    ),
    "pushover": service(
        "pushover", "api_url", "/1/messages.json",
        user_key="hush-user", token="hush-token", title=NAME, message=ALERTS, url="{{ .ExternalURL }}", url_title="us",
        device="d", sound="siren", retry="5s", expire="1d", ttl="1h", html="true",
    ),
    "telegram": service(
        "telegram", "api_url", "/",
        bot_token="1:hush-token", chat_id="-100", message_thread_id="7", disable_notifications="true",
        message=f"<b>{NAME}</b>\n{ALERTS}",
    ),
    "telegram-markdown": service(
        "telegram", "api_url", "",
        bot_token="1:hush-token", chat_id="5", message=f"*{NAME}* {ALERTS}", parse_mode="Markdown",
    ),
    "discord": service(
        "discord", "webhook_url", "/api/webhooks/1/hush",
        title=NAME, message=ALERTS, content="{{ .Status }} {{ range .Alerts }}{{ .Labels.n }}{{ end }}", username="us",
        avatar_url="http://a",
    ),
    "msteams": service("msteams", "webhook_url", "/hook/hush", title=NAME, summary="{{ .Status }}", text=ALERTS),
    "msteamsv2": service("msteamsv2", "webhook_url", "/flow?sig=hush", title=NAME, text=ALERTS),
    "alertmanager": service("alertmanager", "urls", "/prefix/", ends_after="2h"),
    "apprise": service("apprise", "url", "/hush-path", title=NAME, message=ALERTS),
    "incidentio": service(
        "incidentio", "url", "/v2/alert_events/alertmanager/1", alert_source_token="hush-token", max_alerts="1",
    ),
    "jira": service(
        "jira", "api_url", "/rest/api/2", by_request(_jira),
        project="OPS", issue_type="Bug", summary=NAME, description={"template": ALERTS, "enable_update": False},
        labels=["alert d", "{{ .Status }}"], priority="High", reopen_transition="Reopen", resolve_transition="Close",
        reopen_duration="1h", wont_fix_resolution="Won't Do",
        fields={"components": [{"name": "{{ .CommonLabels.job }}"}], "customfield_1": {"value": "{{ len .Alerts }}"}},
    ),
    "jira-new": service(
        "jira", "api_url", "/rest/api/3/", answer(200, b'{"issues":[]}'),
        project="OPS", issue_type="Bug", summary=NAME, description=ALERTS, priority="", api_type="cloud",
    ),
    "mattermost": service(
        "mattermost", "webhook_url", "/hooks/hush",
        channel="alerts", username="us", title=NAME, title_link="{{ .ExternalURL }}", text=ALERTS, fallback="fall",
        color="#ff0000", pretext="pre", author_name="author", author_link="http://a", author_icon="http://ai",
        thumb_url="http://th", footer="foot", footer_icon="http://fi", image_url="http://im", icon_url="http://i",
        icon_emoji="fire", fields=[{"title": "job", "value": "{{ .CommonLabels.job }}", "short": "true"}],
        props={"card": "{{ .Status }}"}, priority={"priority": "urgent", "requested_ack": "true"},
    ),
    "mattermost-attachments": service(
        "mattermost", "webhook_url", "/hooks/hush",
        text=ALERTS, attachments=[{"title": NAME, "fields": [{"title": "a", "value": "b"}]}, {"text": "{{ .Status }}"}],
    ),
    "ntfy": service(
        "ntfy", "url", "/",
        topic="hush-topic", token="hush-token", title=NAME, message=ALERTS, tags=["{{ .Status }},a"],
        priority="{{ if .Alerts.Firing }}high{{ end }}",
    ),
    "rocketchat": service(
        "rocketchat", "api_url", "/", answer(200, b'{"success":true}'),
        token="hush-token", token_id="hush-id", channel="#alerts", title=NAME, text=ALERTS, emoji=":fire:",
        image_url="http://im", thumb_url="http://th", short_fields="true",
        fields=[{"title": "job", "value": "{{ .CommonLabels.job }}"}, {"title": "b", "value": "c", "short": "false"}],
        actions=[{"type": "button", "text": "Graph", "url": "{{ .ExternalURL }}"}],
    ),
    "sns": service(
        "sns", "api_url", "/",
        sigv4={"region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": "hush-secret"},
        topic_arn="arn:aws:sns:eu-west-1:1:alerts.fifo", subject=NAME, message=ALERTS,
        attributes={"severity": "{{ .CommonLabels.severity }}", "none": "{{ .CommonLabels.none }}"},
    ),
    "wechat": service(
        "wechat", "api_url", "/cgi-bin/", by_request(_wechat),
        api_secret="hush-secret", corp_id="corp", to_user="a|b", to_party="1", to_tag="t", agent_id="7", message=ALERTS,
        message_type="markdown",
    ),
    "webex": service("webex", "api_url", "/v1/messages", room_id="{{ .Receiver }}", message=ALERTS, http_config=BEARER),
}  # fmt: skip


def alert(number: int, summary: str) -> NotifiedAlert:
    labels = Labels({"alertname": "DiskFull", "job": "db", "n": str(number), "severity": "critical"})
    return NotifiedAlert(labels, {"summary": summary}, START, None, 0.5, f"http://p/{number}")


FIRING = Notification(
    id="id-1",
    receiver="team",
    integration="team/x[0]",
    reason=Reason.FIRST,
    at=START,
    alerts=(alert(1, "Disk of <db-1> is full"), alert(2, "🔥 & ünïcode")),
    group_key='{}:{alertname="DiskFull"}',
    group_labels=Labels({"alertname": "DiskFull"}),
    external_url="http://alertd",
)
RESOLVED = replace(
    FIRING,
    reason=Reason.ALL_RESOLVED,
    alerts=tuple(replace(one, ends_at=START + timedelta(minutes=5)) for one in FIRING.alerts),
)
MANY = replace(FIRING, alerts=tuple(alert(number, f"🔥 Disk {number} is full " + "x" * 40) for number in range(1000)))
MESSAGES = {"firing": FIRING, "resolved": RESOLVED, "many": MANY}

_TEMPLATES = compile_templates([])
CONTEXT = Context(
    ManualClock(),
    "http://alertd",
    "localhost",
    "test",
    render=lambda text, notification: _TEMPLATES.text(text, notification_data(notification)),
    render_html=lambda text, notification: _TEMPLATES.html(text, notification_data(notification)),
)


def notifier(one: Service, url: str, /, **keys: Any) -> Notifier:
    """The receiver, as a configuration file would make it; keys that are None are left out."""
    plugin, model = plugins.load(one.kind)
    given = {one.where: one.at(url), "timeout": "20s", **one.keys, **keys}
    config: Any = model.model_validate({key: value for key, value in given.items() if value is not None})
    inherit = getattr(config, "with_global", lambda _: config)
    made: Notifier = plugin(inherit(GlobalConfig(**(one.global_ or {}))), CONTEXT)
    return made


async def send(one: Service, server: HttpServer, notification: Notification = FIRING, /, **keys: Any) -> str:
    """Send one message to a server, and what is said about it. Raises DeliveryError."""
    made = notifier(one, server.url, **keys)
    try:
        return await made.send(notification)
    finally:
        await made.aclose()


def shown(request: Request) -> Mapping[str, Any]:
    """A request as a golden file has it."""
    form = "form" in request.headers.get("content-type", "")
    text = request.body.decode()
    body = dict(parse_qsl(text, strict_parsing=True)) if form else json.loads(text or "null")
    headers = {name: _SIGNATURE.sub("…", request.headers[name]) for name in SHOWN if name in request.headers}
    return {"request": f"{request.method} {request.path}", "headers": headers, "body": _short(body)}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    if not isinstance(value, str) or len(value) <= _LONG:
        return value
    sizes = f"{len(value)} characters, {len(value.encode())} bytes, {len(value.encode('utf-16-le')) // 2} in UTF-16"
    return f"{value[:60]} …{sizes}… {value[-60:]}"


async def requested(one: Service, notification: Notification) -> list[Mapping[str, Any]]:
    """What is requested for a message."""
    async with http_server() as server:
        server.otherwise = one.answers
        await send(one, server, notification)
        return [shown(request) for request in server.requests]


def main(names: list[str]) -> None:
    for name in names:
        for what, notification in MESSAGES.items():
            found = asyncio.run(requested(SERVICES[name], notification))
            text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)
            (GOLDEN / f"{name}-{what}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
