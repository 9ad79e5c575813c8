"""The checks: one a file. A new one is a file here, its cases, a page in the docs, and a line in CHECKS."""

from alertd.lab.checks import (
    absent_for,
    alerts_now,
    always_fires,
    below_interval,
    duplicate_alert,
    lost_label,
    missing_runbook,
    query_cost,
    query_fails,
    rate_window,
    template_fails,
    unknown_label,
    unknown_metric,
    unknown_severity,
    unreachable_route,
    unused_receiver,
    unused_route,
    value_in_labels,
)
from alertd.lab.definition import Check

CHECKS: tuple[Check, ...] = (
    always_fires.CHECK,
    absent_for.CHECK,
    below_interval.CHECK,
    rate_window.CHECK,
    value_in_labels.CHECK,
    duplicate_alert.CHECK,
    lost_label.CHECK,
    template_fails.CHECK,
    unknown_severity.CHECK,
    missing_runbook.CHECK,
    unused_receiver.CHECK,
    unreachable_route.CHECK,
    unused_route.CHECK,
    unknown_metric.CHECK,
    unknown_label.CHECK,
    query_fails.CHECK,
    query_cost.CHECK,
    alerts_now.CHECK,
)
