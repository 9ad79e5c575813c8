"""Whatever text comes in, out comes a text or a TemplateError."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.errors import TemplateError
from alertd.templating.fmt import sprintf
from alertd.templating.rules import QueryNeeded

from .worlds import made, page, rendered

VOCABULARY = """
    {{ }} {{- -}} if else with range end define template block break continue $x := = | ( ) . , $labels $value .Labels
    .a .b "s" `r` 'c' 1 -2.5 0x1F 1e300 1e-300 nil true false and or not eq lt len index slice print printf println html
    js urlquery call query first value label args match reReplaceAll title toUpper humanize humanizeDuration toTime now
    "%d" "%*.*f" "%[2]v" "%+q" "%#x" parseDuration stripPort stripDomain sortByLabel "[" ".Format" ".Add" 9e9 .Year
    <a href= <script> </script> <style> " ' > <!-- toJson list dict append join tz date since safeHtml
"""
WORDS = st.sampled_from(VOCABULARY.split())
TEXTS = st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60)
ACTIONS = st.lists(WORDS, max_size=8).map(lambda words: "{{ " + " ".join(words) + " }}")


@settings(max_examples=400, deadline=None)
@given(TEXTS | ACTIONS)
def test_rules_only_ever_raise_template_errors(text: str) -> None:
    with suppress(TemplateError, QueryNeeded):
        assert isinstance(made(text).encode(), bytes)


@settings(max_examples=300, deadline=None)
@given(TEXTS | ACTIONS)
def test_notifications_only_ever_raise_template_errors(text: str) -> None:
    for render in (rendered, page):
        with suppress(TemplateError):
            assert isinstance(render(text).encode(), bytes)


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="%+-# 0123456789.*[]vdsqxXfgeEGtTcUobpw!a", max_size=12),
    st.lists(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5), max_size=3
    ),
)
def test_printf_takes_everything(pattern: str, values: list[object]) -> None:
    with suppress(TemplateError):
        assert isinstance(sprintf(pattern, values), str)


@given(st.floats())
def test_a_number_is_printed_so_that_it_can_be_read_again(value: float) -> None:
    text = made("{{ $value }}", value)
    assert text == "NaN" if value != value else float(text) == value
