"""Telling a Mattermost channel, through an incoming webhook.

https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from alertd.config.fields import Flag, SecretUrl, Strict, Text
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_MOST = 16_383  # characters of a text
_STANDARD, _IMPORTANT, _URGENT = "standard", "important", "urgent"
_OF_THE_POST = ("channel", "username", "icon_url", "icon_emoji", "type")
_OF_AN_ATTACHMENT = ("color", "pretext", "author_name", "author_link", "author_icon", "title_link", "thumb_url",
                     "footer", "footer_icon", "image_url")  # fmt: skip


class Pair(Strict):
    """A pair shown below the text; title and value are templates."""

    title: Text = Field(min_length=1)
    value: Text = Field(min_length=1)
    short: Flag | None = None


class Attachment(Strict):
    """A box below the text of a post; all are templates."""

    fallback: Text = ""
    color: Text = ""
    pretext: Text = ""
    text: Text = ""
    author_name: Text = ""
    author_link: Text = ""
    author_icon: Text = ""
    title: Text = ""
    title_link: Text = ""
    fields: list[Pair] = Field(default_factory=list)
    thumb_url: Text = ""
    footer: Text = ""
    footer_icon: Text = ""
    image_url: Text = ""


class Props(Strict):
    """`card`: a template of what is shown in the sidebar."""

    card: Text = ""


class Priority(Strict):
    """How urgent a post is, a template: `standard`, `important` or `urgent`."""

    priority: Text = ""
    requested_ack: Flag = False
    persistent_notifications: Flag = False


class MattermostConfig(Posted):
    """`mattermost_configs`, as in Alertmanager."""

    inherited: ClassVar = {"webhook_url": "mattermost_webhook_url"}

    webhook_url: SecretUrl | None = None
    webhook_url_file: str = ""
    channel: Text = ""
    username: Text = '{{ template "mattermost.default.username" . }}'
    text: Text = '{{ template "mattermost.default.text" . }}'
    fallback: Text = '{{ template "mattermost.default.fallback" . }}'
    color: Text = '{{ template "mattermost.default.color" . }}'
    pretext: Text = ""
    author_name: Text = ""
    author_link: Text = ""
    author_icon: Text = ""
    title: Text = '{{ template "mattermost.default.title" . }}'
    title_link: Text = '{{ template "mattermost.default.titlelink" . }}'
    fields: list[Pair] = Field(default_factory=list)
    thumb_url: Text = ""
    footer: Text = ""
    footer_icon: Text = ""
    image_url: Text = ""
    icon_url: Text = ""
    icon_emoji: Text = ""
    attachments: list[Attachment] = Field(default_factory=list)
    type: Text = ""
    props: Props | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        self.exclusive("webhook_url")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("webhook_url", ", here or as mattermost_webhook_url in global")
        return complete


class MattermostNotifier(PostingNotifier[MattermostConfig]):
    """Writes one post a message."""

    Config = MattermostConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The post. Where attachments are configured, the text stands above them, else in the only one."""
        config, url = self.config, self.secret("webhook_url", texts)
        optional = {name: texts.text(name, getattr(config, name)) for name in _OF_THE_POST}
        given = {**optional, "props": _props(config, texts), "priority": _priority(config, texts)}
        post = {key: value for key, value in given.items() if value}
        if not config.attachments:
            return [Request(url, {**post, "attachments": [_attachment(config, "", texts)]})]
        attachments = [_attachment(one, f"attachments[{n}].", texts) for n, one in enumerate(config.attachments)]
        text = cut.runes(texts.body("text", config.text), _MOST)
        return [Request(url, {**post, "text": text, "attachments": attachments})]


def _attachment(source: MattermostConfig | Attachment, key: str, texts: Texts) -> Mapping[str, Any]:
    made = {name: texts.text(f"{key}{name}", getattr(source, name)) for name in _OF_AN_ATTACHMENT}
    own = isinstance(source, MattermostConfig)
    title, body = (texts.title, texts.body) if own else (texts.text, texts.text)
    titles = {name: title(f"{key}{name}", getattr(source, name)) for name in ("title", "fallback")}
    text = cut.runes(body(f"{key}text", source.text), _MOST)
    fields = list(_fields(source.fields, key, texts))
    return {name: value for name, value in {"text": text, **titles, **made, "fields": fields}.items() if value}


def _fields(pairs: Iterable[Pair], key: str, texts: Texts) -> Iterator[Mapping[str, Any]]:
    for number, pair in enumerate(pairs):
        short = {} if pair.short is None else {"short": pair.short}
        said = texts.fields(f"{key}fields[{number}]", {"title": pair.title, "value": pair.value})
        yield {**said, **short}


def _props(config: MattermostConfig, texts: Texts) -> Mapping[str, str]:
    return {"card": texts.text("props.card", config.props.card)} if config.props and config.props.card else {}


def _priority(config: MattermostConfig, texts: Texts) -> Mapping[str, Any]:
    """One that Mattermost takes: it asks for an acknowledgement of none that is standard, and repeats only urgent."""
    if config.priority is None or not config.priority.priority:
        return {}
    found = texts.text("priority.priority", config.priority.priority).strip().lower()
    kind = found if found in (_IMPORTANT, _URGENT) else _STANDARD
    asks, repeats = config.priority.requested_ack, config.priority.persistent_notifications
    flags = {"requested_ack": asks and kind != _STANDARD, "persistent_notifications": repeats and kind == _URGENT}
    return {"priority": kind, **{name: True for name, value in flags.items() if value}}
