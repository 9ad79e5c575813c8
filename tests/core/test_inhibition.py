"""Inhibition: Alertmanager's rules on who inhibits whom, and that the index says what trying all says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.alerts import Alert, State, Transition
from alertd.core.inhibition import Inhibition, Inhibitor, InhibitRule
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher, parse
from alertd.core.selectors import satisfies
from tests.core.counting import Counted, Tally

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def alert(state: State = State.FIRING, rule: str = "rule", **labels: str) -> Alert:
    return Alert(rule, Labels(labels), state, NOON, fired_at=NOON)


def rule(source: str, target: str, *equal: str, name: str = "rule") -> InhibitRule:
    return InhibitRule(parse(source), parse(target), equal, name)


CRITICAL = rule('s="critical"', 's="warning"', "zone")
BOTH = rule('s=~"critical|warning"', 's="warning"')


@pytest.mark.parametrize(
    ("given", "sources", "target", "inhibited"),
    [
        (CRITICAL, [{"s": "critical", "zone": "a"}], {"s": "warning", "zone": "a"}, True),
        (CRITICAL, [{"s": "critical", "zone": "a"}], {"s": "warning", "zone": "b"}, False),
        (CRITICAL, [{"s": "critical", "zone": "a"}], {"s": "info", "zone": "a"}, False),
        (CRITICAL, [{"s": "critical"}], {"s": "warning"}, True),  # a label that is missing is empty
        (CRITICAL, [{"s": "critical"}], {"s": "warning", "zone": "a"}, False),
        (
            CRITICAL,
            [{"s": "critical", "zone": "b"}, {"s": "critical", "zone": "a"}],
            {"s": "warning", "zone": "a"},
            True,
        ),
        (BOTH, [{"s": "warning", "n": "1"}], {"s": "warning", "n": "1"}, False),  # itself
        (BOTH, [{"s": "warning", "n": "1"}], {"s": "warning", "n": "2"}, False),  # both match both sides
        (BOTH, [{"s": "warning", "n": "1"}, {"s": "critical"}], {"s": "warning", "n": "2"}, True),
        (rule('s="x"', 't="y"'), [{"s": "x", "t": "y", "n": "1"}], {"t": "y"}, True),  # the target is no source
        (rule('s="x"', 't="y"'), [{"s": "x", "t": "y", "n": "1"}], {"s": "x", "t": "y"}, False),
        (rule("{}", "{}"), [{"a": "b"}], {"a": "c"}, False),  # an empty rule is legal, and does nothing
        (rule('s="x"', "{}"), [{"s": "x"}], {"a": "c"}, True),
        (rule("{}", 's="x"'), [{"a": "c"}], {"s": "x"}, True),
        (rule("{}", 's="x"'), [], {"s": "x"}, False),
    ],
)
def test_who_is_inhibited(
    given: InhibitRule, sources: Sequence[Mapping[str, str]], target: Mapping[str, str], inhibited: bool
) -> None:
    inhibitor = Inhibitor([given], [alert(**labels) for labels in sources])
    found = inhibitor.inhibiting(Labels(target))
    assert bool(found) == inhibited
    assert all(one.rule == "rule" and one.source in [Labels(labels) for labels in sources] for one in found)


def test_only_what_fires_is_a_source() -> None:
    source, target = {"s": "critical", "zone": "a"}, Labels({"s": "warning", "zone": "a"})
    pending, fires = alert(State.PENDING, **source), alert(**source)
    resolved = alert(State.RESOLVED, **source)
    inhibitor = Inhibitor([CRITICAL], [pending, resolved])
    assert not inhibitor.inhibiting(target)
    inhibitor.update([Transition(None, pending)])
    assert not inhibitor.inhibiting(target)
    inhibitor.update([Transition(pending, fires)])
    assert inhibitor.inhibiting(target) == (Inhibition(fires.labels, "rule"),)
    inhibitor.update([Transition(fires, fires)])
    inhibitor.update([Transition(fires, resolved)])
    assert not inhibitor.inhibiting(target)


def test_the_same_labels_of_two_rules_are_two_sources() -> None:
    one, other = alert(s="critical"), alert(rule="other", s="critical")
    inhibitor = Inhibitor([CRITICAL], [one, other])
    target = Labels({"s": "warning"})
    inhibitor.update([Transition(one, None)])
    assert inhibitor.inhibiting(target)
    inhibitor.update([Transition(other, None), Transition(other, None)])
    assert not inhibitor.inhibiting(target)


def test_every_rule_that_inhibits_is_named() -> None:
    rules = [rule('a="1"', 'b="1"', name="one"), rule('a="2"', 'b="1"', name="two"), rule('a="1"', 'b="2"', name="no")]
    inhibitor = Inhibitor(rules, [alert(a="1"), alert(a="2")])
    found = inhibitor.inhibiting(Labels({"b": "1"}))
    assert [(one.rule, one.source["a"]) for one in found] == [("one", "1"), ("two", "2")]


def test_targets_are_known_before_there_is_a_source() -> None:
    inhibitor = Inhibitor([CRITICAL])
    assert inhibitor.can_inhibit(Labels({"s": "warning"}))
    assert not inhibitor.can_inhibit(Labels({"s": "critical"}))
    assert not Inhibitor().can_inhibit(Labels({"s": "warning"}))


names = st.sampled_from(["x", "y", "z"])
matchers = st.builds(Matcher, names, st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["", "a", "a|b", ".+"]))
sides = st.lists(matchers, max_size=2).map(tuple)
rules = st.lists(st.builds(InhibitRule, sides, sides, st.lists(names, max_size=2).map(tuple)), max_size=4)
alerts = st.dictionaries(names, st.sampled_from(["a", "b", ""])).map(lambda labels: alert(**labels))
moves = st.lists(st.tuples(alerts, st.booleans()), max_size=12)


def naive(rule: InhibitRule, target: Labels, sources: Sequence[Labels]) -> bool:
    """As Alertmanager's documentation has it, one by one."""
    if not satisfies(target, rule.target):
        return False
    both = satisfies(target, rule.source)
    return any(
        satisfies(source, rule.source)
        and all(source.get(name, "") == target.get(name, "") for name in rule.equal)
        and not (both and satisfies(source, rule.target))
        for source in sources
    )


@given(rules, moves)
def test_the_index_says_what_trying_all_says(rules: Sequence[InhibitRule], moves: list[tuple[Alert, bool]]) -> None:
    inhibitor, firing = Inhibitor(rules), dict[Labels, Alert]()
    for one, begins in moves:
        before = firing.pop(one.labels, None)
        if begins:
            firing[one.labels] = one
        inhibitor.update([Transition(before or one, one if begins else None)])
        for target in [one.labels, *firing]:
            wanted = [rule.name for rule in rules if naive(rule, target, list(firing))]
            assert [found.rule for found in inhibitor.inhibiting(target)] == wanted
    rebuilt = Inhibitor(rules, firing.values())
    assert all(bool(rebuilt.inhibiting(one)) == bool(inhibitor.inhibiting(one)) for one in firing)


def test_thousands_of_sources_and_targets_are_not_tried_on_each_other() -> None:
    tally = Tally()
    given = InhibitRule((Counted("s", "=", "critical", tally),), (Counted("s", "=", "warning", tally),), ("zone",))
    inhibitor = Inhibitor([given], [alert(s="critical", zone=f"{zone}") for zone in range(2000)])
    tally.read()
    found = [inhibitor.inhibiting(Labels({"s": "warning", "zone": f"{zone}"})) for zone in range(4000)]
    assert [bool(one) for one in found] == [True] * 2000 + [False] * 2000
    assert tally.read() <= 2 * 4000, "the rule is tried on each target, the sources are looked up"
