"""Values as JSON, in the form of Go's encoding/json: sorted keys, and nothing that could end a script."""

import json
import math
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.bytestrings import clean
from alertd.templating.floats import exponential, plain
from alertd.templating.functions import type_name
from alertd.templating.limits import joined
from alertd.templating.times import Time
from alertd.templating.values import Map, Slice, Struct

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_TABLE = str.maketrans(_ESCAPES)


def to_json(value: Any) -> str:
    """Raises TemplateError for what JSON cannot say."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Slice):
        return f"[{joined([to_json(item) for item in value], ',')}]"
    return _object(value)


def _text(value: str) -> str:
    return json.dumps(clean(value), ensure_ascii=False).translate(_TABLE)


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise TemplateError("JSON has no infinity and no NaN")
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa, exponent = exponential(value).split("e")
        return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}"
    return plain(value)


def _object(value: Any) -> str:
    if isinstance(value, Time):
        return _text(value.rfc3339())
    if isinstance(value, Map):
        pairs = [(key, value[key]) for key in sorted(value)]
    elif isinstance(value, Struct):
        pairs = [(_json_name(name) if value.tagged else name, read(value)) for name, read in value.fields.items()]
    else:
        raise TemplateError(f"a {type_name(value)} cannot be written as JSON")
    return f"{{{joined([f'{_text(name)}:{to_json(item)}' for name, item in pairs], ',')}}}"


def _json_name(name: str) -> str:
    """`startsAt` for StartsAt, as Alertmanager's webhook has it."""
    return name[0].lower() + name[1:]
