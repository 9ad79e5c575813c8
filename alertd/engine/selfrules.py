"""The rules by which alertd watches itself. Their expressions name facts that `selfwatch` knows: no PromQL is run."""

from datetime import timedelta

from alertd.core.rules import Rule, RuleGroup

NAME = "alertd"
DOWN = "alertd_datasource_up == 0"
RULE_FAILING = "alertd_rules_failing > 0"
MISSED = "increase(alertd_group_iterations_missed_total[5m]) > 0"
RELOAD = "alertd_config_last_reload_successful == 0"
RECEIVER_FAILING = "alertd_notifications_failing > 0"
DEAD = "alertd_outbox_dead > 0"
GIVEN_UP = "AlertdDeliveryFailed"
STATE = "alertd_state_writable == 0"
DAMAGE = "alertd_state_damaged > 0"
CLOCK = "alertd_clock_jumped > 0"

_AT_ONCE = timedelta(0)
_A_MINUTE = timedelta(minutes=1)
_FIVE_MINUTES = timedelta(minutes=5)


def _rule(name: str, expr: str, severity: str, for_: timedelta, summary: str, description: str) -> Rule:
    return Rule(
        name=name,
        expr=expr,
        file=NAME,
        group=NAME,
        for_=for_,
        labels={"severity": severity},
        annotations={"summary": summary, "description": description},
        datasource=NAME,
    )


GROUP = RuleGroup(
    name=NAME,
    file=NAME,
    interval=timedelta(seconds=15),
    rules=(
        _rule("AlertdDatasourceDown", DOWN, "critical", _A_MINUTE,
              "alertd cannot see: {{ $labels.datasource }} does not answer",
              "The states of all its rules are held as they were."),
        _rule("AlertdRuleFailing", RULE_FAILING, "warning", _FIVE_MINUTES,
              "The rule {{ $labels.rule }} cannot be evaluated",
              "The states of its alerts are held as they were."),
        _rule("AlertdEvaluationMissed", MISSED, "warning", _AT_ONCE,
              "alertd is too slow: evaluations of the group {{ $labels.group }} were skipped",
              "The machine or the datasource is overloaded, or the interval too short."),
        _rule("AlertdReloadFailed", RELOAD, "warning", _AT_ONCE,
              "alertd runs on an older configuration than the one on disk",
              "The last reload failed. Run `alertd check` to see why."),
        _rule("AlertdReceiverFailing", RECEIVER_FAILING, "warning", _FIVE_MINUTES,
              "{{ $labels.integration }} has not accepted a message for minutes",
              "Its messages wait in the outbox and are tried again."),
        _rule(GIVEN_UP, DEAD, "critical", _AT_ONCE,
              "alertd gave up on a message to {{ $labels.receiver }}",
              "{{ $labels.integration }} did not accept it."),
        _rule("AlertdStateNotWritable", STATE, "critical", _AT_ONCE,
              "alertd could not write its state",
              "What cannot be stored is not told. Is the disk full, or read-only?"),
        _rule("AlertdStateDamaged", DAMAGE, "critical", _AT_ONCE,
              "alertd lost some of its state",
              "What is firing is told again; silences may be gone."),
        _rule("AlertdClockJumped", CLOCK, "info", _AT_ONCE,
              "The clock of the machine that alertd runs on was set",
              "Evaluations and messages were due at other times than they seem."),
    ),
)  # fmt: skip
