"""Matchers: both of Alertmanager's grammars, the fallback between them, and what they match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels
from alertd.core.matchers import Grammar, Matcher, parse


def one(text: str, grammar: Grammar = Grammar.FALLBACK) -> tuple[str, str, str]:
    (matcher,) = parse(text, grammar)
    return matcher.name, matcher.op, matcher.value


BOTH = {
    "foo=bar": ("foo", "=", "bar"),
    "foo!=bar": ("foo", "!=", "bar"),
    "foo=~bar.+": ("foo", "=~", "bar.+"),
    "foo!~bar.+": ("foo", "!~", "bar.+"),
    "{foo=bar}": ("foo", "=", "bar"),
    " { foo = bar , } ": ("foo", "=", "bar"),
    'foo="bar"': ("foo", "=", "bar"),
    'foo=""': ("foo", "=", ""),
    'foo="a,b"': ("foo", "=", "a,b"),
    'foo="{}"': ("foo", "=", "{}"),
    r'foo="a\"b"': ("foo", "=", 'a"b'),
    r'foo="a\nb"': ("foo", "=", "a\nb"),
    r'foo="a\\b"': ("foo", "=", r"a\b"),
    "foo=🙂": ("foo", "=", "🙂"),
    'foo=~"a|b"': ("foo", "=~", "a|b"),
}


@pytest.mark.parametrize("grammar", Grammar)
@pytest.mark.parametrize("text", BOTH)
def test_what_both_grammars_read_alike(text: str, grammar: Grammar) -> None:
    assert one(text, grammar) == BOTH[text]


@pytest.mark.parametrize("grammar", Grammar)
@pytest.mark.parametrize("text", ["", "{}", " { } "])
def test_no_matchers(text: str, grammar: Grammar) -> None:
    assert parse(text, grammar) == ()


@pytest.mark.parametrize("grammar", Grammar)
def test_several(grammar: Grammar) -> None:
    found = parse('{a="1", b!=2,c=~"3|4",}', grammar)
    assert found == (Matcher("a", "=", "1"), Matcher("b", "!=", "2"), Matcher("c", "=~", "3|4"))


ONLY_UTF8 = {
    "föö=bar": ("föö", "=", "bar"),
    '"foo bar"=baz': ("foo bar", "=", "baz"),
    '"a\\tb"="\\u00e9\\x41\\101"': ("a\tb", "=", "éAA"),
    "foo.bar=baz": ("foo.bar", "=", "baz"),
    '"🙂"=~"\\U0001f642"': ("🙂", "=~", "🙂"),
}


@pytest.mark.parametrize("text", ONLY_UTF8)
def test_what_only_the_new_grammar_reads(text: str) -> None:
    assert one(text, Grammar.UTF8) == one(text) == ONLY_UTF8[text]
    with pytest.raises(ValueError):
        parse(text, Grammar.CLASSIC)


ONLY_CLASSIC = {
    "foo=a{b": ("foo", "=", "a{b"),
    "foo=bar baz": ("foo", "=", "bar baz"),
    r"foo=a\nb": ("foo", "=", "a\nb"),
    r'foo="\d+"': ("foo", "=", r"\d+"),
    "foo=": ("foo", "=", ""),
    "foo==bar": ("foo", "=", "=bar"),
    "foo=a'b": ("foo", "=", "a'b"),
    "{foo=bar": ("foo", "=", "bar"),
    "foo=bar}": ("foo", "=", "bar"),
    "foo=bar\\": ("foo", "=", "bar\\"),
}


@pytest.mark.parametrize("text", ONLY_CLASSIC)
def test_what_only_the_classic_grammar_reads(text: str) -> None:
    assert one(text, Grammar.CLASSIC) == one(text) == ONLY_CLASSIC[text]
    with pytest.raises(ValueError):
        parse(text, Grammar.UTF8)


def test_where_they_differ_the_classic_reading_holds() -> None:
    assert one(r'foo="\101"', Grammar.UTF8) == ("foo", "=", "A")
    assert one(r'foo="\101"') == one(r'foo="\101"', Grammar.CLASSIC) == ("foo", "=", r"\101")


BAD = [
    "foo", "=bar", '""=bar', "foo~bar", '"foo', 'foo="bar', '{"foo bar"=baz', '"a b"=c"d"', '"a b"="c" "d e"="f"',
    ",", "{,}", '"föö"=,', '"a b"="\\q"', '"a b"="\\ud800"', '"a b"="\\xff"', '"a b"="\\777"', '"a b"="\\Uffffffff"',
    '"a b"="x\ny"', "föö='b'", "foo=~[", 'foo="a"b"', "föö=~(",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_neither_reads_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse(text)


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(ValueError, match="operator"):
        Matcher("a", "==", "b")


LABELS = Labels({"job": "api", "zone": "eu\n1"})


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("job", "=", "api"), True),
        (Matcher("job", "=", "ap"), False),
        (Matcher("job", "!=", "api"), False),
        (Matcher("job", "=~", "ap"), False),  # the whole value
        (Matcher("job", "=~", "ap|api"), True),
        (Matcher("job", "!~", "a.*"), False),
        (Matcher("gone", "=", ""), True),  # absent is empty
        (Matcher("gone", "=~", ".*"), True),
        (Matcher("gone", "!=", ""), False),
        (Matcher("gone", "!~", ".+"), True),
        (Matcher("zone", "=~", "eu.1"), False),  # a dot is no line break
        (Matcher("zone", "=~", "(?s)eu.1"), True),
    ],
)
def test_matching(matcher: Matcher, expected: bool) -> None:
    assert matcher.matches(LABELS) is expected


def test_notation() -> None:
    assert str(Matcher("a", "=", 'x"\\\n')) == r'a="x\"\\\n"'
    assert str(Matcher("a b", "!=", "\x07é\u00ad\U000e0001")) == '"a b"!="\\aé\\u00ad\\U000e0001"'
    assert str(Matcher("föö", "=", "1")) == 'föö="1"'


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(Matcher, TEXT.filter(bool), st.sampled_from(["=", "!="]), TEXT))
def test_a_matcher_reads_back_what_it_writes(matcher: Matcher) -> None:
    assert parse(str(matcher)) == (matcher,)
    assert parse(f"{{{matcher},}}") == (matcher,)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('{}=~!,"\\')))
def test_any_text_is_read_or_refused(text: str) -> None:
    for grammar in Grammar:
        try:
            found = parse(text, grammar)
        except ValueError:
            continue
        assert parse(",".join(map(str, found)), Grammar.FALLBACK) == found
