"""Telling a Discord channel, through its webhook. https://discord.com/developers/docs/resources/webhook"""

from collections.abc import Iterable, Mapping
from typing import Any

from alertd.config.fields import Text
from alertd.notifiers import cut
from alertd.notifiers.posting import Hooked, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_MOST_TITLE, _MOST_MESSAGE, _MOST_CONTENT, _MOST_NAME = 256, 4096, 2000, 80  # characters
_RED, _GREEN = 0x992D22, 0x2ECC71


class DiscordConfig(Hooked):
    """`discord_configs`, as in Alertmanager."""

    content: Text = ""
    title: Text = '{{ template "discord.default.title" . }}'
    message: Text = '{{ template "discord.default.message" . }}'
    username: Text = ""
    avatar_url: Text = ""


class DiscordNotifier(PostingNotifier[DiscordConfig]):
    """Posts one embed a message."""

    Config = DiscordConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The message."""
        return [Request(self.secret("webhook_url", texts), _document(self.config, texts))]


def _document(config: DiscordConfig, texts: Texts) -> Mapping[str, Any]:
    embed = {
        "title": cut.runes(texts.title("title", config.title), _MOST_TITLE),
        "description": cut.runes(texts.body("message", config.message), _MOST_MESSAGE),
        "color": _RED if texts.notification.firing else _GREEN,
    }
    document = {"content": cut.runes(texts.text("content", config.content), _MOST_CONTENT), "embeds": [embed]}
    looks = {"username": config.username[:_MOST_NAME], "avatar_url": config.avatar_url}
    return {**document, **{key: value for key, value in looks.items() if value}}
