"""config.yaml, the command line and the rule files become one Config, or a complete list of what is wrong.

text ─ yamltext ─▶ nodes ─ secrets ─▶ expanded ─ schema ─▶ sections ─ receivers, routing, rules ─▶ Config
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from socket import gethostname
from typing import Any

from pydantic import BaseModel, ValidationError

from alertd.config import grpc, inhibition, intervals, metering, receivers, routing, telemetry, templates, web, yamltext
from alertd.config.confidential import Confidential, confidential, secrets_in, shapes
from alertd.config.problems import Place, position
from alertd.config.rules import RuleDefaults, RuleSet, keep_good, load_rules, matched
from alertd.config.schema import ConfigFile, HeartbeatEntry, PrometheusEntry
from alertd.config.secretfiles import note_unreadable
from alertd.config.secrets import Secrets, environment, named, redacted
from alertd.config.trees import anchored, pruned
from alertd.config.values import (
    Config,
    DatasourceConfig,
    Evaluation,
    HeartbeatConfig,
    Log,
    Overrides,
    Receiver,
    Web,
)
from alertd.config.variables import Said
from alertd.config.watching import stamp
from alertd.config.yamltext import Node
from alertd.core.flapping import FlapBounds
from alertd.core.history import Limits
from alertd.core.labels import Labels
from alertd.core.matchers import Grammar
from alertd.core.routes import Route
from alertd.core.storms import StormBounds
from alertd.errors import ConfigError, Problem

_IGNORED = {
    "tracing": "Alertmanager's tracing is ignored",
    "event_recorder": "Alertmanager's event_recorder is ignored",
}
COMMAND_LINE = "command line"  # in place of the name of a file, where a flag is wrong
_FLAGS = {
    "storage": {"url": "--storage"},
    "web": {
        "listen": "--listen",
        "external_url": "--external-url",
        "route_prefix": "--route-prefix",
        "config_file": "--web.config.file",
    },
    "log": {"format": "--log-format"},
}
_INTERVALS = ("time_intervals", "mute_time_intervals")
_ADVICE = {
    **dict.fromkeys(
        ("scrape_configs", "alerting", "remote_write", "remote_read", "scrape_config_files"),
        "this looks like a prometheus.yml; alertd takes its rule files, and the contents of an alertmanager.yml",
    ),
    "groups": "this is a rule file: name it under rule_files, or check it with `alertd check FILE`",
}


@dataclass(frozen=True)
class Reading:
    """What came of reading a configuration: the Config if it can be used at all, and everything found on the way."""

    config: Config | None
    rules: RuleSet
    problems: tuple[Problem, ...]  # of the configuration file and the flags; those of rule files are in `rules`
    notes: tuple[Problem, ...]


def load(path: Path | None, overrides: Overrides = Overrides()) -> Config:  # noqa: B008 - it is frozen
    """The configuration to start with. Raises ConfigError with every problem, those of the rule files too."""
    reading = read(path, overrides)
    problems = (*reading.problems, *reading.rules.problems)
    if reading.config is None or problems:
        raise ConfigError(problems)
    return reading.config


def reload(path: Path | None, overrides: Overrides, last: Config) -> Config:
    """The configuration to go on with: a bad rule file keeps its last good version, and `rules.problems` says so.

    Raises ConfigError if the configuration file itself cannot be used.
    """
    reading = read(path, overrides)
    if reading.config is None or reading.problems:
        raise ConfigError((*reading.problems, *reading.rules.problems))
    return replace(reading.config, rules=keep_good(reading.config.rules, last.rules))


def read(path: Path | None, overrides: Overrides) -> Reading:
    """Read everything and say what was found. Never raises."""
    shown = str(path) if path else ""
    before = stamp([path] if path else [])
    try:
        root = _document(path, shown)
    except ConfigError as error:
        return Reading(None, RuleSet(), error.problems, ())
    place = Place(shown, root, advice=_ADVICE)
    secrets = Secrets(environment())
    secrets.expand(place)
    secrets.told = shapes([*named(root), *secrets.telling()])
    base = path.parent if path else Path()
    config, rules = _assemble(place, secrets, base, overrides, path)
    if config is not None:
        config = replace(config, stamp=config.stamp | before)
    clean = tuple(secrets.clean(problem) for problem in sorted(secrets.causes(place.found), key=position))
    return Reading(config, rules, clean, (*map(secrets.clean, place.notes), *rules.notes))


def _document(path: Path | None, shown: str) -> Node:
    documents = yamltext.parse(yamltext.read(path, shown), shown) if path else []
    if len(documents) > 1:
        second = documents[1]
        message = "a second document: the configuration is one"
        raise ConfigError([Problem(message, shown, second.line, second.column, hint="remove the `---` between them")])
    if not documents or documents[0].kind == "nothing":
        return Node(1, 1, entries={})
    return documents[0]


def _assemble(
    place: Place, secrets: Secrets, base: Path, overrides: Overrides, path: Path | None
) -> tuple[Config | None, RuleSet]:
    file = _validated(place, base, overrides.matchers)
    file = _metered(_overridden(file, overrides, place), secrets, place)
    for key, what in _IGNORED.items():
        if getattr(file, key):
            place.note(what, key)
    texts = templates.read(tuple(file.templates), base, place.within("templates"))
    told = _receivers(file, texts, place)
    note_unreadable([file.prometheus, file.heartbeat, file.telemetry, *_integrations(told)], place, base)
    named = intervals.build((*file.time_intervals, *file.mute_time_intervals), place)
    route = _route(file, told, _readable(named, file, place), place)
    datasources = _datasources(file, place, secrets)
    # Once something is wrong with the names themselves, a rule that uses one is not to blame.
    names = None if place.found else frozenset(one.name for one in told)
    sources = None if place.found else frozenset(one.name for one in datasources)
    evaluation = file.evaluation
    defaults = RuleDefaults(evaluation.interval, evaluation.query_offset, evaluation.cooldown, sources, names)
    patterns = overrides.rules or tuple(file.rule_files)
    rule_base = Path() if overrides.rules else base
    served = web.build(file.web, place.within("web"))
    before = stamp(matched(patterns, rule_base))
    rules = load_rules(patterns, defaults, rule_base)
    if rules.groups and not datasources and not place.found:
        place.problem(
            "there are rules, but no Prometheus to ask", hint='add "prometheus: {url: …}" or --prometheus-url'
        )
    config = Config(
        path=path,
        datasources=datasources,
        rule_patterns=patterns,
        rule_base=rule_base,
        stamp=before | texts.stamp,
        rules=rules,
        evaluation=_evaluation(file),
        route=route,
        matchers=overrides.matchers,
        receivers=told,
        templates=texts,
        inhibit_rules=inhibition.build(file.inhibit_rules),
        intervals=named,
        storage_url=file.storage.url,
        history=Limits(file.storage.history.retention, file.storage.history.rows),
        web=served,
        telemetry=_telemetry(file, served, secrets, place),
        profiling=file.telemetry.profiling.enabled,
        grpc=grpc.build(file.grpc, served.toolkit.tls_server_config, place.within("grpc")),
        log=_log(file, secrets),
        start_delay=overrides.start_delay,
        heartbeat=_heartbeat(file.heartbeat),
        metrics=file.telemetry.metrics,
        remote_write=file.telemetry.remote_write,
        flapping=FlapBounds(**file.flapping.model_dump()),
        storms=StormBounds(**file.storms.model_dump()),
        watch=file.reload.watch,
        resolve_timeout=file.global_.resolve_timeout,
        notes=(*map(secrets.clean, place.notes), *rules.notes),
        original=redacted(place.node, secrets, _hidden(file, told)),
        confidential=_confidential(file, told, place.node, secrets),
    )
    return (None if place.found else config), rules


def _integrations(told: tuple[Receiver, ...]) -> list[BaseModel]:
    return [one.config for receiver in told for one in receiver.integrations]


def _hidden(file: ConfigFile, told: tuple[Receiver, ...]) -> frozenset[str]:
    return frozenset(value for value in secrets_in([file, *_integrations(told)]) if value)


def _confidential(file: ConfigFile, told: tuple[Receiver, ...], root: Node, secrets: Secrets) -> Confidential:
    return confidential(file, *_integrations(told)) | Confidential(frozenset([*named(root), *secrets.telling()]))


def _validated(place: Place, base: Path, grammar: Grammar) -> ConfigFile:
    """The file without what is wrong in it, so that the rest can be checked too."""
    tree = anchored(pruned(place.node.tree()), base)
    try:
        return ConfigFile.model_validate(tree, context={"grammar": grammar})
    except ValidationError as error:
        place.refuse(error, ConfigFile)
        bad = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]}
    sound = {key: value for key, value in tree.items() if key not in bad} if isinstance(tree, dict) else {}
    return ConfigFile.model_validate(sound, context={"grammar": grammar})


def _overridden(file: ConfigFile, overrides: Overrides, place: Place) -> ConfigFile:
    """The file with the flags on top, each checked as the key it stands for."""
    flags: dict[str, Mapping[str, Any]] = {
        "storage": {"url": overrides.storage},
        "web": {
            "listen": overrides.listen,
            "external_url": overrides.external_url,
            "route_prefix": overrides.route_prefix,
            "config_file": overrides.web_config_file,
        },
        "log": {"format": overrides.log_format},
    }
    update: dict[str, Any] = {}
    for section, given in flags.items():
        before = getattr(file, section)
        values = {name: getattr(before, name) for name in before.model_fields_set}
        values |= {name: value for name, value in given.items() if value is not None}
        update[section] = _checked(type(before), values, place, _FLAGS[section]) or before
    if overrides.prometheus_url is not None:
        entry = _checked(PrometheusEntry, {"url": overrides.prometheus_url}, place, {"url": "--prometheus-url"})
        update["prometheus"] = [entry] if entry else []
    return file.model_copy(update=update)


def _checked(model: type[Any], values: Mapping[str, Any], place: Place, flags: Mapping[str, str]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        Place(COMMAND_LINE, Node(0, 0, entries={}), found=place.found).refuse(error, model, flags)
        return None


def _receivers(file: ConfigFile, texts: templates.Templates, place: Place) -> tuple[Receiver, ...]:
    if file.receivers:
        shared = receivers.Shared(file.global_ if _is_read("global", "global_", file, place) else None, texts)
        return receivers.build(file.receivers, shared, place.within("receivers"))
    if file.route is None and not place.found:
        place.note("no receivers are configured: alerts are written to standard output", hint='add "receivers"')
    return (receivers.default(),)


def _route(file: ConfigFile, told: tuple[Receiver, ...], named: frozenset[str] | None, place: Place) -> Route:
    broken = bool(place.found)
    if file.route is not None:
        names = routing.Names(frozenset(receiver.name for receiver in told), named)
        return routing.build(file.route, names, place.within("route"))
    if len(told) != 1 and not broken:
        place.problem("there is no route, and more than one receiver", hint='add "route: {receiver: …}"')
    return routing.only(told[0].name if told else receivers.DEFAULT)


def _readable(named: Iterable[str], file: ConfigFile, place: Place) -> frozenset[str] | None:
    """The names of time intervals; None if a section of them is there, but could not be read."""
    return frozenset(named) if all(_is_read(key, key, file, place) for key in _INTERVALS) else None


def _is_read(key: str, name: str, file: ConfigFile, place: Place) -> bool:
    """Whether a section, which the model calls by this name, is not there, or could be read."""
    node = place.node.child(key)
    return node is None or node.kind == "nothing" or name in file.model_fields_set


def _datasources(file: ConfigFile, place: Place, secrets: Secrets) -> tuple[DatasourceConfig, ...]:
    names = [entry.name for entry in file.prometheus]
    for name in {name for name in names if names.count(name) > 1}:
        place.problem(f'two datasources are named "{name}"', "prometheus", hint='give each its own "name"')
    return tuple(
        DatasourceConfig(
            name=entry.name,
            url=entry.url,
            http=entry.http_config,
            timeout=entry.timeout,
            headers={name: value.get_secret_value() for name, value in entry.headers.items()},
            query_params=entry.query_params,
            concurrency=entry.concurrency,
            fusion=entry.fusion,
            compression=entry.compression,
            max_response_bytes=entry.max_response_bytes,
            hidden=(*shapes(confidential(entry).values), *secrets.told),
        )
        for entry in file.prometheus
    )


def _evaluation(file: ConfigFile) -> Evaluation:
    given = file.evaluation
    return Evaluation(
        given.interval, given.query_offset, given.cooldown, given.outage_tolerance, Labels(given.external_labels)
    )


def _telemetry(file: ConfigFile, served: Web, secrets: Secrets, place: Place) -> telemetry.Telemetry:
    name = f"{gethostname()}:{served.port}"
    return telemetry.build(file.telemetry, name, secrets.environment, place.within("telemetry"))


def _metered(file: ConfigFile, secrets: Secrets, place: Place) -> ConfigFile:
    said = Said(secrets.environment, place.within("telemetry"))
    metrics = metering.completed(file.telemetry.metrics, said)
    return file.model_copy(update={"telemetry": file.telemetry.model_copy(update={"metrics": metrics})})


def _log(file: ConfigFile, secrets: Secrets) -> Log:
    service = file.telemetry.service_name or secrets.environment.get("OTEL_SERVICE_NAME") or "alertd"
    identity = {"service": service, "environment": file.telemetry.environment}
    return Log(file.log.level, file.log.format, file.log.levels, identity)


def _heartbeat(given: HeartbeatEntry | None) -> HeartbeatConfig | None:
    if given is None:
        return None
    return HeartbeatConfig(given.url, given.url_file, given.interval, given.timeout, given.http_config)
