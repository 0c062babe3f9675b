"""Facts about waiting: where we stand, how long it will take, what goes wrong. Part of ``engine.events``."""

from __future__ import annotations

from dataclasses import dataclass

from engine.call import CallId


@dataclass(frozen=True, slots=True)
class QueueNews:
    """The company said where we stand: position in the queue and/or expected wait in minutes, None when not said."""

    at: float
    call: CallId
    position: int | None
    wait_min: float | None


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """How long the wait will probably last from ``at`` on, in seconds, and by when to be back to miss nothing.

    Made from what was announced, from how fast the queue moves, and from past calls; ``because`` says from which.
    """

    at: float
    call: CallId
    left_s: float
    back_in_s: float
    because: str


@dataclass(frozen=True, slots=True)
class QueueWarning:
    """The wait goes wrong: ``kind`` is one of ``decisions.WARNINGS``, ``text`` a sentence for the user."""

    at: float
    call: CallId
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class HoursAnnounced:
    """The company said when it is open; ``text`` says it in short."""

    at: float
    call: CallId
    text: str


@dataclass(frozen=True, slots=True)
class BackOnHold:
    """The user talks, and was put back on hold at ``since_s`` (call clock): the program offers to wait for them."""

    at: float
    call: CallId
    since_s: float
    because: str


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The offer of ``BackOnHold`` is over: somebody speaks again, or the user decided."""

    at: float
    call: CallId
    because: str
