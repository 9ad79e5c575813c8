"""A profile as https://www.speedscope.app opens it: its own JSON format, with a profile for each label.

https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from typing import Any

from alertd.telemetry.profiling.profile import Frame, Labels, Profile, Sample, numbered

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_UNITS = {"nanoseconds": "nanoseconds", "bytes": "bytes"}  # of those alertd counts in; all others are "none"


def encode(profile: Profile) -> bytes:
    """The bytes; what is counted is the last of the profile's kinds."""
    return json.dumps(document(profile)).encode()


def document(profile: Profile) -> Mapping[str, Any]:
    """The file as a tree. Frames are numbered, stacks begin with the outermost."""
    frames = numbered(chain.from_iterable(sample.stack for sample in profile.samples))
    parts = groupby(sorted(profile.samples, key=_labels), key=_labels)
    profiles = [_part(profile, labels, list(samples), frames) for labels, samples in parts]
    return {
        "$schema": _SCHEMA,
        "exporter": "alertd",
        "name": f"alertd {profile.name}, {profile.began:%Y-%m-%d %H:%M:%S}Z",
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(one) for one in frames]},
        "profiles": profiles or [_part(profile, (), [], frames)],
    }


def _labels(sample: Sample) -> Labels:
    return sample.labels


def _part(
    profile: Profile, labels: Labels, samples: Sequence[Sample], frames: Mapping[Frame, int]
) -> Mapping[str, Any]:
    weights = [sample.values[-1] for sample in samples]
    return {
        "type": "sampled",
        "name": ", ".join(value for _, value in labels) or profile.name,
        "unit": _UNITS.get(profile.kinds[-1][1], "none"),
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [[frames[frame] for frame in reversed(sample.stack)] for sample in samples],
        "weights": weights,
    }


def _frame(frame: Frame) -> Mapping[str, Any]:
    place = {"file": frame.file} if frame.file else {}
    return {"name": frame.function, **place, **({"line": frame.line} if frame.line else {})}
