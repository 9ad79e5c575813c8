"""When a server is given up: not for one failure among answers, and not without asking again."""

from alertd.datasources.pulse import Pulse
from alertd.errors import QueryError, QueryFailure

DOWN = QueryError("down", QueryFailure.UNREACHABLE)


def test_a_new_one_lives() -> None:
    assert Pulse().stopped(since=0) is None


def test_who_waited_is_told_and_who_comes_later_asks() -> None:
    pulse = Pulse()
    pulse.failed(DOWN, asked=0, silent=False)
    assert pulse.stopped(since=0) is DOWN
    assert pulse.stopped(since=pulse.turn) is None


def test_an_answer_before_the_question_is_no_sign_of_life() -> None:
    pulse = Pulse()
    pulse.answered()
    pulse.failed(DOWN, asked=pulse.turn, silent=False)
    assert pulse.stopped(since=0) is DOWN


def test_an_answer_since_the_question_is_one() -> None:
    pulse = Pulse()
    pulse.answered()
    pulse.failed(DOWN, asked=0, silent=False)
    assert pulse.stopped(since=0) is None


def test_silence_is_too_costly_to_go_on() -> None:
    pulse = Pulse()
    pulse.answered()
    pulse.failed(DOWN, asked=0, silent=True)
    assert pulse.stopped(since=0) is DOWN
