"""Wishes, as immutable values. They flow down: from the window, the tray, the command line to the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from engine.call import CallId


@dataclass(frozen=True, slots=True)
class SlayHold:
    """Call ``number``, get to the queue that serves ``intent``, wait, ring when a person speaks."""

    number: str
    intent: str
    company: str = ""
    flow: str = ""  # id of a stored flow; empty: none, explore


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """An everyday call with the voice connected."""

    number: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Answer an incoming call."""

    call: CallId


@dataclass(frozen=True, slots=True)
class PickUp:
    """The user takes the call: connect the voice, stop ringing."""

    call: CallId


@dataclass(frozen=True, slots=True)
class NotAPerson:
    """The user says: that was a recording. Back to waiting."""

    call: CallId


@dataclass(frozen=True, slots=True)
class ThatIsAPerson:
    """The user says: that is a person."""

    call: CallId


@dataclass(frozen=True, slots=True)
class UndoFeedback:
    """The user takes back what they last said of a voice in this call."""

    call: CallId


@dataclass(frozen=True, slots=True)
class StayOn:
    """Put back on hold, the user waits on themselves instead of giving the call back."""

    call: CallId


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The user drives from here: voice connected, the program only listens."""

    call: CallId


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The user gives the call back to the program, which goes on waiting (or navigating)."""

    call: CallId


@dataclass(frozen=True, slots=True)
class PressDigits:
    """Digits by the user's hand: ``[0-9*#A-D]`` only."""

    call: CallId
    digits: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Mute or unmute the user's microphone in this call."""

    call: CallId
    muted: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Start or stop recording the call."""

    call: CallId
    on: bool


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    call: CallId


CallCommand = (
    AnswerCall
    | PickUp
    | NotAPerson
    | ThatIsAPerson
    | UndoFeedback
    | StayOn
    | TakeOver
    | GiveBack
    | PressDigits
    | Mute
    | Record
    | HangUp
)
"""A wish for a call that is on."""

Command = SlayHold | PlaceCall | CallCommand
"""Every wish there is."""
