"""What came of a call."""

from __future__ import annotations

import json

import pytest

from app.summary import summarise
from app.timeline import as_json
from engine.call import CallId, EndReason, Mode, Phase
from engine.events import (
    CallBegan,
    CallEnded,
    DigitsPressed,
    Event,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    PhaseChanged,
)
from engine.practice.report import HoldStarted, PersonSpoke, Report

CALL = CallId("c1")


def spoke(at: float, turn: int = 1) -> PersonSpoke:
    return PersonSpoke(at, "x", "bank", "sip:bank@h", "person", "dana", "hello", turn)


def story(*rings: float, taken_back: tuple[float, ...] = ()) -> list[Event]:
    middle: list[Event] = [PersonFound(at, CALL, "hi", at - 100.5, ("cue",)) for at in rings]
    middle += [PersonDismissed(at, CALL, "recorded") for at in taken_back]
    return [
        CallBegan(100.0, CALL, "sip:bank@h", "Bank", "card", Mode.HOLD_SLAYER),
        DigitsPressed(105.0, CALL, "2", "b"),
        DigitsPressed(108.0, CALL, "0", "b"),
        PhaseChanged(110.0, CALL, Phase.NAVIGATING, Phase.HOLDING, "music"),
        *sorted(middle, key=lambda event: event.at),
        PhaseChanged(150.5, CALL, Phase.HOLDING, Phase.ALERTING, "cue"),
        OutcomeKnown(160.0, CALL, "human", "b"),
        CallEnded(160.0, CALL, EndReason.COMPLETED, "Over.", True),
    ]


def test_a_person_came() -> None:
    reports: list[Report] = [
        HoldStarted(110.0, "x", "bank", "sip:bank@h", "hold", "", 40.0),
        spoke(149.0),
        spoke(155.0, 2),
    ]
    summary = summarise(story(150.5), reports)
    told = json.loads(as_json(60.0, summary.line()))
    assert told == {
        "t": 60.0,
        "event": "summary",
        "company": "Bank",
        "outcome": "human",
        "keys": "20",
        "hold_s": 40.5,
        "person_at": 149.0,
        "rang_at": 150.5,
        "latency_s": 1.5,
        "false_rings": 0,
    }
    assert "rang 1.5 s after" in summary.line().text


def test_a_ring_before_the_person_is_false() -> None:
    summary = summarise(story(130.0, 150.5), [spoke(149.0)])
    assert (summary.false_rings, summary.rang_at, summary.latency_s) == (1, 150.5, 1.5)


def test_only_a_false_ring() -> None:
    summary = summarise(story(130.0), [])
    assert (summary.false_rings, summary.rang_at, summary.person_at, summary.latency_s) == (
        1,
        130.0,
        None,
        None,
    )
    too_early = summarise(story(130.0), [spoke(149.0)])
    assert (too_early.false_rings, too_early.rang_at, too_early.latency_s) == (1, 130.0, None)


def test_without_a_company_that_tells() -> None:
    summary = summarise(story(130.0, 150.5, taken_back=(131.0,)))
    assert (summary.false_rings, summary.rang_at, summary.person_at, summary.latency_s) == (
        1,
        130.0,
        None,
        None,
    )


def test_it_needs_a_call() -> None:
    with pytest.raises(ValueError, match="events of a call"):
        summarise([])
    with pytest.raises(ValueError, match="events of a call"):
        summarise(story()[1:])
