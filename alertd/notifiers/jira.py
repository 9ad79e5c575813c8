"""Telling a project in Jira: one issue a group, found again by its label, closed and reopened with the alerts.

https://developer.atlassian.com/cloud/jira/platform/rest/v2/ and …/rest/v3/; Data Center has version 2 only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema

from alertd.config.fields import Duration, Flag, Strict, Text, Url
from alertd.errors import DeliveryError
from alertd.notifiers import cut
from alertd.notifiers.posting import Answer, Posted, PostingNotifier, Request, group_hash, tree
from alertd.notifiers.said import said
from alertd.notifiers.texts import Texts

_MOST_SUMMARY, _MOST_DESCRIPTION, _MOST_LABEL = 255, 32_767, 255  # characters
_DONE = "done"
_CLOUD = ".atlassian.net"


class JiraText(Strict):
    """A template, and whether an issue that exists gets what it gives. Without a template there is the default."""

    template: Text | None = None
    enable_update: Flag = True


def _template(value: Any) -> Any:
    return {"template": value} if isinstance(value, str) else value


_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"template": {"type": "string"}, "enable_update": {"type": "boolean"}},
            "additionalProperties": False,
        },
    ]
}
JiraField = Annotated[JiraText, BeforeValidator(_template), WithJsonSchema(_SCHEMA)]


class JiraConfig(Posted):
    """`jira_configs`, as in Alertmanager."""

    inherited: ClassVar = {"api_url": "jira_api_url"}

    api_url: Url | None = None
    api_type: Literal["auto", "cloud", "datacenter"] = "auto"
    project: Text = Field(min_length=1)
    summary: JiraField = JiraText(template='{{ template "jira.default.summary" . }}')
    description: JiraField = JiraText(template='{{ template "jira.default.description" . }}')
    labels: list[Text] = Field(default_factory=list)
    priority: Text = '{{ template "jira.default.priority" . }}'
    issue_type: Text = Field(min_length=1)
    reopen_transition: Text = ""
    resolve_transition: Text = ""
    wont_fix_resolution: Text = ""
    reopen_duration: Duration = timedelta(0)
    fields: dict[str, Any] = Field(default_factory=dict)

    def with_global(self, global_: Any) -> Self:
        """With the address. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("api_url", ", here or as jira_api_url in global")
        return complete


@dataclass(frozen=True)
class _Issue:
    """What is known of an issue that exists."""

    key: str
    done: bool


class JiraNotifier(PostingNotifier[JiraConfig]):
    """Creates, updates, closes and reopens the issue of a group."""

    Config = JiraConfig

    async def deliver(self, texts: Texts) -> str:
        """Search for the issue, write it, and bring it where it belongs. Raises DeliveryError."""
        firing = bool(texts.notification.firing)
        issue = await self._search(texts, firing=firing)
        if issue is None and not firing:
            return "there is no open issue"
        if issue is None:
            return (await self._ask(texts, "POST", "issue", {"fields": _fields(self.config, texts)})).words
        await self._ask(texts, "PUT", f"issue/{issue.key}", {"fields": _changed(self.config, texts)})
        wanted = self.config.reopen_transition if firing else self.config.resolve_transition
        if issue.done is firing and wanted:
            await self._transition(texts, issue.key, wanted)
        return f"issue {issue.key} was updated"

    async def _search(self, texts: Texts, *, firing: bool) -> _Issue | None:
        """The issue of this group that is open, or closed so lately that it is to be opened again."""
        request = {"jql": _query(self.config, texts, firing=firing), "maxResults": 1, "fields": ["status"]}
        found = tree((await self._ask(texts, "POST", self._search_path(), request)).reply).get("issues")
        if not isinstance(found, list):
            raise DeliveryError("not an answer of Jira's search: is api_url right?", reason="broken")
        return _issue(found[0]) if found else None

    async def _transition(self, texts: Texts, key: str, wanted: str) -> None:
        answer = await self._ask(texts, "GET", f"issue/{key}/transitions")
        offered = _transitions(tree(answer.reply).get("transitions"))
        if wanted not in offered:
            names = ", ".join(map(str, offered)) or "none"
            text = f"issue {key} was updated, but has no transition {wanted!r}; it has: {names}"
            raise DeliveryError(said(text, most=500), permanent=True, reason="config")
        await self._ask(texts, "POST", f"issue/{key}/transitions", {"transition": {"id": offered[wanted]}})

    async def _ask(self, texts: Texts, method: str, path: str, body: Any = b"") -> Answer:
        """In English: Jira translates the names of transitions. Raises DeliveryError."""
        url = path if path.startswith("http") else f"{_base(self.config)}/{path}"
        return await self.post(Request(url, body, {"Accept-Language": "en"}, method), texts)

    def _search_path(self) -> str:
        """Jira Cloud searches elsewhere, and with version 3 only."""
        base, kind = _base(self.config), self.config.api_type
        cloud = kind == "cloud" or (kind == "auto" and str(urlsplit(base).hostname).endswith(_CLOUD))
        return f"{base.replace('/rest/api/2', '/rest/api/3')}/search/jql" if cloud else "search"


def _base(config: JiraConfig) -> str:
    return str(config.api_url).rstrip("/")


def _label(texts: Texts) -> str:
    """What the issue of a group is found by: Alertmanager's, so that either can go on with it."""
    return f"ALERT{{{group_hash(texts.notification)}}}"


def _query(config: JiraConfig, texts: Texts, *, firing: bool) -> str:
    minutes = int(config.reopen_duration.total_seconds() // 60)
    reopens = firing and config.reopen_transition and minutes
    clauses = [
        f"(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m)" if reopens else "statusCategory != Done",
        f"project = {json.dumps(texts.needed('project', config.project))}",
        f"labels = {json.dumps(_label(texts))}",
    ]
    if config.wont_fix_resolution:  # `!=` alone would leave out what has no resolution
        clauses.append(f"(resolution is EMPTY OR resolution != {json.dumps(config.wont_fix_resolution)})")
    return f"{' AND '.join(clauses)} ORDER BY status ASC, resolutiondate DESC"


def _issue(found: Any) -> _Issue:
    """Raises DeliveryError if this is none."""
    try:
        key, category = found["key"], found["fields"]["status"]["statusCategory"]["key"]
    except (KeyError, TypeError):
        raise DeliveryError("the issue that Jira found has no key or no status", reason="broken") from None
    return _Issue(quote(str(key), safe=""), category == _DONE)


def _transitions(found: Any) -> Mapping[str, str]:
    """Their ids by name."""
    some = found if isinstance(found, list) else []
    return {str(one.get("name")): str(one.get("id")) for one in some if isinstance(one, dict)}


def _fields(config: JiraConfig, texts: Texts) -> Mapping[str, Any]:
    """What a new issue has."""
    summary = " ".join(texts.title("summary", _of(config, "summary")).split())
    optional = {"description": _description(config, texts), "priority": _priority(config, texts)}
    return {
        "project": {"key": texts.needed("project", config.project)},
        "issuetype": {"name": texts.needed("issue_type", config.issue_type)},
        "summary": cut.runes(summary, _MOST_SUMMARY),
        "labels": _labels(config, texts),
        **{key: value for key, value in optional.items() if value},
        **{key: texts.tree(f"fields.{key}", value) for key, value in config.fields.items()},
    }


def _changed(config: JiraConfig, texts: Texts) -> Mapping[str, Any]:
    """What an issue that exists gets."""
    kept = {name for name in ("summary", "description") if not getattr(config, name).enable_update}
    return {key: value for key, value in _fields(config, texts).items() if key not in kept}


def _of(config: JiraConfig, name: str) -> str:
    """The template of a field, or the default one."""
    given: str | None = getattr(config, name).template
    return str(JiraConfig.model_fields[name].default.template) if given is None else given


def _labels(config: JiraConfig, texts: Texts) -> list[str]:
    """Jira's labels have no blanks."""
    made = (texts.text(f"labels[{number}]", one) for number, one in enumerate(config.labels))
    return sorted({_label(texts), *(cut.runes("_".join(one.split()), _MOST_LABEL) for one in made if one.strip())})


def _priority(config: JiraConfig, texts: Texts) -> Mapping[str, str]:
    name = texts.text("priority", config.priority).strip()
    return {"name": name} if name else {}


def _description(config: JiraConfig, texts: Texts) -> Any:
    """Text for version 2; for version 3 a document, which the template gives as JSON, or which holds its lines."""
    text = texts.body("description", _of(config, "description"))
    if not _base(config).endswith("/3"):
        return cut.runes(text, _MOST_DESCRIPTION) if text.strip() else ""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else _document(cut.runes(text, _MOST_DESCRIPTION))


def _document(text: str) -> Mapping[str, Any]:
    """Atlassian's document format: a paragraph a line, and none that is empty."""
    lines = [line for line in text.splitlines() if line.strip()]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines]
    return {"type": "doc", "version": 1, "content": content} if lines else {}
