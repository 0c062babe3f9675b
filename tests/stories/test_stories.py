"""Every story in this folder, told to the real slayer with the real policy, ends as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.events import (
    BackOnHold,
    HoldBegan,
    OfferEnded,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    UserNeeded,
)
from tests.stories import runner

HERE = Path(__file__).parent
STORIES = sorted(HERE.glob("*.toml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
async def test_story(path: Path) -> None:
    story = runner.load(path)
    told = await runner.tell(story, HERE)
    expect: dict[str, Any] = story["expect"]
    rings = told.times(PersonFound)

    assert told.of(UserNeeded) == []
    if "keys" in expect:
        assert told.keys == expect["keys"]
    if "hold_before_s" in expect:
        assert told.times(HoldBegan)[0] <= expect["hold_before_s"]
    if expect.get("person") == "never":
        assert [(at, e.words, e.because) for at, e in told.events if isinstance(e, PersonFound)] == []
    if "person_after_s" in expect:
        assert rings, "nobody rang"
        assert expect["person_after_s"] <= rings[0] <= expect["person_before_s"], told.of(PersonFound)
        assert told.of(PersonFound)[0].because, "a ring must say why"
    if "rings" in expect:
        assert len(rings) == expect["rings"]
    if "maybe_at_most" in expect:
        assert len(told.times(PersonSuspected)) <= expect["maybe_at_most"]
    if expect.get("stood_down"):
        assert told.of(PersonDismissed)
    if "waits_min" in expect:
        assert [news.wait_min for news in told.of(QueueNews)] == expect["waits_min"]
    if "offers" in expect:
        assert len(told.times(BackOnHold)) == expect["offers"]
        assert len(told.times(OfferEnded)) == expect["offers"]
    if "warnings" in expect:
        assert [warning.kind for warning in told.of(QueueWarning)] == expect["warnings"]
    if "back_by_s" in expect:
        told_at, first = next((at, e) for at, e in told.events if isinstance(e, QueueEstimate))
        assert expect["back_by_s"][0] <= told_at + first.back_in_s <= expect["back_by_s"][1]
    for event in (*told.of(PersonFound), *told.of(PersonSuspected)):
        assert event.pieces or "you said" in event.because[0] or "took it back" in event.because[0]
    if "outcome" in expect:
        assert told.finished is not None and told.finished[0] == expect["outcome"]


def test_there_are_stories() -> None:
    assert len(STORIES) >= 8
