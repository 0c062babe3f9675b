"""Calls that begin before the ears are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.late_ears import LateEars
from engine.audio.memory_ring import MemoryRing
from engine.audio.ring import RingReader
from engine.call import CallId
from engine.hearing.perceptions import Perception, Span
from engine.hearing.prints import Prints

A, B = CallId("a"), CallId("b")


class Real:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, CallId]] = []

    def attach(
        self,
        call: CallId,
        reader: RingReader,
        handler: Callable[[Perception], None],
        known: Prints | None = None,
    ) -> None:
        self.asked.append(("attach", call))

    def judge(
        self,
        call: CallId,
        spans: Sequence[Span],
        recorded: bool | None,
        then: Callable[[Prints], None] | None = None,
    ) -> None:
        self.asked.append(("judge", call))

    def person_spoke(self, call: CallId, span: Span) -> None:
        self.asked.append(("person_spoke", call))

    def detach(
        self,
        call: CallId,
        learned: Callable[[Prints], None] | None = None,
        keep: Sequence[Span] = (),
        drop: Sequence[Span] = (),
    ) -> None:
        self.asked.append(("detach", call))


def ignore(perception: Perception) -> None:
    """Nobody asks."""


def test_who_waits_is_heard_when_the_ears_come() -> None:
    late, real, ring = LateEars(), Real(), MemoryRing(1.0)
    late.attach(A, ring, ignore)
    late.attach(B, ring, ignore)
    late.detach(A)
    late.detach(CallId("never there"))
    late.arrive(real)
    assert real.asked == [("attach", B)]
    late.attach(A, ring, ignore)
    late.detach(B)
    assert real.asked == [("attach", B), ("attach", A), ("detach", B)]
