"""What went wrong is told with its place, its kind, and what was weighed."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.hearing import errors
from tests.bench.hearing.judge import MAYBE, RING, STAND_DOWN, Belief, Judgement, Moment
from tests.bench.hearing.score import of_judgement
from tests.hold_bench.test_score import CALL

PIECES = (("prior", -1.0, "we are waiting"), ("live", 3.1, "“hello”: greets"))


def test_a_false_ring_says_for_what_and_why() -> None:
    beliefs = (
        Belief(12.0, RING, "hello there", "", 10.1, 2.1, PIECES),
        Belief(13.0, STAND_DOWN, because="it was a recording"),
        Belief(103.0, RING, since_s=101.0),
    )
    judgement = Judgement(beliefs, ((0.0, "holding"),), ())
    told = errors.of_call(CALL, judgement, of_judgement(CALL, judgement))
    assert len(told) == 1
    assert "FALSE RING  at 12.0 s for first-heard announcement, anna" in told[0]
    assert "odds +2.1: live +3.1 “hello”: greets; prior -1.0 we are waiting" in told[0]
    assert "then stand down at 13.0 s: it was a recording" in told[0]


def test_a_missed_person_is_told_moment_by_moment() -> None:
    trace = tuple(
        Moment(101.0 + at, "holding", odds, "i was", PIECES)
        for at, odds in ((0.7, -1.0), (0.9, -0.9), (1.5, 0.2))
    )
    judgement = Judgement((), ((0.0, "holding"),), (), trace)
    two_legs = replace(CALL, legs=CALL.legs * 2)
    told = errors.of_call(two_legs, judgement, of_judgement(two_legs, judgement))
    assert len(told) == 1
    assert "MISSED: paul" in told[0]
    assert "+0.7 s" in told[0] and "+1.5 s" in told[0]
    assert "+0.9 s" not in told[0]


def test_maybes_are_told_when_asked_for() -> None:
    beliefs = (Belief(12.0, MAYBE, since_s=10.1), Belief(102.0, RING, since_s=101.0))
    judgement = Judgement(beliefs, ((0.0, "holding"),), ())
    outcome = of_judgement(CALL, judgement)
    assert errors.of_call(CALL, judgement, outcome) == []
    assert "false maybe at 12.0 s" in errors.of_call(CALL, judgement, outcome, maybes=True)[0]
