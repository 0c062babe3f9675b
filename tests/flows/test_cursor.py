"""The cursor: follows the flow's steps only, and no loop runs for ever."""

from __future__ import annotations

import pytest

from flows.cursor import MAX_VISITS, Stuck, advance, begin
from flows.model import Choice, Flow, Hold, Listen

FLOW = Flow(
    id="loop",
    name="Loop",
    start="menu",
    steps=(
        Listen(
            id="menu",
            choices=(
                Choice(label="again", digits="*", next="menu"),
                Choice(label="queue", digits="1", next="queue"),
            ),
        ),
        Hold(id="queue"),
    ),
)


def test_begins_at_the_start() -> None:
    assert begin(FLOW).at == "menu"
    assert begin(FLOW).step.id == "menu"


def test_goes_only_where_the_step_leads() -> None:
    queue = advance(begin(FLOW), "queue")
    assert queue.step == Hold(id="queue")
    with pytest.raises(ValueError, match="does not lead"):
        advance(queue, "menu")


def test_a_loop_ends_stuck() -> None:
    cursor = begin(FLOW)
    for _ in range(MAX_VISITS - 1):
        cursor = advance(cursor, "menu")
    with pytest.raises(Stuck):
        advance(cursor, "menu")
