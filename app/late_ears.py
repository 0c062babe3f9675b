"""Ears that come later: calls can be made while the speech recogniser is still loading.

Until the listener is there, calls that want to be heard wait; the ring of a call keeps its last half minute, so that
nothing of it is missed when loading takes less than that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.audio.ring import RingReader
from engine.call import CallId
from engine.hearing.perceptions import Perception

Handler = Callable[[Perception], None]


class Ears(Protocol):
    """What a call needs of a listener."""

    def attach(self, call: CallId, reader: RingReader, handler: Handler) -> None:
        """Begin to listen."""
        ...

    def detach(self, call: CallId) -> None:
        """Stop listening."""
        ...


class LateEars:
    """Stands in for the listener; on the loop's thread."""

    def __init__(self) -> None:
        self._ears: Ears | None = None
        self._waiting: dict[CallId, tuple[RingReader, Handler]] = {}
        self._tell: Callable[[CallId], None] | None = None

    def arrive(self, ears: Ears) -> None:
        """The listener is there: it takes the calls that wait, and all that come."""
        self._ears = ears
        waiting, self._waiting = self._waiting, {}
        for call, (reader, handler) in waiting.items():
            ears.attach(call, reader, handler)

    def never_come(self, tell: Callable[[CallId], None]) -> None:
        """There will be no listener: each call that wants to be heard, waiting or to come, is told to ``tell``."""
        self._tell = tell
        waiting, self._waiting = self._waiting, {}
        for call in waiting:
            tell(call)

    def attach(self, call: CallId, reader: RingReader, handler: Handler) -> None:
        """Listen to this call, now or as soon as there are ears."""
        if self._tell is not None:
            self._tell(call)
        elif self._ears is None:
            self._waiting[call] = (reader, handler)
        else:
            self._ears.attach(call, reader, handler)

    def detach(self, call: CallId) -> None:
        """Stop listening to this call; one that is not known is no error."""
        self._waiting.pop(call, None)
        if self._ears is not None:
            self._ears.detach(call)
