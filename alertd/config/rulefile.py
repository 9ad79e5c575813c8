"""The shape of a rule file: Prometheus' keys, alertd's, and those of Thanos and vmalert that may stand in one."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SkipValidation

from alertd.config.fields import Duration, Flag, Integer, LabelMap, Names, PositiveDuration, Strict, Text, TextMap
from alertd.core.rules import OnTrouble


def _header(text: str) -> str:
    if ":" not in text:
        raise ValueError("a header is written Name: value")
    return text


def _script(text: str) -> str:
    path, _, function = text.rpartition(":")
    if not path.endswith(".py") or not function.isidentifier():
        raise ValueError("names a file and a function in it, like conditions/checkout.py:budget_burn")
    return text


Header = Annotated[Text, AfterValidator(_header)]
Script = Annotated[Text, AfterValidator(_script)]


class RuleEntry(Strict):
    """One rule: `alert` and `expr`, or `record` and `expr`."""

    alert: Text = Field(default="", description="The name of the alert; becomes the label alertname.")
    record: Text = Field(
        default="", description="A recording rule: checked and listed, left to Prometheus to evaluate."
    )
    expr: Text = Field(default="", description="The PromQL expression; every series it returns is an alert.")
    when: Text = Field(default="", description="A Python expression that says which of these series are alerts.")
    python: Script | None = Field(default=None, description="In place of expr: a function, file.py:name.")
    params: dict[str, Any] = Field(default_factory=dict, description="What the function is called with.")
    timeout: PositiveDuration | None = Field(
        default=None, description="How long the function may take; 10s if not given."
    )
    for_: Duration = Field(default=timedelta(0), alias="for", description="How long it must hold before it fires.")
    keep_firing_for: Duration = Field(
        default=timedelta(0), description="How long it goes on firing after it stopped to hold."
    )
    labels: LabelMap = Field(default_factory=dict, description="Labels to add; templates. An empty one removes.")
    annotations: TextMap = Field(default_factory=dict, description="Texts for people; templates.")
    description: Text = Field(default="", description="One line for people; becomes the annotation description.")
    severity: Literal["info", "warning", "error", "critical"] | None = Field(
        default=None, description="Becomes the label severity. A rise breaks the cooldown."
    )
    cooldown: Duration | None = Field(
        default=None, description="How long a receiver hears nothing new after it was told."
    )
    datasource: Text = Field(default="", description="The name of the Prometheus to ask; the first one if not given.")
    on_error: OnTrouble = Field(default=OnTrouble.HOLD, description="What becomes of its alerts when the query fails.")
    on_no_data: OnTrouble = Field(
        default=OnTrouble.HOLD, description="With when: what becomes of them when there are no series any more."
    )
    notify: Names = Field(default_factory=list, description="Receivers to tell, in place of the routing tree.")
    runbook_url: Text = Field(default="", description="Becomes the annotation runbook_url.")
    enabled: Flag = Field(default=True, description="False: checked and listed, not evaluated.")
    debug: Flag = Field(default=False, description="vmalert's; ignored.")
    update_entries_limit: Integer = Field(default=0, description="vmalert's; ignored.")


class GroupEntry(Strict):
    """Rules that are evaluated at the same instants."""

    name: Text = Field(default="", description="Its name, once a file.")
    interval: Duration = Field(default=timedelta(0), description="How often it is evaluated.")
    query_offset: Duration | None = Field(default=None, description="How far in the past it asks, for late samples.")
    limit: Integer = Field(default=0, description="The most alerts a rule may have; 0 for no limit.")
    labels: LabelMap = Field(default_factory=dict, description="Labels for all its rules; a rule's own win.")
    rules: list[SkipValidation[RuleEntry | None]] = Field(default_factory=list, description="The rules.")
    datasource: Text = Field(default="", description="The Prometheus its rules ask.")
    cooldown: Duration | None = Field(default=None, description="The cooldown of its rules.")
    partial_response_strategy: Literal["warn", "abort", "WARN", "ABORT"] | None = Field(
        default=None, description="Thanos'; ignored."
    )
    type: Literal["prometheus"] | None = Field(default=None, description="vmalert's; only prometheus.")
    eval_offset: Duration | None = Field(default=None, description="vmalert's; ignored.")
    eval_delay: Duration | None = Field(default=None, description="vmalert's name of query_offset.")
    eval_alignment: Flag = Field(default=True, description="vmalert's; ignored.")
    concurrency: Integer = Field(default=1, description="vmalert's; ignored.")
    params: dict[str, Any] = Field(default_factory=dict, description="vmalert's; ignored.")
    headers: list[Header] = Field(default_factory=list, description="vmalert's; ignored.")
    notifier_headers: list[Header] = Field(default_factory=list, description="vmalert's; ignored.")
    tenant: Text = Field(default="", description="vmalert's; ignored.")
    debug: Flag = Field(default=False, description="vmalert's; ignored.")


class RuleFile(Strict):
    """A rule file."""

    groups: list[SkipValidation[GroupEntry | None]] = Field(default_factory=list, description="The groups.")


# What a key of another program means, where alertd has something else for it.
FOREIGN_GROUP = {
    "partial_response_strategy": "Thanos' partial_response_strategy is ignored: ask the querier for the strategy "
    "with `query_params` of the datasource",
    "eval_offset": "vmalert's eval_offset is ignored: the instants follow from the names of the file and the group",
    "eval_alignment": "vmalert's eval_alignment is ignored: instants always lie on a grid of the interval",
    "concurrency": "vmalert's concurrency is ignored: all rules of a group are asked at once",
    "params": "vmalert's params are ignored: name a datasource that has them as `query_params`",
    "headers": "vmalert's headers are ignored: name a datasource that has them as `headers`",
    "notifier_headers": "vmalert's notifier_headers are ignored: receivers have `http_config`",
    "tenant": "vmalert's tenant is ignored: name a datasource with the tenant in its URL",
    "debug": "vmalert's debug is ignored",
}
FOREIGN_RULE = {
    "debug": "vmalert's debug is ignored",
    "update_entries_limit": "vmalert's update_entries_limit is ignored",
}
CONFIGURATION = ("receivers", "route", "rule_files", "prometheus", "scrape_configs")  # keys that no rule file has
WHOSE = (
    "`alertd check --config FILE` and `alertd config check FILE` check one; `alertd export config FILE` writes it for "
    "Alertmanager"
)
ADVICE = {
    "partial_response_strategy": "Thanos has it beside the name of the group",
    "runbook": 'write "runbook_url", or put "runbook" under "annotations"',
    "summary": 'put "summary" under "annotations"',
    "message": 'put "message" under "annotations"',
    "name": 'the name of a rule is its "alert"; the name of a group stands beside its "rules"',
    "alerts": 'did you mean "rules"?',
    "duration": 'did you mean "for"?',
    "expression": 'did you mean "expr"?',
    "query": 'did you mean "expr"?',
    "apiVersion": "this is a Kubernetes object: a rule file is what stands under its `spec`",
    "kind": "this is a Kubernetes object: a rule file is what stands under its `spec`",
    "metadata": "this is a Kubernetes object: a rule file is what stands under its `spec`",
    "rules": 'a rule file begins with "groups:", and "rules" stand in a group',
    "spec": "this is a Kubernetes object: a rule file is what stands under its `spec`",
}
