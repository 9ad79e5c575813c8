"""Telling users, departments or tags of WeChat Work (WeCom), as an application.

https://developer.work.weixin.qq.com/document/path/90236
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlencode

from pydantic import SecretStr, model_validator

from alertd.config.fields import Flag, Text, Url
from alertd.errors import DeliveryError
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, Verdict, tree
from alertd.notifiers.texts import Texts
from alertd.ports import Context

_MOST = 2048  # bytes
_TOKEN_LIFE = timedelta(hours=2)  # where the server does not say
_TOKEN_MARGIN = timedelta(minutes=1)
_STALE = frozenset((40014, 41001, 42001))  # what is said of an access token: unknown, missing, expired
_BUSY, _LIMITED, _AUTH = frozenset((-1,)), frozenset((45009, 45033)), frozenset((40001, 40013, 48002, 60020))


class WechatConfig(Posted):
    """`wechat_configs`, as in Alertmanager."""

    inherited: ClassVar = {
        "api_url": "wechat_api_url",
        "api_secret": "wechat_api_secret",
        "corp_id": "wechat_api_corp_id",
    }

    send_resolved: Flag = False
    api_secret: SecretStr | None = None
    api_secret_file: str = ""
    corp_id: Text = ""
    message: Text = '{{ template "wechat.default.message" . }}'
    api_url: Url | None = None
    to_user: Text = '{{ template "wechat.default.to_user" . }}'
    to_party: Text = '{{ template "wechat.default.to_party" . }}'
    to_tag: Text = '{{ template "wechat.default.to_tag" . }}'
    agent_id: Text = '{{ template "wechat.default.agent_id" . }}'
    message_type: Literal["text", "markdown", ""] = "text"

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        self.exclusive("api_secret")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address and the credentials. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("api_secret", ", here or as wechat_api_secret in global")
        complete.require("corp_id", ", here or as wechat_api_corp_id in global")
        return complete


class WechatNotifier(PostingNotifier[WechatConfig]):
    """Sends one message, with an access token that is kept for as long as it is good."""

    Config = WechatConfig

    def __init__(self, config: WechatConfig, context: Context) -> None:
        super().__init__(config, context)
        self._token, self._until = "", context.clock.now()
        self._asking = asyncio.Lock()

    async def deliver(self, texts: Texts) -> str:
        """Send it, a second time with a new access token if the one we had is no longer good. Raises DeliveryError."""
        kept = await self._access(texts)
        try:
            return await self._send(texts, kept)
        except DeliveryError as refusal:
            if refusal.reason != "token":
                raise
            self._forget(kept)
        return await self._send(texts, await self._access(texts))

    def verdict(self, reply: Reply) -> Verdict:
        """A refusal has the status 200, and a number."""
        verdict, code = self.by_status(reply), tree(reply).get("errcode")
        if verdict.reason or code == 0:
            return verdict
        if not isinstance(code, int):
            return Verdict("broken", note=" (not an answer of WeChat: is api_url right?)")
        return _verdict(code)

    async def _send(self, texts: Texts, token: str) -> str:
        request = Request(self._url("message/send", access_token=token), _document(self.config, texts))
        return (await self.post(request, texts)).words

    async def _access(self, texts: Texts) -> str:
        """The access token. Raises DeliveryError."""
        async with self._asking:
            if not self._token or self.context.clock.now() >= self._until:
                await self._fetch(texts)
            texts.secrets.append(self._token)
            return self._token

    async def _fetch(self, texts: Texts) -> None:
        key, corp = self.secret("api_secret", texts), texts.needed("corp_id", self.config.corp_id)
        request = Request(self._url("gettoken", corpid=corp, corpsecret=key), b"", method="GET")
        said = tree((await self.post(request, texts)).reply)
        token, life = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not token:
            raise DeliveryError("WeChat gave no access token for this secret", permanent=True, reason="auth_error")
        lives = timedelta(seconds=life) if isinstance(life, int) and 0 < life < 1_000_000 else _TOKEN_LIFE
        self._token, self._until = token, self.context.clock.now() + lives - _TOKEN_MARGIN

    def _forget(self, token: str) -> None:
        """Ask for another, unless somebody else did."""
        if token == self._token:
            self._token = ""

    def _url(self, path: str, **query: str) -> str:
        return f"{str(self.config.api_url).rstrip('/')}/{path}?{urlencode(query)}"


def _verdict(code: int) -> Verdict:
    if code in _STALE:
        return Verdict("token")
    if code in _BUSY:
        return Verdict("server_error")
    if code in _LIMITED:
        return Verdict("rate_limited")
    return Verdict("auth_error" if code in _AUTH else "client_error", permanent=True)


def _document(config: WechatConfig, texts: Texts) -> Mapping[str, Any]:
    kind = config.message_type or "text"
    names = {"touser": "to_user", "toparty": "to_party", "totag": "to_tag", "agentid": "agent_id"}
    given = {key: texts.text(name, getattr(config, name)).strip() for key, name in names.items()}
    message = cut.utf8(texts.body("message", config.message), _MOST)
    return {
        **{key: value for key, value in given.items() if value},
        "msgtype": kind,
        kind: {"content": message},
        "safe": "0",
    }
