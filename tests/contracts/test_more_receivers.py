"""What every notifier must do, on those whose services answer in a language of their own."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

import pytest

from alertd.notifiers.alertmanager import AlertmanagerNotifier
from alertd.notifiers.apprise import AppriseNotifier
from alertd.notifiers.incidentio import IncidentioNotifier
from alertd.notifiers.jira import JiraNotifier
from alertd.notifiers.mattermost import MattermostNotifier
from alertd.notifiers.ntfy import NtfyNotifier
from alertd.notifiers.rocketchat import RocketchatNotifier
from alertd.notifiers.sns import SnsNotifier
from alertd.notifiers.wechat import WechatNotifier
from alertd.testing import Behaviour, HttpSink, Received, http_sink
from alertd.testing.farside import HttpRequest
from tests.contracts.test_receivers import CREDENTIALS, TEXT, Service, read


class TestMattermost(Service):
    __test__ = True
    plugin = MattermostNotifier
    where = "webhook_url"
    path = "/hooks/hush-key"
    keys: ClassVar = {"text": TEXT, "fields": [{"title": TEXT, "value": TEXT}], "priority": {"priority": "urgent"}}


class TestMattermostWithAttachments(TestMattermost):
    keys: ClassVar = {
        "text": TEXT,
        "attachments": [{"text": "{{ .Status }}"}, {"title": TEXT}],
        "props": {"card": TEXT},
    }


class TestRocketchat(Service):
    __test__ = True
    plugin = RocketchatNotifier
    keys: ClassVar = {"token": "hush-token", "token_id": "hush-token-id", "text": TEXT, "channel": "#alerts"}

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink(read, lambda _: b'{"success": true}')


class TestIncidentio(Service):
    __test__ = True
    plugin = IncidentioNotifier
    where = "url"
    path = "/v2/alert_events/alertmanager/01GW2G3V0S59R238FAHPDS1R66"
    keys: ClassVar = {"alert_source_token": "hush-token"}


class TestNtfy(Service):
    __test__ = True
    plugin = NtfyNotifier
    where = "url"
    keys: ClassVar = {"topic": "hush-topic", "token": "hush-token", "message": TEXT}


class TestNtfyAsItComes(TestNtfy):
    keys: ClassVar = {"topic": "hush-topic"}


class TestAlertmanager(Service):
    __test__ = True
    plugin = AlertmanagerNotifier
    where = "urls"

    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        http = {**CREDENTIALS, "basic_auth": {"username": "u", "password": "hush-password"}}
        return {"urls": [f"{far_side.url}/prefix/"], "timeout": "3s", "http_config": http}


def jira(request: HttpRequest) -> Received | None:
    """What writes an issue; searches and transitions are no message."""
    writes = request.path.endswith("/issue") or request.method == "PUT"
    return read(request) if writes else None


def jira_answers(request: HttpRequest) -> bytes:
    """There is an open issue, which can be closed."""
    status = {"statusCategory": {"key": "new"}}
    told = {"issues": [{"key": "OPS-1", "fields": {"status": status}}], "transitions": [{"id": "31", "name": "Done"}]}
    return json.dumps(told).encode()


class TestJira(Service):
    __test__ = True
    plugin = JiraNotifier
    path = "/rest/api/2"
    keys: ClassVar = {
        "project": "OPS",
        "issue_type": "Bug",
        "summary": TEXT,
        "resolve_transition": "Done",
        "fields": {"customfield_1": {"value": TEXT}},
        "http_config": {**CREDENTIALS, "basic_auth": {"username": "u", "password": "hush-password"}},
    }

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink(jira, jira_answers)


class TestJiraOfVersionThree(TestJira):
    path = "/rest/api/3/"
    keys: ClassVar = {"project": "OPS", "issue_type": "Bug", "summary": TEXT}


def wechat(request: HttpRequest) -> Received | None:
    """Asking for a token is no message."""
    return read(request) if request.method == "POST" else None


def wechat_answers(request: HttpRequest) -> bytes:
    """A token, or that all is well with one."""
    if request.method == "GET":
        return b'{"errcode": 0, "errmsg": "ok", "access_token": "hush-access", "expires_in": 7200}'
    good = "access_token=hush-access" in request.path
    return b'{"errcode": 0, "errmsg": "ok"}' if good else b'{"errcode": 40014}'


class TestWechat(Service):
    __test__ = True
    plugin = WechatNotifier
    path = "/cgi-bin/"
    keys: ClassVar = {
        "api_secret": "hush-secret",
        "corp_id": "corp",
        "to_user": "@all",
        "agent_id": "1",
        "message": TEXT,
    }

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink(wechat, wechat_answers)


class TestSns(Service):
    __test__ = True
    plugin = SnsNotifier
    keys: ClassVar = {
        "sigv4": {"region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": "hush-secret-key"},
        "topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts.fifo",
        "message": TEXT,
        "attributes": {"severity": TEXT},
    }


STS = b"""<AssumeRoleResponse><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>hush-lent</SecretAccessKey>
<SessionToken>hush-session/token==</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def sns(request: HttpRequest) -> Received | None:
    """Asking for keys is no message."""
    return read(request) if b"Action=Publish" in request.body else None


class TestSnsAsARole(TestSns):
    keys: ClassVar = {
        "sigv4": {"access_key": "AKIDEXAMPLE", "secret_key": "hush-secret-key", "role_arn": "arn:aws:iam::1:role/a"},
        "phone_number": "+491701234567",
        "message": TEXT,
    }

    @asynccontextmanager
    async def far_side(self) -> AsyncIterator[HttpSink]:
        async with http_sink(sns, lambda request: b"ok" if b"Action=Publish" in request.body else STS) as sink:
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("AWS_ENDPOINT_URL_STS", sink.url)
                environment.setenv("AWS_REGION", "eu-west-1")
                yield sink


def apprise(request: HttpRequest) -> Received:
    """What Apprise makes of a message for a program."""
    return Received("", json.loads(request.body)["message"], request.headers)


class TestApprise(Service):
    """It says neither why something was refused nor when to come back, and works in threads."""

    __test__ = True
    plugin = AppriseNotifier
    behaviours = frozenset(Behaviour) - {Behaviour.REFUSE, Behaviour.LATER}
    carries_id = False
    stops = False

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink(apprise)

    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        url = far_side.url.replace("http://", "json://hush-user:hush-password@")
        return {"url": f"{url}/hush-path?+X-Key=hush-header", "timeout": "3s", "message": TEXT}
