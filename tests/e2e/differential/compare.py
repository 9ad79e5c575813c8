"""What differs between two groups of `/api/v1/rules`, rule by rule and alert by alert."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_FAILED = "<error expanding template:"


@dataclass
class Ledger:
    """Everything that was compared, the first differences of each rule, and what was seen to happen."""

    rules: int = 0
    alerts: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    fired: set[Any] = field(default_factory=set)
    wrong: dict[Any, str] = field(default_factory=dict)
    _before: dict[Any, dict[Any, str]] = field(default_factory=dict)

    def compare(self, group: tuple[str, str], at: datetime, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        """Both sides of one group after the same instant."""
        for index, (their, our) in enumerate(zip(theirs["rules"], ours["rules"], strict=True)):
            key = (*group, index, their["name"])
            self.rules += 1
            self.alerts += len(their["alerts"])
            self._note(key, their)
            found = list(differences(their, our))
            if found and key not in self.wrong:
                where = f"{' / '.join(map(str, key))} at {at.isoformat()}\n  {their['query']}"
                self.wrong[key] = "\n  ".join([where, *found])

    def __str__(self) -> str:
        happened = ", ".join(f"{what} {often}" for what, often in sorted(self.happened.items()))
        return f"{self.rules} rules and {self.alerts} alerts, {happened}"

    def report(self) -> str:
        """The first differences."""
        return f"{len(self.wrong)} rules differ:\n" + "\n\n".join(list(self.wrong.values())[:10])

    def _note(self, key: Any, rule: Mapping[str, Any]) -> None:
        now = {identity(alert): alert["state"] for alert in rule["alerts"]}
        before = self._before.get(key, {})
        self.happened[f"health {rule['health']}"] += 1
        for alert, state in now.items():
            if before.get(alert) != state:
                self.happened[state] += 1
        self.happened["resolved"] += sum(before[alert] == "firing" for alert in before.keys() - now.keys())
        self.happened["withdrawn"] += sum(before[alert] == "pending" for alert in before.keys() - now.keys())
        self.happened["kept firing"] += sum("keepFiringSince" in alert for alert in rule["alerts"])
        if "firing" in now.values():
            self.fired.add(key)
        self._before[key] = now


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that is not the same."""
    for name in ("name", "state", "duration", "keepFiringFor"):
        if theirs.get(name, 0) != ours.get(name):
            yield f"{name}: Prometheus {theirs.get(name)!r}, alertd {ours.get(name)!r}"
    if _failed(theirs) and ours["health"] != "err":
        yield f"health: Prometheus err ({theirs['lastError']}), alertd {ours['health']}"
    their, our = _by_identity(theirs["alerts"]), _by_identity(ours["alerts"])
    for alert in sorted((their.keys() | our.keys()), key=repr):
        if alert not in our:
            yield f"only Prometheus has {their[alert]}; alertd's: {list(our)}, {ours.get('lastError', 'no error')}"
        elif alert not in their:
            yield f"only alertd has {our[alert]}; Prometheus': {list(their)}, {theirs.get('lastError', 'no error')}"
        else:
            yield from _unlike(their[alert], our[alert])


def _failed(rule: Mapping[str, Any]) -> bool:
    """Whether the rule failed, and not only the writing of its `ALERTS`, which only Prometheus does."""
    return rule["health"] == "err" and rule["lastError"] != "duplicate sample for timestamp"


def _unlike(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    for name in theirs.keys() | ours.keys():
        if theirs.get(name) != ours.get(name):
            yield f"{theirs['labels']}: {name}:\n    Prometheus {theirs.get(name)!r}\n    alertd     {ours.get(name)!r}"


def _by_identity(alerts: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {identity(alert): _comparable(alert) for alert in alerts}


def identity(alert: Mapping[str, Any]) -> Any:
    return tuple(sorted(_texts(alert["labels"]).items()))


def _comparable(alert: dict[str, Any]) -> dict[str, Any]:
    """The alert with instants to the millisecond, and failed texts without what only Go says of a failure."""
    instants = {name: _milliseconds(alert[name]) for name in ("activeAt", "keepFiringSince") if name in alert}
    texts = {name: _texts(alert.get(name, {})) for name in ("labels", "annotations")}
    return {**alert, **texts, **instants}


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: _FAILED if text.startswith(_FAILED) else text for name, text in texts.items()}


def _milliseconds(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(timespec="milliseconds")
