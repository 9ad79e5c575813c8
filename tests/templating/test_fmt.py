"""printf: verbs, flags, and what it says of a verb that does not fit. The expectations are Go's."""

import pytest

from .worlds import made


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"%v %d %s %t" 1.5 3 "x" true', "1.5 3 x true"),
        (
            '"%.2f|%8.3f|%-8.1f|%08.2f|%+.1f|% f" 1.005 3.14159 2.0 -1.5 1.0 1.0',
            "1.00|   3.142|2.0     |-0001.50|+1.0| 1.000000",
        ),
        ('"%g|%.3g|%G|%e|%E" 1e21 123456.0 1e-10 1234.5 0.0', "1e+21|1.23e+05|1E-10|1.234500e+03|0.000000E+00"),
        ('"%v %v %v %v" 1000000.0 999999.0 0.0001 0.00001', "1e+06 999999 0.0001 1e-05"),
        ('"%x|%X|%#x|%o|%#o|%O|%b|%08b" 255 255 255 8 8 8 5 5', "ff|FF|0xff|10|010|0o10|101|00000101"),
        ('"%d|%5d|%-5d|%05d|%+d|%.3d" -7 42 42 -42 7 5', "-7|   42|42   |-0042|+7|005"),
        ('"%c|%q|%U|%#U" 65 65 9731 9731', "A|'A'|U+2603|U+2603 '☃'"),
        (
            '"%s|%10s|%-10s|%.2s|%q|%x|% x|%#q" "héy" "ab" "ab" "héy" "a\\"b" "hi" "hi" "a"',
            'héy|        ab|ab        |hé|"a\\"b"|6869|68 69|`a`',
        ),
        ('"%+q|%#v|%T|%T" "é" "x" 1 1.5', '"\\u00e9"|"x"|int|float64'),
        ('"%x %.3x" 3.5 1.0', "0x1.cp+01 0x1.000p+00"),
        ('"%%|%5.1f%%" 12.34', "%| 12.3%"),
        ('"%d" "x"', "%!d(string=x)"),
        ('"%5d" "x"', "%!d(string=    x)"),
        ('"%s" 1.5', "%!s(float64=1.5)"),
        ('"%+s" 1.5', "%!s(float64=+1.5)"),
        ('"%d %d" 1', "1 %!d(MISSING)"),
        ('"%d" 1 2 "a"', "1%!(EXTRA int=2, string=a)"),
        ('"%"', "%!(NOVERB)"),
        ('"%z" 1', "%!z(int=1)"),
        ('"%d" nil', "%!d(<nil>)"),
        ('"%v" nil', "<nil>"),
        ('"%[2]d %[1]d" 1 2', "2 1"),
        ('"%[3]d" 1 2', "%!d(BADINDEX)"),
        ('"%*d|%-*d|%*d|" 4 1 4 1 -4 1', "   1|1   |1   |"),
        ('"%.*f" 2 1.234', "1.23"),
        ('"%*d" "x" 1', "%!(BADWIDTH)1"),
        (
            '"%v %+v %#v" (args 1 "a" nil) (args 1) (args 1 nil)',
            'map[arg0:1 arg1:a arg2:<nil>] map[arg0:1] map[string]interface {}{"arg0":1, "arg1":interface {}(nil)}',
        ),
        ('"%s" $labels', "map[__name__:up city:Zürich instance:db-01:9100 job:node]"),
        ('"%T %T" $labels (query "up")', "map[string]string template.queryResult"),
        (
            '"%v %+v" (query "up" | first) (query "up" | first)',
            "&{map[instance:b] 2} &{Labels:map[instance:b] Value:2}",
        ),
        ('"%v %v" (parseDuration "0") 2i', "0 (0+2i)"),
        ('"%6v|%-6v|%06v" (args 1) true 2', "map[  arg0:     1]|true  |000002"),
        ('"%t %v" 1 true', "%!t(int=1) true"),
    ],
)
def test_printf(arguments: str, expected: str) -> None:
    assert made(f"{{{{ printf {arguments} }}}}") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("inf"), "+Inf|+Inf|+Inf|  +Inf| Inf"),
        (float("-inf"), "-Inf|-Inf|-Inf|  -Inf|-Inf"),
        (float("nan"), "NaN|NaN|+NaN|   NaN| NaN"),
        (0.0, "0|0.00|+0.000000|000000| 0"),
        (1.5e9, "1.5e+09|1500000000.00|+1500000000.000000|1.5e+09| 1.5e+09"),
    ],
)
def test_numbers_that_are_none(value: float, expected: str) -> None:
    assert made('{{ $value }}|{{ printf "%.2f|%+f|%06g|% g" $value $value $value $value }}', value) == expected
