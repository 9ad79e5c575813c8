"""A profile as lines of folded stacks, as flamegraph.pl and its kin read them: `outermost;…;innermost count`."""

from collections import Counter

from alertd.telemetry.profiling.profile import Frame, Profile


def encode(profile: Profile) -> bytes:
    """One line a stack; what is counted is the last of the profile's kinds."""
    counts: Counter[str] = Counter()
    for sample in profile.samples:
        labels = [value for _, value in sample.labels]
        counts[";".join(map(_plain, (*labels, *map(_shown, reversed(sample.stack)))))] += sample.values[-1]
    return "".join(f"{stack} {count}\n" for stack, count in counts.items()).encode("utf-8", "replace")


def _shown(frame: Frame) -> str:
    return frame.function


def _plain(text: str) -> str:
    """Neither of the two characters that separate, nor one that ends the line."""
    return "".join(one if one.isprintable() and one not in "; " else "_" for one in text)
