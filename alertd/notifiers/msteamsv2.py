"""Telling a Microsoft Teams channel, through a workflow's webhook that takes an Adaptive Card."""

from collections.abc import Iterable, Mapping
from typing import Any

from alertd.config.fields import Text
from alertd.notifiers import cut
from alertd.notifiers.msteams import MOST_TEXT, MOST_TITLE
from alertd.notifiers.posting import Hooked, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_RED, _GREEN = "Attention", "Good"


class Msteamsv2Config(Hooked):
    """`msteamsv2_configs`, as in Alertmanager."""

    title: Text = '{{ template "msteamsv2.default.title" . }}'
    text: Text = '{{ template "msteamsv2.default.text" . }}'


class Msteamsv2Notifier(PostingNotifier[Msteamsv2Config]):
    """Posts one card a message."""

    Config = Msteamsv2Config

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The card, as a message with one attachment."""
        card = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": _card(self.config, texts),
        }
        return [Request(self.secret("webhook_url", texts), {"type": "message", "attachments": [card]})]


def _card(config: Msteamsv2Config, texts: Texts) -> Mapping[str, Any]:
    title = {
        "type": "TextBlock",
        "text": cut.runes(texts.title("title", config.title), MOST_TITLE),
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
        "style": "heading",
        "color": _RED if texts.notification.firing else _GREEN,
    }
    text = {
        "type": "TextBlock",
        "text": cut.json(texts.body("text", config.text), MOST_TEXT - 6 * MOST_TITLE),
        "wrap": True,
    }
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [title, text],
        "msteams": {"width": "full"},
    }
