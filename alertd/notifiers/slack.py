"""Telling a Slack channel, through an incoming webhook or as an app. https://docs.slack.dev/messaging

An app can edit a message, or answer it in its thread; which one that is, is remembered until alertd is restarted.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Flag, SecretUrl, Strict, Text, Url
from alertd.config.http import Authorization, HttpConfig
from alertd.core.notification import Notification, Reason
from alertd.errors import DeliveryError
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, Verdict, tree
from alertd.notifiers.texts import Texts
from alertd.ports import Context

_MOST_TITLE, _MOST_TEXT = 1024, 40_000  # characters
_MOST_REMEMBERED = 10_000  # groups
_POST, _UPDATE = "chat.postMessage", "chat.update"
_TRANSIENT = frozenset(("internal_error", "fatal_error", "service_unavailable", "request_timeout"))
_AUTH = frozenset(("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope"))
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")


class Pair(Strict):
    """A pair shown below the text; title and value are templates."""

    title: Text = Field(min_length=1)
    value: Text = Field(min_length=1)
    short: Flag | None = None


class Confirmation(Strict):
    """What is asked before an action; all are templates."""

    text: Text = Field(min_length=1)
    title: Text = ""
    ok_text: Text = ""
    dismiss_text: Text = ""


class Action(Strict):
    """A button; all are templates. With a URL it is a link, else it needs a name."""

    type: Text = Field(min_length=1)
    text: Text = Field(min_length=1)
    url: Text = ""
    style: Text = ""
    name: Text = ""
    value: Text = ""
    confirm: Confirmation | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.url or self.name):
            raise ValueError("an action needs a url or a name")
        return self


class SlackConfig(Posted):
    """`slack_configs`, as in Alertmanager; `thread` is ours."""

    inherited: ClassVar = {"app_url": "slack_app_url"}

    send_resolved: Flag = False
    api_url: SecretUrl | None = None
    api_url_file: str = ""
    app_token: SecretStr | None = None
    app_token_file: str = ""
    app_url: Url | None = None
    channel: Text = ""
    username: Text = '{{ template "slack.default.username" . }}'
    color: Text = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'
    title: Text = '{{ template "slack.default.title" . }}'
    title_link: Text = '{{ template "slack.default.titlelink" . }}'
    pretext: Text = '{{ template "slack.default.pretext" . }}'
    text: Text = '{{ template "slack.default.text" . }}'
    message_text: Text = ""
    fields: list[Pair] = Field(default_factory=list)
    short_fields: Flag = False
    footer: Text = '{{ template "slack.default.footer" . }}'
    fallback: Text = '{{ template "slack.default.fallback" . }}'
    callback_id: Text = '{{ template "slack.default.callbackid" . }}'
    icon_emoji: Text = '{{ template "slack.default.iconemoji" . }}'
    icon_url: Text = '{{ template "slack.default.iconurl" . }}'
    image_url: Text = ""
    thumb_url: Text = ""
    link_names: Flag = False
    mrkdwn_in: list[Text] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    update_message: Flag = False
    thread: Flag = False

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self.exclusive("api_url", "app_token")
        if self.has("api_url") and self.has("app_token"):
            raise ValueError("at most one of api_url, app_token may be given")
        if self.update_message and self.thread:
            raise ValueError("at most one of update_message, thread may be true")
        return self

    def with_global(self, global_: Any) -> Self:
        """With where to send to, and as whom. Raises ValueError."""
        authorized = self.http_config is not None and self.http_config.authorization is not None
        complete = super().with_global(global_)
        if not (self.has("api_url") or authorized):
            complete = complete.inherit("app_token", "slack_app_token", global_)
        if complete.has("app_token"):
            return complete.model_copy(update={"http_config": _as_app(complete)})
        complete = complete.inherit("api_url", "slack_api_url", global_)
        complete.require("api_url", ", and so is an app_token, here or as slack_… in global")
        if (self.update_message or self.thread) and not _is_api(complete):
            raise ValueError("update_message and thread need an app_token: an incoming webhook cannot do this")
        return complete


def _is_api(config: SlackConfig) -> bool:
    return config.api_url is not None and config.api_url.get_secret_value().endswith(f"/{_POST}")


def _as_app(config: SlackConfig) -> HttpConfig:
    http = config.http_config or HttpConfig()
    if http.authorization:
        raise ValueError("http_config.authorization cannot stand beside an app_token")
    token = Authorization(credentials=config.app_token, credentials_file=config.app_token_file)
    return http.model_copy(update={"authorization": token})


@dataclass(frozen=True)
class _Sent:
    """A message that Slack knows."""

    channel: str
    ts: str


class SlackNotifier(PostingNotifier[SlackConfig]):
    """Posts one attachment a message."""

    Config = SlackConfig

    def __init__(self, config: SlackConfig, context: Context) -> None:
        super().__init__(config, context)
        self._sent: OrderedDict[str, _Sent] = OrderedDict()  # by group, the oldest first

    async def deliver(self, texts: Texts) -> str:
        """Post it, or edit or answer what was posted about the group, if that is still there. Raises DeliveryError."""
        document, before = _document(self.config, texts), self._before(texts.notification)
        if before is not None:
            try:
                return await self._say(_following(document, before, self.config), texts, _UPDATE)
            except DeliveryError as refusal:
                if not any(gone in str(refusal) for gone in _GONE):
                    raise
                self._sent.pop(texts.notification.group_key, None)
        return await self._say(document, texts, _POST)

    def verdict(self, reply: Reply) -> Verdict:
        """A webhook says `ok`, the API an object with `ok` and perhaps an `error`, both with the status 200."""
        verdict = self.by_status(reply)
        if verdict.reason:
            return verdict
        said = tree(reply)
        if said.get("ok", bool(said)) is True or reply.body.strip() == b"ok":
            return verdict
        return self.by_status(replace(reply, status=_status(str(said.get("error")))))

    async def _say(self, document: Mapping[str, Any], texts: Texts, method: str) -> str:
        url = str(self.config.app_url) if self.config.has("app_token") else self.secret("api_url", texts)
        if method == _UPDATE and self.config.update_message:
            url = url.removesuffix(_POST) + _UPDATE
        answer = await self.post(Request(url, document), texts)
        self._remember(texts.notification, answer.reply)
        return answer.words

    def _before(self, notification: Notification) -> _Sent | None:
        """What was posted about this group, if there is something that goes on."""
        if notification.reason is Reason.FIRST:
            self._sent.pop(notification.group_key, None)
        return self._sent.get(notification.group_key)

    def _remember(self, notification: Notification, reply: Reply) -> None:
        said = tree(reply)
        channel, ts = said.get("channel"), said.get("ts")
        if not notification.firing:
            self._sent.pop(notification.group_key, None)
        elif isinstance(channel, str) and isinstance(ts, str) and (self.config.update_message or self.config.thread):
            self._sent.setdefault(notification.group_key, _Sent(channel, ts))
        while len(self._sent) > _MOST_REMEMBERED:
            self._sent.popitem(last=False)


def _status(error: str) -> int:
    """The status that goes with an error of the API."""
    if error in _TRANSIENT:
        return 503
    return 429 if error in ("ratelimited", "rate_limited") else 401 if error in _AUTH else 400


def _following(document: Mapping[str, Any], before: _Sent, config: SlackConfig) -> Mapping[str, Any]:
    return {**document, "channel": before.channel, "ts" if config.update_message else "thread_ts": before.ts}


def _document(config: SlackConfig, texts: Texts) -> Mapping[str, Any]:
    given = {
        "channel": texts.needed("channel", config.channel) if config.channel else "",
        "username": texts.text("username", config.username),
        "icon_emoji": texts.text("icon_emoji", config.icon_emoji),
        "icon_url": texts.text("icon_url", config.icon_url),
        "link_names": config.link_names,
        "text": cut.runes(texts.text("message_text", config.message_text), _MOST_TEXT),
    }
    return {**_filled(given), "attachments": [_attachment(config, texts)]}


def _attachment(config: SlackConfig, texts: Texts) -> Mapping[str, Any]:
    optional = {
        "title": cut.runes(texts.title("title", config.title), _MOST_TITLE),
        "title_link": texts.text("title_link", config.title_link),
        "pretext": cut.runes(texts.text("pretext", config.pretext), _MOST_TEXT),
        "fields": list(_pairs(config, texts)),
        "actions": [_action(one, f"actions[{number}]", texts) for number, one in enumerate(config.actions)],
        "image_url": texts.text("image_url", config.image_url),
        "thumb_url": texts.text("thumb_url", config.thumb_url),
        "color": texts.text("color", config.color),
        "mrkdwn_in": config.mrkdwn_in or ["fallback", "pretext", "text"],
    }
    return {
        "text": cut.runes(texts.body("text", config.text), _MOST_TEXT),
        "fallback": cut.runes(texts.title("fallback", config.fallback), _MOST_TEXT),
        "callback_id": texts.text("callback_id", config.callback_id),
        "footer": texts.text("footer", config.footer),
        **_filled(optional),
    }


def _pairs(config: SlackConfig, texts: Texts) -> Iterator[Mapping[str, Any]]:
    for number, one in enumerate(config.fields):
        yield {
            "title": texts.text(f"fields[{number}].title", one.title),
            "value": cut.runes(texts.text(f"fields[{number}].value", one.value), _MOST_TEXT),
            "short": config.short_fields if one.short is None else one.short,
        }


def _action(action: Action, key: str, texts: Texts) -> Mapping[str, Any]:
    """A link has no name, value or question."""
    said = {name: getattr(action, name) for name in ("type", "text", "url", "style")}
    if action.url:
        return _filled(texts.fields(key, said))
    made = texts.fields(key, {**said, "name": action.name, "value": action.value})
    confirm = texts.fields(f"{key}.confirm", action.confirm.model_dump()) if action.confirm else {}
    return _filled({**made, "confirm": _filled(confirm)})


def _filled(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what is empty or false."""
    return {key: value for key, value in values.items() if value}
