"""The one word and the one sentence that a call ends with."""

from __future__ import annotations

import pytest

from engine.call import EndReason, Phase
from engine.deciding.decisions import OUTCOMES
from engine.outcome import name_ending, outcome_of
from engine.sip.line import LegEnded, LegId


def ended(reason: EndReason, *, by_us: bool = False, answered: bool = True) -> LegEnded:
    return LegEnded(1.0, LegId("leg"), reason, "what the line said", by_us, answered=answered)


@pytest.mark.parametrize("phase", [Phase.NAVIGATING, Phase.HOLDING, Phase.CONFIRMING])
def test_a_far_side_that_hangs_up_on_a_waiting_call_has_dropped_it(phase: Phase) -> None:
    reason, text = name_ending(ended(EndReason.COMPLETED), waiting=True, phase=phase)
    assert reason is EndReason.DROPPED
    assert "hung up" in text and "again" in text


@pytest.mark.parametrize(
    ("leg", "waiting", "phase"),
    [
        (ended(EndReason.COMPLETED), True, Phase.TALKING),
        (ended(EndReason.COMPLETED), False, Phase.MANUAL),
        (ended(EndReason.COMPLETED, by_us=True), True, Phase.HOLDING),
        (ended(EndReason.BUSY, answered=False), True, Phase.NAVIGATING),
        (ended(EndReason.LINE_LOST), True, Phase.HOLDING),
    ],
)
def test_other_endings_keep_the_reason_of_the_line(leg: LegEnded, waiting: bool, phase: Phase) -> None:
    assert name_ending(leg, waiting=waiting, phase=phase) == (leg.reason, leg.text)


@pytest.mark.parametrize("reason", EndReason)
@pytest.mark.parametrize("by_us", [False, True])
@pytest.mark.parametrize("found", [False, True])
def test_every_ending_has_one_of_the_known_outcomes(reason: EndReason, by_us: bool, found: bool) -> None:
    outcome, because = outcome_of(reason, "a sentence", finish=None, person_found=found, by_us=by_us)
    assert outcome in OUTCOMES
    assert because
    assert (outcome == "human") is found


def test_what_the_slayer_said_counts_before_all() -> None:
    finish = ("voicemail", "a machine takes messages")
    assert outcome_of(EndReason.COMPLETED, "bye", finish=finish, person_found=False, by_us=True) == finish


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (EndReason.BUSY, "busy"),
        (EndReason.NOT_IN_SERVICE, "not_in_service"),
        (EndReason.NO_ANSWER, "no_answer"),
        (EndReason.TRUNK_UNREACHABLE, "unreachable"),
        (EndReason.DROPPED, "dropped"),
        (EndReason.WRONG_PASSWORD, "failed"),
    ],
)
def test_reasons_become_outcomes(reason: EndReason, outcome: str) -> None:
    assert outcome_of(reason, "x", finish=None, person_found=False, by_us=False)[0] == outcome


@pytest.mark.parametrize("understood", ["closed", "voicemail", "callback_offered"])
def test_a_company_that_said_why_before_it_hung_up_did_not_drop_us(understood: str) -> None:
    outcome, because = outcome_of(
        EndReason.DROPPED, "x", finish=None, person_found=False, by_us=False, if_dropped=understood
    )
    assert (outcome, because != "x") == (understood, True)
