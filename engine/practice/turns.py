"""The words between a company's script and whoever plays it: what happens to the company, what it does.

    script ---- Turn(wishes, wake_at) ---> player (``performance`` on a line, ``rehearsal`` in virtual time)
           <--- Reached / Over / Pressed / CallerTalks / CallerQuiet / TimeUp ----

All times are wall clock, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.practice.report import Report
from engine.practice.studio import Mark, Mix

# --- what happens to the company ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reached:
    """A mark of what is played has been sent."""

    at: float
    mark: Mark


@dataclass(frozen=True, slots=True)
class Over:
    """What was played has been sent to its end."""

    at: float


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller pressed a key."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class CallerTalks:
    """The caller's voice was heard."""

    at: float


@dataclass(frozen=True, slots=True)
class CallerQuiet:
    """The caller is quiet again."""

    at: float


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The time asked for with ``Turn.wake_at`` has come."""

    at: float


Input = Reached | Over | Pressed | CallerTalks | CallerQuiet | TimeUp

# --- what the company does ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ring:
    """Answer provisionally: 180, or 183 when sound follows."""

    code: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer the call."""


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Refuse the call."""

    code: int


@dataclass(frozen=True, slots=True)
class Play:
    """Play this from its beginning, instead of whatever is played now."""

    mix: Mix


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Play nothing."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the world."""

    report: Report


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Hang up."""


Wish = Ring | Accept | TurnAway | Play | StopPlaying | Tell | Disconnect


@dataclass(frozen=True, slots=True)
class Turn:
    """Do ``wishes`` in order; wake me at ``wake_at`` (wall clock) unless something happens before; None: do not.

    After the ``last`` one the company is done, and nothing is to be sent to it any more.
    """

    wishes: tuple[Wish, ...]
    wake_at: float | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Which call it is, for the reports. ``uri`` as the caller dialled it."""

    call: str
    uri: str
    from_uri: str = ""
