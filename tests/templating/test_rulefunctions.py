"""The functions of rule templates, and the queries that they ask of their caller."""

import pytest

from alertd.errors import TemplateError
from alertd.templating.rules import QueryNeeded, expand

from .worlds import made, rule_data


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("humanize 0.0", "0"),
        ("humanize 1234567", "1.235M"),
        ("humanize 999.95", "1000"),
        ("humanize -0.0021", "-2.1m"),
        ('humanize "1_000"', "1k"),
        ('humanize "NaN"', "NaN"),
        ('humanize "-inf"', "-Inf"),
        ("humanize 1e30", "1e+06Y"),
        ("humanize1024 1048576", "1Mi"),
        ("humanize1024 1000", "1000"),
        ("humanizeDuration 0", "0s"),
        ("humanizeDuration 0.1", "100ms"),
        ("humanizeDuration 0.0001", "100us"),
        ("humanizeDuration 59.9", "59.9s"),
        ("humanizeDuration 3661", "1h 1m 1s"),
        ("humanizeDuration -90061", "-1d 1h 1m 1s"),
        ("humanizeDuration (toDuration 90)", "1m 30s"),
        ("humanizeDuration 1e20", "-106751991167300d -15h -30m -8s"),
        ("humanizePercentage 0.1234567", "12.35%"),
        ("humanizeTimestamp 1435065584.128", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("toTime 1.5e9", "2017-07-14 02:40:00 +0000 UTC"),
        ('(toTime 1.5e9).Format "Mon 2 Jan 2006 15:04 MST"', "Fri 14 Jul 2017 02:40 UTC"),
        ("(toTime 1e9).Sub (toTime 1)", "277777h46m39s"),
        ("(toTime 1e9).Add 3600000000000", "2001-09-09 02:46:40 +0000 UTC"),
        ("toDuration 90.5", "1m30.5s"),
        ("now", "1.7092836e+09"),
        ('parseDuration "2h10m15s"', "7815"),
        ('parseDuration "1w2d"', "777600"),
        ('parseDuration "-1h"', "-3600"),
        ('parseDuration "0"', "0"),
        ('stripPort "db-01:9100"', "db-01"),
        ('stripPort "[::1]:6006"', "::1"),
        ('stripPort "::1:80"', "::1:80"),
        ('stripPort "a:"', "a"),
        ('stripPort "plain"', "plain"),
        ('stripDomain "db.example.com:80"', "db:80"),
        ('stripDomain "db.example.com"', "db"),
        ('stripDomain "10.0.0.1:80"', "10.0.0.1:80"),
        ('stripDomain "a.b:"', "a"),
        ('reReplaceAll "^([^:]+).*" "${1}" "db-01:9100"', "db-01"),
        ('reReplaceAll "a*" "-" "baac"', "-b-c-"),
        ('reReplaceAll "(?P<n>a)" "$n_x${n}$$${}" "ba"', "ba$${}"),
        ('match "^a.c$" "abc"', "true"),
        ('title "hELLO wORLD foo-bar a_b don\'t éa"', "HELLO WORLD Foo-Bar A_b Don'T Éa"),
        ('toUpper "straße ŉ"', "STRAßE ŉ"),
        ('toLower "İÉ"', "ié"),
        ('graphLink "up > 1"', "/graph?g0.expr=up+%3E+1&g0.tab=0"),
        ('tableLink "up"', "/graph?g0.expr=up&g0.tab=1"),
        ("pathPrefix", "/prom"),
        ("externalURL", "https://prometheus.example.org/prom"),
        ('urlQueryEscape "a b&c"', "a+b%26c"),
        ('safeHtml "<b>"', "<b>"),
        ('query "up" | first | value', "2"),
        ('query "up" | sortByLabel "instance" | first | label "instance"', "a"),
        ('query "up" | sortByLabel "instance" | first | strvalue', "v"),
        ('query "none" | len', "0"),
        ("sortByLabel `x` nil", "[]"),
    ],
)
def test_functions(expression: str, expected: str) -> None:
    assert made(f"{{{{ {expression} }}}}") == expected


@pytest.mark.parametrize(
    "expression",
    [
        'first (query "none")',
        "value 1",
        "value nil",
        'humanize "x"',
        'humanize "1e400"',
        'humanize ""',
        "humanize true",
        "humanizeTimestamp 1e10",
        'toTime "inf"',
        'parseDuration "1h 5m"',
        'parseDuration "5m1h"',
        'parseDuration "1.5h"',
        'parseDuration ""',
        'parseDuration "300y"',
        'reReplaceAll "(" "" "x"',
        'match "(?=a)" "a"',
        "(toTime 1).Nope",
        "(toTime 1).Format 1",
        "(toTime 1).AddDate 99999 0 0",
    ],
)
def test_functions_that_fail(expression: str) -> None:
    with pytest.raises(TemplateError):
        made(f"{{{{ {expression} }}}}")


def test_a_query_without_an_answer_is_asked_for() -> None:
    with pytest.raises(QueryNeeded) as needed:
        made('{{ query "rate(x[5m])" | first | value }}')
    assert needed.value.expr == "rate(x[5m])"


def test_the_text_of_a_histogram_takes_the_place_of_the_value() -> None:
    data = rule_data(value_text="{count:3, sum:1}")
    assert expand("{{ $value }} {{ .Value }}", data) == "{count:3, sum:1} {count:3, sum:1}"
