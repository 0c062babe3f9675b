"""What goes over the pipe between the window process and a line process, beside commands and events.

window process  ->  SetUp, then LineCommand | OpenLeg | Stop
line process    ->  Ready or Failed, then LineEvent | IncomingLeg | LogLine | Fault | Alive
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.call import EndReason
from engine.sip.line import Account, Dial, LegIncoming, LineSettings, LineUp

OUTGOING_PLACES = 12
INCOMING_PLACES = 12
"""Places for legs in the sound block, each a tap and a talk ring. Four legs live at once; the others keep what was
heard last, until it is their turn again. Two sets, so that each side can give out its own without asking."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """All a line process needs to begin. ``fixed_ports``: ports used before a restart, to be had again if possible."""

    settings: LineSettings
    sound_block: str
    accounts: tuple[Account, ...] = ()
    fixed_ports: tuple[int, int, int] = (0, 0, 0)  # UDP, TCP, TLS


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Dial, with the place whose rings were made ready."""

    dial: Dial
    place: int


@dataclass(frozen=True, slots=True)
class IncomingLeg:
    """An incoming leg, with the place the line process gave it."""

    event: LegIncoming
    place: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Hang up, unregister, end."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The line process works."""

    event: LineUp


@dataclass(frozen=True, slots=True)
class Failed:
    """The line process could not begin, and ends."""

    reason: EndReason
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of our own in the line process, which goes on. ``text``: what it was doing, and the error."""

    text: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the SIP library's log. ``level``: 1 error, 2 warning, 3 information, 4 and more: detail."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Alive:
    """Sent now and then, so that a line process that hangs is noticed."""


def tap_ring(place: int) -> int:
    """Index in the sound block of a place's tap ring."""
    return 2 * place


def talk_ring(place: int) -> int:
    """Index in the sound block of a place's talk ring."""
    return 2 * place + 1
