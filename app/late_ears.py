"""Ears that come later: calls can be made while the speech recogniser is still loading.

Until the listener is there, calls that want to be heard wait; the ring of a call keeps its last half minute, so that
nothing of it is missed when loading takes less than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from engine import learning
from engine.audio.ring import RingReader
from engine.call import CallId
from engine.hearing.perceptions import Perception, Span
from engine.hearing.prints import Prints

Handler = Callable[[Perception], None]


class Ears(learning.Ears, Protocol):
    """What a call needs of a listener."""

    def attach(self, call: CallId, reader: RingReader, handler: Handler, known: Prints | None = None) -> None:
        """Begin to listen."""
        ...


class LateEars:
    """Stands in for the listener; on the loop's thread."""

    def __init__(self) -> None:
        self._ears: Ears | None = None
        self._waiting: dict[CallId, tuple[RingReader, Handler, Prints | None]] = {}
        self._tell: Callable[[CallId], None] | None = None

    def arrive(self, ears: Ears) -> None:
        """The listener is there: it takes the calls that wait, and all that come."""
        self._ears = ears
        waiting, self._waiting = self._waiting, {}
        for call, (reader, handler, known) in waiting.items():
            ears.attach(call, reader, handler, known)

    def never_come(self, tell: Callable[[CallId], None]) -> None:
        """There will be no listener: each call that wants to be heard, waiting or to come, is told to ``tell``."""
        self._tell = tell
        waiting, self._waiting = self._waiting, {}
        for call in waiting:
            tell(call)

    def attach(self, call: CallId, reader: RingReader, handler: Handler, known: Prints | None = None) -> None:
        """Listen to this call, now or as soon as there are ears."""
        if self._tell is not None:
            self._tell(call)
        elif self._ears is None:
            self._waiting[call] = (reader, handler, known)
        else:
            self._ears.attach(call, reader, handler, known)

    def judge(
        self,
        call: CallId,
        spans: Sequence[Span],
        recorded: bool | None,
        then: Callable[[Prints], None] | None = None,
    ) -> None:
        """Tell the ears what the user said of a voice; without ears nobody has heard it."""
        if self._ears is not None:
            self._ears.judge(call, spans, recorded, then)

    def person_spoke(self, call: CallId, span: Span) -> None:
        """Tell the ears that a person spoke in ``span``."""
        if self._ears is not None:
            self._ears.person_spoke(call, span)

    def detach(
        self,
        call: CallId,
        learned: Callable[[Prints], None] | None = None,
        keep: Sequence[Span] = (),
        drop: Sequence[Span] = (),
    ) -> None:
        """Stop listening to this call; one that is not known is no error."""
        self._waiting.pop(call, None)
        if self._ears is not None:
            self._ears.detach(call, learned, keep, drop)
        elif learned is not None:
            learned(Prints())
