"""Telling Opsgenie: an alert a group, closed when the group is. https://docs.opsgenie.com/docs/alert-api"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from alertd.config.fields import Flag, Strict, Text, TextMap, Url
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, group_hash
from alertd.notifiers.texts import Texts, heading

_MOST = {"message": 130, "description": 15_000, "source": 100, "entity": 512, "note": 25_000}  # characters
_MOST_DETAILS = 8_000  # characters, of all of them together
_MOST_TAGS, _MOST_ACTIONS, _MOST_WORD = 20, 10, 50
_TYPES = ("team", "teams", "user", "escalation", "schedule")


class Responder(Strict):
    """Whom Opsgenie tells; all are templates."""

    id: Text = ""
    name: Text = ""
    username: Text = ""
    type: Text = Field(default="", validate_default=True)

    @field_validator("type")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if "{{" not in kind and kind.lower() not in _TYPES:
            raise ValueError(f"not a type of responder: write one of {', '.join(_TYPES)}")
        return kind if "{{" in kind else kind.lower()

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not (self.id or self.name or self.username):
            raise ValueError("a responder needs an id, a name or a username")
        return self


class OpsgenieConfig(Posted):
    """`opsgenie_configs`, as in Alertmanager."""

    inherited: ClassVar = {"api_key": "opsgenie_api_key", "api_url": "opsgenie_api_url"}

    api_key: SecretStr | None = None
    api_key_file: str = ""
    api_url: Url | None = None
    message: Text = '{{ template "opsgenie.default.message" . }}'
    description: Text = '{{ template "opsgenie.default.description" . }}'
    source: Text = '{{ template "opsgenie.default.source" . }}'
    details: TextMap = Field(default_factory=dict)
    entity: Text = ""
    responders: list[Responder] = Field(default_factory=list)
    actions: Text = ""
    tags: Text = ""
    note: Text = ""
    priority: Text = ""
    update_alerts: Flag = False

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        self.exclusive("api_key")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address and the key. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("api_key", ", here or as opsgenie_api_key in global")
        return complete


class OpsgenieNotifier(PostingNotifier[OpsgenieConfig]):
    """Creates an alert whose alias is the group, and closes it."""

    Config = OpsgenieConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """One to create it, and two to update it if it was there, or one to close it."""
        headers = {"Authorization": f"GenieKey {self.secret('api_key', texts)}"}
        alerts = f"{str(self.config.api_url).rstrip('/')}/v2/alerts"
        this = f"{alerts}/{group_hash(texts.notification)}"
        if not texts.notification.firing:
            source = {"source": _cut("source", texts.text("source", self.config.source))}
            return [Request(f"{this}/close?identifierType=alias", source, headers)]
        document = dict(_document(self.config, texts))
        updates = [
            Request(f"{this}/{field}?identifierType=alias", {field: document[field]}, headers, "PUT")
            for field in ("message", "description")
            if self.config.update_alerts and document.get(field)
        ]
        return [Request(alerts, document, headers), *updates]


def _document(config: OpsgenieConfig, texts: Texts) -> Iterator[tuple[str, Any]]:
    """What is empty is left out, save what Opsgenie asks for."""
    yield "alias", group_hash(texts.notification)
    message = texts.title("message", config.message).strip() or heading(texts.notification)
    yield "message", _cut("message", message)
    yield "details", dict(_details({**texts.notification.common_labels, **texts.fields("details", config.details)}))
    optional = {
        "description": _cut("description", texts.body("description", config.description)),
        "source": _cut("source", texts.text("source", config.source)),
        "responders": list(_responders(config.responders, texts)),
        "tags": _words(texts.text("tags", config.tags), _MOST_TAGS),
        "note": _cut("note", texts.text("note", config.note)),
        "priority": texts.text("priority", config.priority),
        "entity": _cut("entity", texts.text("entity", config.entity)),
        "actions": _words(texts.text("actions", config.actions), _MOST_ACTIONS),
    }
    yield from ((key, value) for key, value in optional.items() if value)


def _cut(key: str, text: str) -> str:
    return cut.runes(text, _MOST[key])


def _details(details: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """As many as Opsgenie takes."""
    left = _MOST_DETAILS
    for name, value in details.items():
        room = left - len(name)
        if room < 1:
            return
        yield name, cut.runes(value, room)
        left = room - len(value)


def _responders(responders: Sequence[Responder], texts: Texts) -> Iterator[Mapping[str, str]]:
    """Those that are not empty; `teams` stands for several, separated by commas."""
    for number, one in enumerate(responders):
        given = texts.fields(f"responders[{number}]", one.model_dump())
        made = {key: value.strip() for key, value in given.items() if value.strip()}
        if made.get("type") == "teams":
            yield from ({"name": name, "type": "team"} for name in _words(made.get("name", ""), 50))
        elif set(made) - {"type"}:
            yield made


def _words(text: str, most: int) -> Sequence[str]:
    """What stands between commas."""
    words = [word.strip() for word in text.split(",")]
    return [cut.runes(word, _MOST_WORD) for word in words if word][:most]
