"""What is wrong in an expression is told by its token, where it stands, and with advice if there is no doubt."""

import pytest

from alertd.config.promql import check
from alertd.config.promqlmistakes import FUNCTIONS, is_syntax, misplaced
from alertd.config.promqltokens import spoken
from tests.config.test_promql import FINE


def refusal(expr: str) -> str:
    """As the parser's, for expressions that need not be conditions."""
    return check(expr, condition=False).error.removeprefix("could not parse the expression: ")


MISTAKES = {
    'foo{job="x"} ^= 1': ('unexpected "="', "write == to compare"),
    "sum by ^job (foo) > 1": ('unexpected "job"', "write by (job)"),
    "sum(foo) without ^job": ('unexpected "job"', "write without (job)"),
    "foo > 1 ^adn bar > 2": ('unexpected "adn"', 'did you mean "and"?'),
    "foo ^ofset 5m": ('unexpected "ofset"', 'did you mean "offset"?'),
    "foo > 5 ^for 5m": ('unexpected "for"', ""),
    'foo{a="b" ^and c="d"}': ('unexpected "and"', ""),
    "queue_length >^> 1000": ('unexpected ">"', ""),
    "foo ^=> 3": ('unexpected "="', "write >="),
    "foo <^> 3": ('unexpected ">"', "write !="),
    "foo > ^= 3": ('unexpected "="', ""),
    "foo > 1 ^&& bar": ("unexpected character: '&'", "write and"),
    'foo{job^=="x"}': ("unexpected '=' in label matching, expected string", "inside of braces one = is enough"),
    "foo{job=^x}": ("unexpected identifier 'x' in label matching, expected string",
                    'what a label is matched with stands in quotes, as in {job="x"}'),
    "^histogram_quantil(0.9, foo)": ("unknown function with name 'histogram_quantil'",
                                     'did you mean "histogram_quantile"?'),
    "foo + ^sun(bar)": ("unknown function with name 'sun'", 'did you mean "sum"?'),
    "sum(^rate(foo)) > 5": ("expected type matrix in call to function 'rate', got vector",
                            "give the series a range, as in rate(x[5m])"),
    "foo > ^(bar + 1": ("a ( is not closed", ""),
    "foo + bar^) > 1": ("unexpected )", ""),
    "foo > bar ^+": ("not valid PromQL: it ends too early", ""),
    "foo # > 1\n ^bar": ('unexpected "bar"', ""),
    "": ("no expression found in input", ""),
}  # fmt: skip


@pytest.mark.parametrize("marked", MISTAKES)
def test_the_token_its_place_and_advice(marked: str) -> None:
    finding = check(marked.replace("^", ""))
    message, hint = MISTAKES[marked]
    assert (finding.error, finding.hint) == (f"could not parse the expression: {message}", hint)
    assert finding.at == max(0, marked.find("^"))


MORE = [
    "topk by (a, b) (5, foo) or sum without (c) (bar{a!='x', b=~\"y.*\"}) unless on (d) baz",
    "foo / ignoring (a) group_left (b, c) bar offset -5m > bool 2",
    "-(foo @ 1700000000 ^ 2) % 3 and {__name__=~'x', y!~'z'}[5m:1m] @ start()",
    "count_values('v', label_replace(foo, 'a', '$1', 'b', '(.*)')) == +Inf",
    "sum(foo) by (a) > quantile(0.9, bar) atan2 1e3 and absent(x{})",
]


@pytest.mark.parametrize("expr", [*FINE, *MORE])
def test_no_beginning_of_an_expression_is_a_mistake(expr: str) -> None:
    """A token that may stand where it does is never blamed."""
    for token in spoken(expr):
        wrong = f"{expr[: token.at + len(token.text)]} ] )"
        assert misplaced(wrong, refusal).at > token.at, expr[: token.at] + "^" + expr[token.at :]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_that_are_suggested_are_there(name: str) -> None:
    assert not is_syntax(reason := refusal(f"{name}(x)"))
    assert "unknown function" not in reason
