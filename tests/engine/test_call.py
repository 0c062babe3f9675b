"""The two state machines are what their tables say."""

from __future__ import annotations

import pytest

from engine.call import (
    LINE_TRANSITIONS,
    PHASE_TRANSITIONS,
    IllegalTransition,
    LineState,
    Phase,
    next_line_state,
    next_phase,
)


@pytest.mark.parametrize("old", LineState)
@pytest.mark.parametrize("new", LineState)
def test_a_line_goes_where_its_table_says_and_nowhere_else(old: LineState, new: LineState) -> None:
    if new in LINE_TRANSITIONS[old]:
        assert next_line_state(old, new) is new
    else:
        with pytest.raises(IllegalTransition, match=f"from {old} to {new}"):
            next_line_state(old, new)


@pytest.mark.parametrize("old", Phase)
@pytest.mark.parametrize("new", Phase)
def test_a_phase_goes_where_its_table_says_and_nowhere_else(old: Phase, new: Phase) -> None:
    if new in PHASE_TRANSITIONS[old]:
        assert next_phase(old, new) is new
    else:
        with pytest.raises(IllegalTransition, match=f"from {old} to {new}"):
            next_phase(old, new)


def test_every_state_has_a_row_and_only_the_last_ones_have_no_way_out() -> None:
    assert set(LINE_TRANSITIONS) == set(LineState)
    assert set(PHASE_TRANSITIONS) == set(Phase)
    assert [state for state, ways in LINE_TRANSITIONS.items() if not ways] == [LineState.ENDED]
    assert [phase for phase, ways in PHASE_TRANSITIONS.items() if not ways] == [Phase.DONE]


def test_a_call_can_end_from_anywhere() -> None:
    assert all(Phase.DONE in ways for phase, ways in PHASE_TRANSITIONS.items() if phase is not Phase.DONE)
    assert all(
        LineState.ENDED in ways for state, ways in LINE_TRANSITIONS.items() if state is not LineState.ENDED
    )


def test_the_user_can_always_take_the_call() -> None:
    live = set(Phase) - {Phase.DONE, Phase.TALKING}
    assert all(Phase.TALKING in PHASE_TRANSITIONS[phase] for phase in live)
