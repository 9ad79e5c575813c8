"""Floating-point numbers as text, in the forms of Go's strconv; the infinities carry their sign, NaN has none."""

import math


def shortest(value: float) -> str:
    """As `%v`: the fewest digits that mean this number; an exponent below -4 and from 6 digits before the point on."""
    magnitude = abs(value)
    if 1e-4 <= magnitude < 1e6 or magnitude == 0:
        text = repr(value)
        return text[:-2] if text.endswith(".0") else text
    if not math.isfinite(value):
        return _special(value)
    return exponential(value)


def exponential(value: float) -> str:
    """The fewest digits, always with an exponent."""
    sign, digits, point = _digits(value)
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+03d}"


def plain(value: float) -> str:
    """The fewest digits, never with an exponent."""
    sign, digits, point = _digits(value)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}" if value else f"{sign}0"
    rest = f".{digits[point:]}" if len(digits) > point else ""
    return sign + digits[:point].ljust(point, "0") + rest


def _digits(value: float) -> tuple[str, str, int]:
    """The sign, the fewest digits that mean this number, and the place of the point among them."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return "-" if mantissa[0] == "-" else "", digits.rstrip("0") or "0", point if digits.strip("0") else 1


def formatted(value: float, verb: str, precision: int | None) -> str:
    """As strconv.FormatFloat; without a precision, the fewest digits."""
    if not math.isfinite(value):
        return _special(value)
    if verb in "xX":
        return _hexadecimal(value, verb, precision)
    if verb == "b":
        return _binary(value)
    if precision is not None:
        return f"{value:.{precision}{verb}}"
    text = {"e": exponential, "f": plain, "g": shortest}[verb.lower()](value)
    return text.upper() if verb.isupper() else text


def four_digits(value: float) -> str:
    """As `%.4g`, in which all the humanize functions print."""
    return f"{value:.4g}" if math.isfinite(value) else _special(value)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def _hexadecimal(value: float, verb: str, precision: int | None) -> str:
    """`0x1.8p+01`: a normalised mantissa and a decimal exponent of at least two digits."""
    mantissa, exponent = math.frexp(value)
    if value == 0:
        fraction, power, lead = 0, 0, 0
    else:
        scaled = int(abs(mantissa) * 2**53)
        fraction, power, lead = scaled - 2**52, exponent - 1, 1
    if precision is not None and precision < 13:
        unit = 1 << (52 - 4 * precision)
        total = (lead << 52) + fraction
        total = round(total / unit) * unit  # exact: both are below 2**53
        if total >= 2**53:
            total, power = total >> 1, power + 1
        lead, fraction = total >> 52, total & (2**52 - 1)
    digits = f"{fraction:013x}"
    digits = digits.rstrip("0") if precision is None else digits.ljust(precision, "0")[:precision]
    point = "." if digits else ""
    sign = "-" if math.copysign(1, value) < 0 else ""
    text = f"{sign}0x{lead}{point}{digits}p{power:+03d}"
    return text.upper() if verb == "X" else text


def _binary(value: float) -> str:
    """`4503599627370496p-52`: the mantissa as an integer, a power of two."""
    if value == 0:
        return "-0p-1074" if math.copysign(1, value) < 0 else "0p-1074"
    _, exponent = math.frexp(value)
    exponent = max(exponent - 53, -1074)
    return f"{int(math.ldexp(value, -exponent))}p{exponent:+d}"
