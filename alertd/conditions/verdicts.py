"""What a condition returned becomes samples, or an error that says what to return in its place."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from alertd.conditions import Sample, Skip
from alertd.conditions.limits import Limits
from alertd.core.labels import Labels

_NOTHING = "it returned nothing: return False if all is well, or call skip(reason) if that cannot be said"
_EXPECTED = "expected a bool, (bool, message), a number, or samples"


class NonsenseError(Exception):
    """A condition returned what means nothing."""


def samples(returned: Any, limits: Limits) -> list[Sample]:
    """The alerts. Raises NonsenseError, and Skip for a NaN, because a number that is none says nothing."""
    returned = _plain(returned)
    if returned is None:
        raise NonsenseError(_NOTHING)
    if isinstance(returned, (int, float)):
        return _judged(returned, "")
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], str):
        return _with_message(*returned)
    if isinstance(returned, Sample) or (isinstance(returned, tuple) and returned and isinstance(returned[0], Mapping)):
        returned = [returned]
    if isinstance(returned, (str, bytes, Mapping)) or not isinstance(returned, Iterable):
        raise NonsenseError(f"it returned {_shown(returned)}; {_EXPECTED}")
    return _collected(returned, limits)


def _judged(value: float, message: str) -> list[Sample]:
    if math.isnan(value):
        raise Skip("it returned NaN, which is no data")
    return [Sample({}, float(value), {"message": message} if message else {})] if value else []


def _with_message(judgement: Any, message: str) -> list[Sample]:
    value = _plain(judgement)
    if not isinstance(value, (int, float)):
        raise NonsenseError(f"it returned ({_shown(value)}, message); {_EXPECTED}")
    return _judged(value, _text("the message", message))


def _collected(items: Iterable[Any], limits: Limits) -> list[Sample]:
    found: dict[Labels, Sample] = {}
    room = limits.result_bytes // 4  # a character is up to four bytes
    for number, item in enumerate(items, 1):
        if number > limits.samples:
            raise NonsenseError(f"it returned more than {limits.samples} samples")
        sample = _sample(item, limits)
        room -= _size(sample)
        if room < 0:
            raise NonsenseError("its samples are too large together")
        labels = Labels(sample.labels)
        if labels in found:
            raise NonsenseError(f"it returned two samples with the labels {_shown(labels)}: labels tell alerts apart")
        found[labels] = sample
    return list(found.values())


def _sample(item: Any, limits: Limits) -> Sample:
    if isinstance(item, tuple) and len(item) in (2, 3) and isinstance(item[0], Mapping):
        item = Sample(*item)
    if not isinstance(item, Sample):
        raise NonsenseError(f"it returned {_shown(item)} among the samples; write Sample(labels, value, annotations)")
    value = _plain(item.value)
    if not isinstance(value, (int, float)):
        raise NonsenseError(f"a sample has the value {_shown(value)}, which is no number")
    labels, annotations = _texts("label", item.labels), _texts("annotation", item.annotations)
    sample = Sample(labels, float(value), annotations)
    if _size(sample) > limits.sample_bytes:
        raise NonsenseError(f"a sample has {_size(sample)} characters of text, more than {limits.sample_bytes}")
    return sample


def _size(sample: Sample) -> int:
    return sum(len(name) + len(text) for texts in (sample.labels, sample.annotations) for name, text in texts.items())


def _texts(what: str, texts: Any) -> dict[str, str]:
    if not isinstance(texts, Mapping):
        raise NonsenseError(f"the {what}s of a sample are {_shown(texts)}; write a dict")
    for name in texts:
        if not isinstance(name, str) or not name:
            raise NonsenseError(f"the name of a {what} is {_shown(name)}; write text")
    return {_text(f"a {what}", name): _text(f"the {what} {_shown(name)}", _plain(texts[name])) for name in texts}


def _text(what: str, value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise NonsenseError(f"{what} is {_shown(value)}; write text")
    text = str(value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NonsenseError(f"{what} is not valid Unicode: {_shown(text)}")
    return text


def _plain(value: Any) -> Any:
    """numpy's scalars as Python's."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def _shown(value: Any) -> str:
    try:
        text = ascii(value) if isinstance(value, str) else repr(value)
    except Exception:
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:100]}…"


def clean(text: object) -> str:
    """Text of a condition that goes into a message: valid, and not endless."""
    shown = str(text).encode("utf-8", "replace").decode()
    return shown if len(shown) <= 1000 else f"{shown[:1000]}…"
