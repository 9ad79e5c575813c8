"""Telling a Microsoft Teams channel, through a connector's webhook that takes a MessageCard.

Microsoft replaces these connectors by workflows; for those there is `msteamsv2`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from alertd.config.fields import Text
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Hooked, PostingNotifier, Request, Verdict
from alertd.notifiers.texts import Texts

MOST_TEXT = 26_000  # bytes; a message may have 28 KB
MOST_TITLE = 250  # characters
_RED, _GREEN = "8C1A1A", "2DC72D"
_FAILED = re.compile(rb"HTTP error (\d{3})")  # in an answer whose status is 200


class MsteamsConfig(Hooked):
    """`msteams_configs`, as in Alertmanager."""

    title: Text = '{{ template "msteams.default.title" . }}'
    summary: Text = '{{ template "msteams.default.summary" . }}'
    text: Text = '{{ template "msteams.default.text" . }}'


class MsteamsNotifier(PostingNotifier[MsteamsConfig]):
    """Posts one card a message."""

    Config = MsteamsConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The card."""
        return [Request(self.secret("webhook_url", texts), _document(self.config, texts))]

    def verdict(self, reply: Reply) -> Verdict:
        """A connector answers 200 also for what Teams refused; the status of that is in the text."""
        failed = _FAILED.search(reply.body) if reply.status == 200 else None
        return self.by_status(replace(reply, status=int(failed[1])) if failed else reply)


def _document(config: MsteamsConfig, texts: Texts) -> Mapping[str, Any]:
    return {
        "@context": "http://schema.org/extensions",
        "type": "MessageCard",
        "title": cut.runes(texts.title("title", config.title), MOST_TITLE),
        "summary": cut.runes(texts.title("summary", config.summary), MOST_TITLE),
        "text": cut.json(texts.body("text", config.text), MOST_TEXT - 2 * 6 * MOST_TITLE),
        "themeColor": _RED if texts.notification.firing else _GREEN,
    }
