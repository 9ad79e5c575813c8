"""Telling Splunk On-Call, formerly VictorOps, by its generic REST endpoint: an incident a group."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Text, TextMap, Url
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, group_hash
from alertd.notifiers.texts import Texts

_MOST = 20_480  # characters of a text
_TYPES = frozenset(("INFO", "WARNING", "CRITICAL"))
_RESERVED = frozenset(
    ("routing_key", "message_type", "state_message", "entity_display_name", "monitoring_tool", "entity_id",
     "entity_state")
)  # fmt: skip


class VictoropsConfig(Posted):
    """`victorops_configs`, as in Alertmanager."""

    inherited: ClassVar = {"api_url": "victorops_api_url", "api_key": "victorops_api_key"}

    api_url: Url | None = None
    api_key: SecretStr | None = None
    api_key_file: str = ""
    routing_key: Text = Field(min_length=1)
    message_type: Text = "CRITICAL"
    state_message: Text = '{{ template "victorops.default.state_message" . }}'
    entity_display_name: Text = '{{ template "victorops.default.entity_display_name" . }}'
    monitoring_tool: Text = '{{ template "victorops.default.monitoring_tool" . }}'
    custom_fields: TextMap = Field(default_factory=dict)

    @field_validator("custom_fields")
    @classmethod
    def _not_ours(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        taken = sorted(_RESERVED & set(fields))
        if taken:
            raise ValueError(f"{taken[0]} is a field of its own, and cannot be a custom one")
        return fields

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        self.exclusive("api_key")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address and the key. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("api_key", ", here or as victorops_api_key in global")
        return complete


class VictoropsNotifier(PostingNotifier[VictoropsConfig]):
    """Opens, updates and closes the incident of a group."""

    Config = VictoropsConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The event."""
        key, routing_key = self.secret("api_key", texts), texts.needed("routing_key", self.config.routing_key)
        url = f"{str(self.config.api_url).rstrip('/')}/{quote(key, safe='')}/{quote(routing_key, safe='')}"
        return [Request(url, _document(self.config, texts))]


def _document(config: VictoropsConfig, texts: Texts) -> Mapping[str, str]:
    kind = texts.text("message_type", config.message_type)
    own = {
        "message_type": "RECOVERY" if not texts.notification.firing else kind if kind in _TYPES else "CRITICAL",
        "entity_id": group_hash(texts.notification),
        "entity_display_name": cut.runes(texts.title("entity_display_name", config.entity_display_name), _MOST),
        "state_message": cut.runes(texts.body("state_message", config.state_message), _MOST),
        "monitoring_tool": texts.text("monitoring_tool", config.monitoring_tool, "alertd"),
    }
    return {**own, **texts.fields("custom_fields", config.custom_fields)}
