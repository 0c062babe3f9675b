"""Digits go out one at a time, with gaps, in order, and every batch is accounted for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.digits import STEP_S, DigitQueue
from engine.sip.line import DigitMethod

RTP = DigitMethod.RTP_EVENT


class _Far:
    def __init__(self, refuse_after: int = 10_000) -> None:
        self.played: list[str] = []
        self.done: list[tuple[int, str]] = []
        self.refuse_after = refuse_after
        self.queue = DigitQueue(self._play, lambda count, error: self.done.append((count, error)))

    def _play(self, digit: str, method: DigitMethod) -> None:
        if len(self.played) >= self.refuse_after:
            raise ValueError("no more")
        self.played.append(digit)


@given(st.lists(st.text("0123456789*#ABCD", min_size=1, max_size=40), max_size=5))
def test_every_digit_goes_out_in_order_with_its_gap(batches: list[str]) -> None:
    far = _Far()
    for batch in batches:
        far.queue.add(batch, RTP)
    now = 100.0
    for _ in range(sum(map(len, batches)) + 1):
        before = len(far.played)
        far.queue.tick(now)
        far.queue.tick(now + STEP_S * 0.9)
        assert len(far.played) <= before + 1
        now += STEP_S
    assert far.played == list("".join(batches))
    assert far.done == [(len(batch), "") for batch in batches]


def test_a_digit_that_fails_ends_its_batch_only() -> None:
    far = _Far(refuse_after=1)
    far.queue.add("12", RTP)
    far.queue.add("3", RTP)
    far.queue.tick(0.0)
    far.queue.tick(1.0)
    far.refuse_after = 99
    far.queue.tick(2.0)
    far.queue.tick(3.0)
    assert far.done == [(1, "no more"), (1, "")]
    assert far.played == ["1", "3"]


def test_giving_up_tells_how_far_each_batch_came() -> None:
    far = _Far()
    far.queue.add("1", RTP)
    far.queue.add("23", RTP)
    far.queue.tick(0.0)
    far.queue.give_up("over")
    assert far.done == [(1, ""), (0, "over")]


@pytest.mark.parametrize("digits", ["", "1 2", "e", "12w", "a", "１"])
def test_only_digits_of_a_telephone(digits: str) -> None:
    far = _Far()
    far.queue.add(digits, RTP)
    far.queue.tick(0.0)
    assert far.played == []
    assert far.done[0][0] == 0
    assert "Only the digits" in far.done[0][1]
