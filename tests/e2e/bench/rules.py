"""Rule files for the benchmark. Thresholds differ, so no two expressions are equal and nothing is cached."""

import json
import zlib

SERVICES, FLIP_GROUPS, GROUP_SIZE = 200, 10, 20
_EMPTY = "groups: []\n"
# Of ten rules five are thresholds on a gauge, two error rates, and one each a quantile, an absence and an error ratio.
_KINDS = ("gauge",) * 5 + ("rate",) * 2 + ("quantile", "absent", "ratio")
_RATE = "sum by (service) (rate(http_requests_total{%s}[1m]))"
_SUMMARY = "{{ $labels.service }} on {{ $labels.instance }} is {{ $value }}"


def scale_rules(count: int, interval: int) -> str:
    """Alerting rules of the usual kinds, in groups of twenty."""
    lines = ["groups:"]
    for number in range(count):
        if number % GROUP_SIZE == 0:
            lines.append(f"- name: group-{number // GROUP_SIZE:05}\n  interval: {interval}s\n  rules:")
        lines.append(_rule(number, count))
    return "\n".join(lines) + "\n" if count else _EMPTY


def flip_rules() -> str:
    """Groups of one rule each, so that they are evaluated at different moments of a second."""
    return "groups:\n" + "".join(
        f"- name: flip-{group}\n  interval: 1s\n  rules:\n"
        f"  - {{alert: Flip, expr: 'flip_gauge{{g=\"{group}\"}} > 0', labels: {{severity: critical}}}}\n"
        for group in range(FLIP_GROUPS)
    )


def storm_rules(interval: int) -> str:
    """One rule that fires for everything at once."""
    return (
        f"groups:\n- name: storm\n  interval: {interval}s\n  rules:\n  - alert: Storm\n    expr: storm_gauge > 0\n"
        '    labels: {severity: critical}\n    annotations: {summary: "{{ $labels.id }} is {{ $value }}"}\n'
    )


def _rule(number: int, count: int) -> str:
    return (
        f"  - alert: Alert{number:05}\n    expr: {json.dumps(_expression(number, count))}\n"
        f"    labels: {{severity: {('warning', 'critical')[number % 2]}, team: team-{number % 7}}}\n"
        f"    annotations: {{summary: {json.dumps(_SUMMARY)}}}"
    )


def _expression(number: int, count: int) -> str:
    service, part = f'service="s{number % SERVICES:03}"', (number + 1) / (count + 1)
    errors, requests = _RATE % f'{service},code="500"', _RATE % service
    buckets = f"sum by (le, service) (rate(http_request_seconds_bucket{{{service}}}[1m]))"
    expressions = {
        "gauge": f"bench_gauge{{{service}}} > {60 + 30 * part:.6g}",
        "rate": f"{errors} > {20 + 80 * part:.6g}",
        "quantile": f"histogram_quantile(0.99, {buckets}) > {0.2 + 0.3 * part:.6g}",
        "absent": f'absent(heartbeat{{{service},instance!="none-{number}"}})',
        "ratio": f"{errors} / {requests} > {0.02 + 0.04 * part:.6g}",
    }
    return expressions[_KINDS[zlib.crc32(b"k%d" % number) % len(_KINDS)]]
