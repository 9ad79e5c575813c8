"""Telling a Rocket.Chat channel, through its REST API.

https://developer.rocket.chat/apidocs/post-message
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Flag, Strict, Text, Url
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, Verdict, tree
from alertd.notifiers.texts import Texts

_MOST_TITLE = 1024  # characters
_BUSY = "too-many-requests"
_OF_AN_ATTACHMENT = ("title_link", "image_url", "thumb_url", "color")


class Pair(Strict):
    """A pair shown below the text; title and value are templates."""

    title: Text = ""
    value: Text = ""
    short: Flag | None = None


class Action(Strict):
    """A button; all are templates."""

    type: Text = "button"
    text: Text = ""
    url: Text = ""
    msg: Text = ""


class RocketchatConfig(Posted):
    """`rocketchat_configs`, as in Alertmanager."""

    inherited: ClassVar = {
        "api_url": "rocketchat_api_url",
        "token": "rocketchat_token",
        "token_id": "rocketchat_token_id",
    }

    send_resolved: Flag = False
    api_url: Url | None = None
    token: SecretStr | None = None
    token_file: str = ""
    token_id: SecretStr | None = None
    token_id_file: str = ""
    channel: Text = ""
    color: Text = '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'
    title: Text = '{{ template "rocketchat.default.title" . }}'
    title_link: Text = '{{ template "rocketchat.default.titlelink" . }}'
    text: Text = '{{ template "rocketchat.default.text" . }}'
    fields: list[Pair] = Field(default_factory=list)
    short_fields: Flag = False
    emoji: Text = '{{ template "rocketchat.default.emoji" . }}'
    icon_url: Text = '{{ template "rocketchat.default.iconurl" . }}'
    image_url: Text = ""
    thumb_url: Text = ""
    link_names: Flag = False
    actions: list[Action] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self.exclusive("token", "token_id")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address and the credentials. Raises ValueError."""
        complete = super().with_global(global_)
        for name in ("token_id", "token"):
            complete.require(name, f", here or as rocketchat_{name} in global")
        return complete


class RocketchatNotifier(PostingNotifier[RocketchatConfig]):
    """Posts one attachment a message."""

    Config = RocketchatConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The message."""
        headers = {"X-Auth-Token": self.secret("token", texts), "X-User-Id": self.secret("token_id", texts)}
        url = f"{str(self.config.api_url).rstrip('/')}/api/v1/chat.postMessage"
        return [Request(url, _document(self.config, texts), headers)]

    def verdict(self, reply: Reply) -> Verdict:
        """A refusal may have the status 200; whatever does not say `success` is not Rocket.Chat."""
        said, verdict = tree(reply), self.by_status(reply)
        if verdict.reason or said.get("success") is True:
            return verdict
        if "success" not in said:
            return Verdict("broken", note=" (not an answer of Rocket.Chat: is api_url right?)")
        busy = _BUSY in str(said.get("error"))
        return Verdict("rate_limited") if busy else Verdict("client_error", permanent=True)


def _document(config: RocketchatConfig, texts: Texts) -> Mapping[str, Any]:
    optional = {
        "channel": texts.needed("channel", config.channel) if config.channel else "",
        "emoji": texts.text("emoji", config.emoji),
        "avatar": texts.text("icon_url", config.icon_url),
    }
    return {**{key: value for key, value in optional.items() if value}, "attachments": [_attachment(config, texts)]}


def _attachment(config: RocketchatConfig, texts: Texts) -> Mapping[str, Any]:
    made = {name: texts.text(name, getattr(config, name)) for name in _OF_AN_ATTACHMENT}
    given = {
        "title": cut.runes(texts.title("title", config.title), _MOST_TITLE),
        "text": texts.body("text", config.text),
        **made,
        "fields": list(_fields(config, texts)),
        "actions": [_action(one, f"actions[{number}]", texts) for number, one in enumerate(config.actions)],
    }
    return {key: value for key, value in given.items() if value}


def _fields(config: RocketchatConfig, texts: Texts) -> Iterator[Mapping[str, Any]]:
    for number, pair in enumerate(config.fields):
        said = texts.fields(f"fields[{number}]", {"title": pair.title, "value": pair.value})
        yield {**said, "short": config.short_fields if pair.short is None else pair.short}


def _action(action: Action, key: str, texts: Texts) -> Mapping[str, str]:
    """Rocket.Chat knows nothing but buttons."""
    said = texts.fields(key, {name: getattr(action, name) for name in ("text", "url", "msg")})
    return {"type": "button", **{name: value for name, value in said.items() if value}}
