"""What all receivers that speak to a service have in common, for each; what one has alone is further down."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alertd.config import plugins
from alertd.core.labels import Labels
from alertd.core.notification import Notification, Reason
from alertd.errors import DeliveryError
from alertd.testing import START
from tests.notifiers.receivers import (
    BEARER,
    FIRING,
    GOLDEN,
    MANY,
    MESSAGES,
    RESOLVED,
    SERVICES,
    notifier,
    requested,
    send,
)
from tests.servers import HttpServer, answer, http_server

pytestmark = pytest.mark.anyio

OTHERS = {"email", "stdout", "webhook"}
MAIN = ("text", "message", "description", "state_message")  # the key that says everything, by its names


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        yield one


def fields(name: str) -> Mapping[str, Any]:
    _, model = plugins.load(SERVICES[name].kind)
    return {field.alias or key: field for key, field in model.model_fields.items()}


def templates(name: str) -> list[str]:
    """The keys whose default is one of the templates that come along."""
    return [key for key, field in fields(name).items() if "{{ template" in str(field.default)]


def secrets(name: str) -> list[str]:
    """The keys given that may stand in a file."""
    return [key for key in SERVICES[name].keys if f"{key}_file" in fields(name)]


def bodies(server: HttpServer) -> list[Any]:
    return [json.loads(request.body) for request in server.requests]


def test_every_receiver_is_here() -> None:
    assert {one.kind for one in SERVICES.values()} == set(plugins.installed()) - OTHERS
    assert {path.stem for path in GOLDEN.glob("*.json")} == {f"{name}-{what}" for name in SERVICES for what in MESSAGES}


@pytest.mark.parametrize("what", MESSAGES)
@pytest.mark.parametrize("name", SERVICES)
async def test_what_is_requested(name: str, what: str) -> None:
    assert await requested(SERVICES[name], MESSAGES[what]) == json.loads((GOLDEN / f"{name}-{what}.json").read_text())


@pytest.mark.parametrize("name", SERVICES)
async def test_the_templates_that_come_along(server: HttpServer, name: str) -> None:
    server.otherwise = SERVICES[name].answers
    said = await send(SERVICES[name], server, **dict.fromkeys(templates(name)))
    assert "failed" not in said
    assert any(b"DiskFull" in request.body for request in server.requests)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_template_that_fails_stops_no_message(server: HttpServer, name: str) -> None:
    broken = dict.fromkeys([*templates(name), *(key for key in MAIN if key in fields(name))], "{{ .Nope.Nope }}")
    server.otherwise = SERVICES[name].answers
    said = await send(SERVICES[name], server, **broken)
    assert ("The template of " in said) is bool(broken)
    assert any(b"DiskFull" in request.body for request in server.requests)


@pytest.mark.parametrize("name", [name for name in SERVICES if secrets(name)])
async def test_secrets_from_files(server: HttpServer, tmp_path: Path, name: str) -> None:
    one, moved = SERVICES[name], {}
    for key in secrets(name):
        path = tmp_path / key
        path.write_text(f"{one.keys[key]}\n")
        moved |= {key: None, f"{key}_file": str(path)}
    server.otherwise = one.answers
    await send(one, server)
    await send(one, server, **moved)
    written, read = server.requests[0], server.requests[len(server.requests) // 2]
    assert read == written
    path.unlink()
    with pytest.raises(DeliveryError, match="cannot read") as caught:
        await send(one, server, **moved)
    assert not caught.value.permanent


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if one.where == "webhook_url"])
async def test_a_webhook_from_a_file(server: HttpServer, tmp_path: Path, name: str) -> None:
    path = tmp_path / "url"
    path.write_text(server.url + SERVICES[name].path)
    await send(SERVICES[name], server, webhook_url=None, webhook_url_file=str(path))
    assert server.requests[0].path == SERVICES[name].path


GLOBAL = {
    "slack": {"slack_api_url": "{url}"},
    "slack-app": {"slack_app_url": "{url}", "slack_app_token": "hush-token"},
    "pagerduty": {"pagerduty_url": "{url}"},
    "opsgenie": {"opsgenie_api_url": "{url}", "opsgenie_api_key": "hush-key"},
    "victorops": {"victorops_api_url": "{url}", "victorops_api_key": "hush-key"},
    "telegram": {"telegram_api_url": "{url}", "telegram_bot_token": "1:hush-token"},
    "webex": {"webex_api_url": "{url}", "http_config": {"authorization": {"credentials": "hush-token"}}},
    "discord": {"http_config": {"authorization": {"credentials": "hush-token"}}},
}


@pytest.mark.parametrize("name", GLOBAL)
async def test_what_global_gives(server: HttpServer, name: str) -> None:
    one, url = SERVICES[name], server.url + SERVICES[name].path
    given = {key: value.format(url=url) if isinstance(value, str) else value for key, value in GLOBAL[name].items()}
    gone = {key: None for key in one.keys if f"{one.kind}_{key}" in given or key in given}
    where = {} if one.where == "webhook_url" else {one.where: None}
    await send(replace(one, global_=given), server, **gone, **where)
    await send(one, server, http_config=given.get("http_config"))
    assert server.requests[0] == server.requests[len(server.requests) // 2]


MISTAKES = [
    ("slack", {"api_url": None}, "api_url or api_url_file is missing"),
    ("slack", {"api_url": "hooks.slack.com"}, "must begin with http"),
    ("slack", {"api_url_file": "f"}, "at most one of api_url, api_url_file"),
    ("slack", {"app_token": "t"}, "at most one of api_url, app_token"),
    ("slack", {"update_message": True}, "need an app_token"),
    ("slack", {"thread": True}, "need an app_token"),
    ("slack", {"fields": [{"title": "t"}]}, "value"),
    ("slack", {"actions": [{"type": "button", "text": "t"}]}, "needs a url or a name"),
    ("slack", {"actions": [{"type": "button", "url": "u"}]}, "text"),
    ("slack-app", {"app_token_file": "f"}, "at most one of app_token, app_token_file"),
    ("slack-app", {"http_config": {"authorization": {"credentials": "c"}}}, "cannot stand beside an app_token"),
    ("slack-app", {"update_message": True, "thread": True}, "at most one of update_message, thread"),
    ("pagerduty", {"routing_key": None}, "routing_key is missing"),
    ("pagerduty", {"routing_key_file": "f"}, "at most one of routing_key"),
    ("pagerduty-v1", {"service_key_file": "f"}, "at most one of service_key"),
    ("opsgenie", {"api_key": None}, "opsgenie_api_key in global"),
    ("opsgenie", {"api_key_file": "f"}, "at most one of api_key"),
    ("opsgenie", {"responders": [{"type": "team"}]}, "needs an id, a name or a username"),
    ("opsgenie", {"responders": [{"name": "n", "type": "club"}]}, "not a type of responder"),
    ("opsgenie", {"responders": [{"name": "n"}]}, "not a type of responder"),
    ("victorops", {"routing_key": None}, "routing_key"),
    ("victorops", {"api_key": None}, "victorops_api_key in global"),
    ("victorops", {"custom_fields": {"entity_id": "x"}}, "entity_id is a field of its own"),
    ("pushover", {"token": None}, "token or token_file is missing"),
    ("pushover", {"user_key_file": "f"}, "at most one of user_key"),
    ("pushover", {"monospace": True}, "at most one of html, monospace"),
    ("telegram", {"chat_id": None}, "chat_id or chat_id_file is missing"),
    ("telegram", {"chat_id_file": "f"}, "at most one of chat_id"),
    ("telegram", {"bot_token": None}, "telegram_bot_token in global"),
    ("telegram", {"parse_mode": "markdown"}, "parse_mode"),
    ("discord", {"webhook_url": None}, "webhook_url or webhook_url_file is missing"),
    ("msteams", {"webhook_url_file": "f"}, "at most one of webhook_url"),
    ("msteamsv2", {"webhook_url": "ftp://x"}, "must begin with http"),
    ("webex", {"room_id": None}, "room_id"),
    ("webex", {"http_config": None}, "http_config.authorization is missing"),
    ("alertmanager", {"urls": []}, "at least 1 item"),
    ("alertmanager", {"urls": ["am:9093"]}, "not a URL"),
    ("apprise", {"url": "nonsense"}, "none that Apprise can read"),
    ("apprise", {"url_file": "f"}, "either url or url_file"),
    ("incidentio", {"url_file": "f"}, "either url or url_file"),
    ("incidentio", {"alert_source_token": None}, "alert_source_token or alert_source_token_file is missing"),
    ("jira", {"project": None}, "project"),
    ("jira", {"api_url": None}, "jira_api_url in global"),
    ("mattermost", {"webhook_url_file": "f"}, "at most one of webhook_url"),
    ("ntfy", {"topic": None}, "topic or topic_file is missing"),
    ("ntfy", {"http_config": BEARER}, "either a token or credentials"),
    ("rocketchat", {"token_id": None}, "rocketchat_token_id in global"),
    ("sns", {"phone_number": "+1"}, "give one of topic_arn"),
    ("sns", {"sigv4": {"access_key": "a"}}, "go together"),
    ("wechat", {"corp_id": None}, "wechat_api_corp_id in global"),
]


@pytest.mark.parametrize(("name", "keys", "message"), MISTAKES)
def test_mistakes(name: str, keys: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        notifier(SERVICES[name], "http://localhost", **keys)


@pytest.mark.parametrize("name", SERVICES)
def test_unknown_keys_are_mistakes(name: str) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        notifier(SERVICES[name], "http://localhost", nonsense=1)


JSON = {"Content_Type": "application/json; charset=utf-8"}
ACCEPTED = (None, None, None)
FOR_GOOD, FOR_NOW = True, False
VERDICTS = [
    ("slack", answer(200, b"ok"), ACCEPTED),
    ("slack", answer(200, b"no_text"), ("client_error", FOR_GOOD, None)),
    ("slack", answer(200, b'{"ok":true}', **JSON), ACCEPTED),
    ("slack", answer(200, b'{"success":true}', **JSON), ACCEPTED),
    ("slack", answer(200, b'{"ok":false,"error":"channel_not_found"}', **JSON), ("client_error", FOR_GOOD, None)),
    ("slack", answer(200, b'{"ok":false,"error":"token_revoked"}', **JSON), ("auth_error", FOR_GOOD, None)),
    ("slack", answer(200, b'{"ok":false,"error":"internal_error"}', **JSON), ("server_error", FOR_NOW, None)),
    ("slack", answer(200, b'{"ok":false,"error":"ratelimited"}', Retry_After="7"), ("rate_limited", FOR_NOW, 7)),
    ("slack", answer(403, b"invalid_token"), ("auth_error", FOR_GOOD, None)),
    ("slack", answer(404, b"no_service"), ("client_error", FOR_GOOD, None)),
    ("pagerduty", answer(202, b'{"status":"success"}'), ACCEPTED),
    ("pagerduty", answer(400, b'{"errors":["bad key"]}'), ("client_error", FOR_GOOD, None)),
    ("pagerduty", answer(403), ("auth_error", FOR_GOOD, None)),
    ("pagerduty", answer(429, Retry_After="3"), ("rate_limited", FOR_NOW, 3)),
    ("pagerduty-v1", answer(403), ("rate_limited", FOR_NOW, None)),
    ("opsgenie", answer(202), ACCEPTED),
    ("opsgenie", answer(429), ("rate_limited", FOR_NOW, None)),
    ("opsgenie", answer(422), ("client_error", FOR_GOOD, None)),
    ("telegram", answer(200, b'{"ok":true,"result":{"message_id":1}}'), ACCEPTED),
    ("telegram", answer(403, b'{"ok":false,"error_code":403}'), ("auth_error", FOR_GOOD, None)),
    ("telegram", answer(429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":5}}'),
     ("rate_limited", FOR_NOW, 5)),
    ("telegram", answer(429, b'{"ok":false,"parameters":{"retry_after":"soon"}}'), ("rate_limited", FOR_NOW, None)),
    ("telegram", answer(502, b"<html>"), ("server_error", FOR_NOW, None)),
    ("discord", answer(204, b""), ACCEPTED),
    ("discord", answer(429, b'{"retry_after":1.5}', Retry_After="2"), ("rate_limited", FOR_NOW, 2)),
    ("msteams", answer(200, b"1"), ACCEPTED),
    ("msteams", answer(200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP "
                            b"error 429 with ContextId x"), ("rate_limited", FOR_NOW, None)),
    ("msteams", answer(200, b"Teams endpoint returned HTTP error 403"), ("auth_error", FOR_GOOD, None)),
    ("msteamsv2", answer(202, b""), ACCEPTED),
    ("pushover", answer(400, b'{"user":"invalid","status":0}'), ("client_error", FOR_GOOD, None)),
    ("victorops", answer(200, b'{"result":"success"}'), ACCEPTED),
    ("webex", answer(429, Retry_After="60"), ("rate_limited", FOR_NOW, 60)),
    ("alertmanager", answer(400, b'"start time must be before end time"'), ("client_error", FOR_GOOD, None)),
    ("alertmanager", answer(503), ("server_error", FOR_NOW, None)),
    ("incidentio", answer(429), ("rate_limited", FOR_NOW, None)),
    ("jira", answer(401), ("auth_error", FOR_GOOD, None)),
    ("jira", answer(200, b"<html>"), ("broken", FOR_NOW, None)),
    ("mattermost", answer(400, b"Invalid webhook"), ("client_error", FOR_GOOD, None)),
    ("ntfy", answer(429, Retry_After="9"), ("rate_limited", FOR_NOW, 9)),
    ("rocketchat", answer(200, b'{"success":false,"error":"invalid-channel"}'), ("client_error", FOR_GOOD, None)),
    ("rocketchat", answer(200, b"hello"), ("broken", FOR_NOW, None)),
    ("sns", answer(400, b"<Error><Code>Throttling</Code></Error>"), ("rate_limited", FOR_NOW, None)),
    ("sns", answer(403, b"<Error><Code>ExpiredToken</Code></Error>"), ("auth_error", FOR_NOW, None)),
    ("sns", answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"), ("auth_error", FOR_GOOD, None)),
    ("wechat", answer(200, b'{"errcode":40001,"errmsg":"invalid credential"}'), ("auth_error", FOR_GOOD, None)),
    ("wechat", answer(200, b'{"errcode":45009}'), ("rate_limited", FOR_NOW, None)),
    ("wechat", answer(200, b'{"errcode":-1}'), ("server_error", FOR_NOW, None)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "behaviour", "expected"), VERDICTS)
async def test_what_answers_mean(server: HttpServer, name: str, behaviour: Any, expected: tuple[Any, ...]) -> None:
    server.otherwise = behaviour
    try:
        await send(SERVICES[name], server)
        found: tuple[Any, ...] = ACCEPTED
    except DeliveryError as error:
        wait = None if error.retry_after is None else error.retry_after.total_seconds()
        found = (error.reason, error.permanent, wait)
    assert found == expected


POSTED = answer(200, b'{"ok":true,"channel":"C9","ts":"17.1"}', **JSON)
REPEAT = replace(FIRING, reason=Reason.REPEAT)


async def told(server: HttpServer, *messages: Notification, **keys: Any) -> list[tuple[str, Any, Any, Any]]:
    """What a Slack app asks for: method, channel, the message it edits, the thread it answers in."""
    made = notifier(SERVICES["slack-app"], server.url, **keys)
    for message in messages:
        await made.send(message)
    await made.aclose()
    paths = [request.path.rpartition(".")[2] for request in server.requests]
    return [
        (path, body["channel"], body.get("ts"), body.get("thread_ts"))
        for path, body in zip(paths, bodies(server), strict=True)
    ]


async def test_slack_edits_its_message(server: HttpServer) -> None:
    server.otherwise = POSTED
    assert await told(server, FIRING, REPEAT, RESOLVED, REPEAT, update_message=True) == [
        ("postMessage", "C1", None, None),
        ("update", "C9", "17.1", None),
        ("update", "C9", "17.1", None),
        ("postMessage", "C1", None, None),
    ]


async def test_slack_answers_in_a_thread(server: HttpServer) -> None:
    server.otherwise = POSTED
    assert await told(server, FIRING, REPEAT, RESOLVED, thread=True) == [
        ("postMessage", "C1", None, None),
        ("postMessage", "C9", None, "17.1"),
        ("postMessage", "C9", None, "17.1"),
    ]


async def test_slack_begins_anew(server: HttpServer) -> None:
    """After the first message about a group that is told again from the beginning, and where the old one is gone."""
    gone = answer(200, b'{"ok":false,"error":"message_not_found"}', **JSON)
    server.script = [POSTED, POSTED, gone]
    server.otherwise = POSTED
    other = replace(REPEAT, group_key="another")
    found = await told(server, FIRING, FIRING, REPEAT, other, update_message=True)
    assert [path for path, *_ in found] == ["postMessage", "postMessage", "update", "postMessage", "postMessage"]


async def test_slack_posts_plainly_unless_told(server: HttpServer) -> None:
    server.otherwise = POSTED
    assert {path for path, *_ in await told(server, FIRING, REPEAT, RESOLVED)} == {"postMessage"}


async def test_pagerduty_leaves_out_what_is_too_large(server: HttpServer) -> None:
    details = {str(number): "{{ .CommonAnnotations.summary }}" for number in range(60)}
    large = replace(FIRING, alerts=(replace(FIRING.alerts[0], annotations={"summary": "x" * 10_000}),))
    for name, where in (("pagerduty", "custom_details"), ("pagerduty-v1", "details")):
        server.requests.clear()
        await send(SERVICES[name], server, large, details=details)
        (body,) = bodies(server)
        assert "512000" in body.get("payload", body)[where]["error"]
        assert len(server.requests[0].body) < 512_000


async def test_pagerduty_has_defaults(server: HttpServer) -> None:
    said = await send(SERVICES["pagerduty"], server, severity="page", source=None, description=" ")
    (body,) = bodies(server)
    assert body["payload"]["severity"] == "error"
    assert "none that PagerDuty knows" in said
    assert body["payload"]["source"] == "us"
    assert body["payload"]["summary"] == "[FIRING:2] DiskFull"


async def test_opsgenie_updates_only_if_told(server: HttpServer) -> None:
    await send(SERVICES["opsgenie"], server, update_alerts=None)
    assert [request.method for request in server.requests] == ["POST"]


async def test_opsgenie_s_limits(server: HttpServer) -> None:
    long = "{{ .CommonAnnotations.summary }}"
    message = replace(FIRING, alerts=(replace(FIRING.alerts[0], annotations={"summary": ",y".join("x" * 30_000)}),))
    keys = dict.fromkeys(("description", "source", "entity", "note", "tags", "actions"), long)
    await send(SERVICES["opsgenie"], server, message, **keys, details={"a": long, "b": long, "c": "c"})
    body = bodies(server)[0]
    sizes = {key: len(body[key]) for key in (*keys, "message")}
    assert sizes == {
        "description": 15_000, "source": 100, "entity": 512, "note": 25_000, "tags": 20, "actions": 10, "message": 130,
    }  # fmt: skip
    assert sum(len(name) + len(value) for name, value in body["details"].items()) == 8_000


async def test_victorops_knows_three_types(server: HttpServer) -> None:
    for kind in ("INFO", "page"):
        await send(SERVICES["victorops"], server, message_type=kind)
    assert [body["message_type"] for body in bodies(server)] == ["INFO", "CRITICAL"]


async def test_pushover_is_never_sent_what_it_refuses(server: HttpServer) -> None:
    await send(SERVICES["pushover"], server, message=" ", priority="high", html=None)
    assert b"message=%28no+details%29" in server.requests[0].body
    assert b"priority=1" in server.requests[0].body


UNREADABLE = answer(400, b'{"ok":false,"error_code":400,"description":"Bad Request: can\'t parse entities: <hm>"}')


async def test_telegram_sends_markup_that_cannot_be_read_as_text(server: HttpServer) -> None:
    server.script = [UNREADABLE]
    said = await send(SERVICES["telegram"], server)
    marked, plain = bodies(server)
    assert "sent as plain text" in said
    assert "parse_mode" not in plain
    assert (marked["text"], plain["text"]) == (
        "<b>DiskFull</b>\nDisk of &lt;db-1&gt; is full\n🔥 &amp; ünïcode",
        "DiskFull\nDisk of <db-1> is full\n🔥 & ünïcode",
    )


async def test_telegram_tries_that_once(server: HttpServer) -> None:
    server.otherwise = UNREADABLE
    with pytest.raises(DeliveryError, match="parse entities"):
        await send(SERVICES["telegram"], server)
    assert len(server.requests) == 2


async def test_telegram_counts_what_is_shown(server: HttpServer) -> None:
    """Tags and references do not count, so this is not too long."""
    await send(SERVICES["telegram"], server, message="<b>" + "&amp;" * 3_000 + "</b>")
    assert bodies(server)[0]["parse_mode"] == "HTML"


async def test_telegram_s_chat_from_a_file(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "chat"
    path.write_text("nobody")
    with pytest.raises(DeliveryError, match="holds no number"):
        await send(SERVICES["telegram"], server, chat_id=None, chat_id_file=str(path))


async def test_nowhere_to_send_to_is_final(server: HttpServer) -> None:
    for name, key in (("slack", "channel"), ("webex", "room_id"), ("victorops", "routing_key")):
        for template in ("{{ .Nope.Nope }}", "{{ .CommonLabels.none }}"):
            with pytest.raises(DeliveryError, match=key) as caught:
                await send(SERVICES[name], server, **{key: template})
            assert (caught.value.permanent, caught.value.reason) == (True, "config")
    assert server.requests == []


async def test_an_incident_is_closed_by_the_name_it_was_opened_with(server: HttpServer) -> None:
    strange = replace(FIRING, group_key="\ud800", group_labels=Labels(), at=START + timedelta(days=1))
    for message in (FIRING, RESOLVED, MANY, strange):
        await send(SERVICES["pagerduty"], server, message)
    first, second, third, other = (body["dedup_key"] for body in bodies(server))
    assert first == second == third != other


WITHOUT_SECRETS = {"alertmanager", "jira", "sns", "webex"}  # theirs are in http_config, or in sigv4


def test_secrets_do_not_show() -> None:
    for name, one in SERVICES.items():
        made = notifier(one, "http://localhost")
        hidden = [value for value in vars(made.config).values() if isinstance(value, SecretStr)]
        assert hidden or one.kind in WITHOUT_SECRETS, name
        assert "hush" not in repr(made.config)
