"""Telling phones through ntfy; what ended takes the place of what fired. https://docs.ntfy.sh/publish/#publish-as-json"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Names, Text, Url
from alertd.core.notification import Notification
from alertd.core.severity import Severity
from alertd.notifiers import cut
from alertd.notifiers.anonymous import anonymous, has_credentials
from alertd.notifiers.posting import Posted, PostingNotifier, Request, group_hash
from alertd.notifiers.texts import Texts, heading, lines

_MOST_TITLE, _MOST_MESSAGE = 250, 4096  # characters, bytes; of a longer message ntfy makes an attachment
_NAMES = {"min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5}
_PRIORITIES = {**{str(number): number for number in range(1, 6)}, **_NAMES}
_OF_SEVERITY = {Severity.INFO: 2, Severity.WARNING: 3, Severity.ERROR: 4, Severity.CRITICAL: 5}
_RESOLVED = 2
_TAG = '{{ if eq .Status "firing" }}rotating_light{{ else }}white_check_mark{{ end }}'


class NtfyConfig(Posted):
    """`ntfy_configs`."""

    url: Url = "https://ntfy.sh"
    topic: SecretStr | None = None  # who knows it can read along
    topic_file: str = ""
    token: SecretStr | None = None
    token_file: str = ""
    priority: Text = ""
    tags: Names = Field(default_factory=lambda: [_TAG])
    title: Text = ""
    message: Text = ""
    click: Text = "{{ .ExternalURL }}"

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self.exclusive("topic", "token")
        self.require("topic")
        if self.has("token") and has_credentials(self.http_config):
            raise ValueError("give either a token or credentials in http_config")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the HTTP client of all."""
        complete = super().with_global(global_)
        http = anonymous(complete.http_config) if self.has("token") else complete.http_config
        return complete.model_copy(update={"http_config": http})


class NtfyNotifier(PostingNotifier[NtfyConfig]):
    """Publishes to one topic."""

    Config = NtfyConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The message, as JSON."""
        token = self.secret("token", texts) if self.config.has("token") else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        document = {"topic": self.secret("topic", texts), **_document(self.config, texts)}
        return [Request(self.config.url, document, headers)]


def _document(config: NtfyConfig, texts: Texts) -> Mapping[str, Any]:
    """The `sequence_id` makes one notification of all about a group; servers before 2.16 do not look at it."""
    notification = texts.notification
    title = texts.title("title", config.title) if config.title else heading(notification)
    message = texts.body("message", config.message) if config.message else lines(notification)
    given = {
        "title": cut.runes(title, _MOST_TITLE),
        "message": cut.utf8(message, _MOST_MESSAGE).strip() or "(no details)",
        "tags": _tags(config, texts),
        "click": texts.text("click", config.click),
    }
    always = {"priority": _priority(config, texts), "sequence_id": group_hash(notification)[:32]}
    return {**{key: value for key, value in given.items() if value}, **always}


def _tags(config: NtfyConfig, texts: Texts) -> list[str]:
    """A template may give several, with commas between them."""
    made = (texts.text(f"tags[{number}]", one) for number, one in enumerate(config.tags))
    return [tag.strip() for text in made for tag in text.split(",") if tag.strip()]


def _priority(config: NtfyConfig, texts: Texts) -> int:
    """The number or name that the template gives; if it is neither, one by the worst severity."""
    found = texts.text("priority", config.priority).strip().lower()
    return _PRIORITIES[found] if found in _PRIORITIES else _by_severity(texts.notification)


def _by_severity(notification: Notification) -> int:
    return _OF_SEVERITY[notification.severity] if notification.firing else _RESOLVED
