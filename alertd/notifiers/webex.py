"""Telling a Webex room, as a bot. https://developer.webex.com/docs/api/v1/messages/create-a-message"""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from pydantic import Field

from alertd.config.fields import Text, Url
from alertd.config.http import HttpConfig
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_MOST_MESSAGE = 7439  # bytes


class WebexConfig(Posted):
    """`webex_configs`, as in Alertmanager."""

    inherited: ClassVar = {"api_url": "webex_api_url"}

    api_url: Url | None = None
    room_id: Text = Field(min_length=1)
    message: Text = '{{ template "webex.default.message" . }}'

    def with_global(self, global_: Any) -> Self:
        """With the address, and credentials somewhere. Raises ValueError."""
        complete = super().with_global(global_)
        http = complete.http_config or HttpConfig()
        if not (http.authorization or http.bearer_token or http.bearer_token_file or http.oauth2):
            raise ValueError("http_config.authorization is missing: give the bot's access token as its credentials")
        return complete


class WebexNotifier(PostingNotifier[WebexConfig]):
    """Posts one message in Markdown."""

    Config = WebexConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The message."""
        document = {
            "markdown": cut.utf8(texts.body("message", self.config.message), _MOST_MESSAGE),
            "roomId": texts.needed("room_id", self.config.room_id),
        }
        return [Request(str(self.config.api_url), document)]
