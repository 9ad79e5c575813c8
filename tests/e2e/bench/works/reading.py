"""Works from expressions and bytes to samples, and what label sets cost."""

import json
from collections.abc import Mapping
from dataclasses import replace

from alertd.core.labels import Labels
from alertd.core.samples import Answer
from alertd.datasources.decoding import decode
from alertd.datasources.fusion import MARK, fuse, take_apart
from tests.e2e.bench.works.work import MANY, Do, Work, labels, plain, samples

_FUSED = 50


def decoding() -> Do:
    series = [{"metric": labels(number), "value": [1767225600.123, "0"]} for number in range(MANY)]
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}}).encode()
    return lambda: decode(200, body)


def fusing() -> Do:
    exprs = [f'up{{instance="host-{number:04}:9100"}} == 0' for number in range(_FUSED)]
    return lambda: fuse(exprs)


def taking_apart() -> Do:
    found = samples(MANY)
    marked = [replace(one, labels=one.labels.merged({MARK: str(at % _FUSED)})) for at, one in enumerate(found)]
    answer = Answer(tuple(marked))
    return lambda: take_apart(answer, _FUSED)


def labelling() -> Do:
    found = [labels(number) for number in range(MANY)]
    return lambda: [Labels(one) for one in found]


def identifying() -> Do:
    """As the store and the API name alerts; a label set remembers both."""
    found = [labels(number) for number in range(MANY)]
    return lambda: [(made.key, made.fingerprint) for made in map(Labels, found)]


WORKS: Mapping[str, Work] = {
    f"fuse {_FUSED} expressions": plain(fusing, _FUSED, "expression"),
    f"decode {MANY:,} series": plain(decoding, MANY, "series"),
    f"take {MANY:,} samples apart": plain(taking_apart, MANY, "sample"),
    f"make {MANY:,} label sets": plain(labelling, MANY, "label set"),
    f"make {MANY:,} label sets, their keys and fingerprints": plain(identifying, MANY, "label set"),
}
