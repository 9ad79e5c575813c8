"""Very many samples are kept as columns, which nobody notices who looks at them."""

import pytest

from alertd.core.labels import Labels
from alertd.core.samples import Answer, PlainSamples, Sample, are_plain

ROWS = [(Labels({"job": "a", "id": "1"}), 1.0), (Labels(), -2.5), (Labels({"job": "b"}), 0.0)]
SAMPLES = tuple(Sample(labels, value) for labels, value in ROWS)


def test_they_are_the_samples_they_were_made_of() -> None:
    made = PlainSamples(iter(ROWS))
    assert tuple(made) == SAMPLES
    assert tuple(made) == SAMPLES, "also the second time"
    assert (len(made), made[1], made[-1], made[1:]) == (3, SAMPLES[1], SAMPLES[2], SAMPLES[1:])
    assert {sample.labels: sample.value for sample in made} == dict(ROWS)
    with pytest.raises(IndexError):
        made[3]


def test_answers_are_equal_whatever_their_samples_are_kept_in() -> None:
    assert Answer(PlainSamples(ROWS)) == Answer(SAMPLES)
    assert Answer(SAMPLES) == Answer(PlainSamples(ROWS))
    assert Answer(PlainSamples(ROWS)) == Answer(PlainSamples(ROWS))
    assert Answer(PlainSamples(ROWS[1:])) != Answer(PlainSamples(ROWS))
    assert not PlainSamples(())


@pytest.mark.parametrize(
    ("more", "plain"), [(Sample(Labels(), 1.0), True), (Sample(Labels(), 0.0, "{}"), False),
                        (Sample(Labels(), 1.0, annotations={"summary": "x"}), False)],
)  # fmt: skip
def test_what_is_more_than_labels_and_a_value_is_not_plain(more: Sample, *, plain: bool) -> None:
    assert are_plain((*SAMPLES, more)) is plain
    assert are_plain(PlainSamples(ROWS))
