"""A phone call as the program sees it: two coupled state machines, each a table.

``LineState`` is what SIP says; ``Phase`` is what we believe is going on. A phase can change many times while the
line stays CONFIRMED, and a line that ends forces DONE. The tables below are the whole truth: a transition that is
not listed is refused with ``IllegalTransition``.

    LineState   IDLE -> DIALING -> EARLY -> CONFIRMED -> ENDED      (any state may go to ENDED)

    Phase       NAVIGATING <-> HOLDING -> CONFIRMING -> ALERTING -> TALKING
                    ^______________|__________|____________|___________|      (see PHASE_TRANSITIONS)
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import NewType

CallId = NewType("CallId", str)
"""Our own key of a call, unique for ever; never a SIP library's slot number."""


class Mode(StrEnum):
    """How a call is run."""

    DIRECT = "direct"  # an everyday call: the voice is connected at once
    HOLD_SLAYER = "hold_slayer"  # the program walks the menu and waits


class LineState(StrEnum):
    """What SIP says."""

    IDLE = "idle"
    DIALING = "dialing"  # INVITE sent, nothing but 100 Trying yet
    EARLY = "early"  # 180 Ringing or 183 with early media
    CONFIRMED = "confirmed"  # 200 OK and ACK
    ENDED = "ended"


class Phase(StrEnum):
    """What we believe is going on."""

    MANUAL = "manual"  # the user drives; the ears still listen
    NAVIGATING = "navigating"  # greeting, menus, questions
    HOLDING = "holding"  # waiting in a queue
    CONFIRMING = "confirming"  # maybe a person: quiet cue, not sure yet
    ALERTING = "alerting"  # a person: ringing the user
    TALKING = "talking"  # the user has picked up
    DONE = "done"


class EndReason(StrEnum):
    """Why a call ended or never came to be, in classes a person understands."""

    COMPLETED = "completed"  # a normal hang-up by either side after answer
    CANCELLED = "cancelled"  # we gave up before answer
    BUSY = "busy"  # 486, 600
    DECLINED = "declined"  # 603, 403 to an INVITE
    NO_ANSWER = "no_answer"  # 408 after ringing, 480, 487 by the far side
    WRONG_PASSWORD = "wrong_password"  # 401/407 after credentials
    NOT_IN_SERVICE = "not_in_service"  # 404, 410, 484, 604, or SIT tones heard
    TRUNK_UNREACHABLE = "trunk_unreachable"  # DNS failure, refused, no response at all
    NO_ROUTE = "no_route"  # 5xx of the trunk, 502/503/504 with a server's answer
    NO_COMMON_CODEC = "no_common_codec"  # 415, 488, 606
    CERTIFICATE = "certificate"  # TLS certificate not trusted or of another host
    BAD_NUMBER = "bad_number"  # could not even be made into a URI
    LINE_LOST = "line_lost"  # our line process died
    DROPPED = "dropped"  # the far side hung up while we were on hold or in the menu
    FAILED = "failed"  # anything else; the SIP code and text tell


LINE_TRANSITIONS: MappingProxyType[LineState, frozenset[LineState]] = MappingProxyType(
    {
        LineState.IDLE: frozenset({LineState.DIALING, LineState.EARLY, LineState.ENDED}),
        LineState.DIALING: frozenset({LineState.EARLY, LineState.CONFIRMED, LineState.ENDED}),
        LineState.EARLY: frozenset({LineState.CONFIRMED, LineState.ENDED}),
        LineState.CONFIRMED: frozenset({LineState.ENDED}),
        LineState.ENDED: frozenset(),
    }
)

PHASE_TRANSITIONS: MappingProxyType[Phase, frozenset[Phase]] = MappingProxyType(
    {
        Phase.MANUAL: frozenset({Phase.NAVIGATING, Phase.HOLDING, Phase.TALKING, Phase.DONE}),
        Phase.NAVIGATING: frozenset(
            {Phase.MANUAL, Phase.HOLDING, Phase.CONFIRMING, Phase.ALERTING, Phase.TALKING, Phase.DONE}
        ),
        Phase.HOLDING: frozenset(
            {Phase.MANUAL, Phase.NAVIGATING, Phase.CONFIRMING, Phase.ALERTING, Phase.TALKING, Phase.DONE}
        ),
        Phase.CONFIRMING: frozenset(
            {Phase.MANUAL, Phase.NAVIGATING, Phase.HOLDING, Phase.ALERTING, Phase.TALKING, Phase.DONE}
        ),
        # ALERTING -> HOLDING: the person put us back on hold, or it was a recording after all: stop ringing, say why.
        Phase.ALERTING: frozenset({Phase.MANUAL, Phase.NAVIGATING, Phase.HOLDING, Phase.TALKING, Phase.DONE}),
        # TALKING -> HOLDING: put back on hold and the user gave the call back to the program.
        Phase.TALKING: frozenset({Phase.MANUAL, Phase.NAVIGATING, Phase.HOLDING, Phase.DONE}),
        Phase.DONE: frozenset(),
    }
)


class IllegalTransition(RuntimeError):
    """A transition that the tables do not list: a fault of the program, never of the user."""


def next_line_state(old: LineState, new: LineState) -> LineState:
    """Return ``new`` when the table allows it from ``old``; raise ``IllegalTransition`` otherwise."""
    if new not in LINE_TRANSITIONS[old]:
        raise IllegalTransition(f"a line cannot go from {old} to {new}")
    return new


def next_phase(old: Phase, new: Phase) -> Phase:
    """Return ``new`` when the table allows it from ``old``; raise ``IllegalTransition`` otherwise."""
    if new not in PHASE_TRANSITIONS[old]:
        raise IllegalTransition(f"a call cannot go from {old} to {new}")
    return new
