"""The words of judgement: what is known of a call (``Situation``), and what to do about it (``Action``).

``policy.decide(situation, perception) -> Verdict`` is a pure function: no clock, no model, no line in reach. A
language model is an *effect*: ``Ask`` goes out with a key, and its answer comes back later as an ``Answered``
perception. Every action carries ``because``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.call import Phase
from engine.hearing.perceptions import Perception, Span
from flows.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a menu as understood: press ``digits`` or say ``say`` for ``label``."""

    label: str
    digits: str = ""
    say: str = ""


# --- what comes in besides the ears ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineAnswered:
    """The company picked up (200 OK) at ``at_s`` on the call clock."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an ``Ask``: index of the chosen option, None for "none of these" or when it failed."""

    at_s: float
    key: str
    choice: int | None
    confidence: float
    because: str


@dataclass(frozen=True, slots=True)
class UserSaid:
    """The user corrected us: ``person`` True "that is a person", False "that was a recording"."""

    at_s: float
    person: bool


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The user gave the call back to the program after having talked."""

    at_s: float


@dataclass(frozen=True, slots=True)
class UserTookBack:
    """The user takes the last correction back: it is as if they had not said it."""

    at_s: float


@dataclass(frozen=True, slots=True)
class UserStays:
    """Put back on hold, the user waits on themselves: do not offer it again for this hold."""

    at_s: float


Input = Perception | LineAnswered | Answered | UserSaid | UserTookBack | HandedBack | UserStays


# --- what goes out -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """Send digits now."""

    digits: str
    because: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Speak into the call now."""

    text: str
    because: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Which of ``options`` serves ``intent``? Answered by ``Answered`` with the same ``key``."""

    key: str
    intent: str
    options: tuple[Option, ...]
    heard: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: ``weight`` is log-odds for (positive) or against a live person, at ``at_s``."""

    kind: str
    weight: float
    at_s: float
    because: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """*Maybe* a person: quiet cue. ``pieces``: all the evidence that was weighed."""

    words: str
    since_s: float
    because: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Ring:
    """A person: ring the user. ``since_s``: where the voice began. ``pieces``: all the evidence that was weighed."""

    words: str
    since_s: float
    because: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class StandDown:
    """It was no person, or is none any more: stop cueing or ringing."""

    because: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Change the phase."""

    phase: Phase
    because: str


@dataclass(frozen=True, slots=True)
class NoteMenu:
    """A menu was understood (for the window and the record)."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class NoteQueue:
    """Queue position and/or wait were announced."""

    position: int | None
    wait_min: float | None


@dataclass(frozen=True, slots=True)
class NoteEstimate:
    """How long the wait will probably last from now on, in seconds; ``back_in_s``: be back by then to miss nothing."""

    left_s: float
    back_in_s: float
    because: str


@dataclass(frozen=True, slots=True)
class Warn:
    """The wait goes wrong. ``kind`` is one of WARNINGS; ``text`` a sentence for the user."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class NoteHours:
    """Opening hours were announced; ``text`` says them in short."""

    text: str


@dataclass(frozen=True, slots=True)
class OfferToWait:
    """The user talks, and was put back on hold at ``since_s``: offer to wait for them."""

    since_s: float
    because: str


@dataclass(frozen=True, slots=True)
class OfferOver:
    """Somebody speaks again, or the user decided: the offer is over."""

    because: str


@dataclass(frozen=True, slots=True)
class Teach:
    """The user said who spoke in ``spans``: what is remembered of the company is to have it at once.

    ``sentences``: what was said there, normalised.
    """

    person: bool
    spans: tuple[Span, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The last ``Teach`` is taken back."""

    because: str = "you took it back"


@dataclass(frozen=True, slots=True)
class NoteSpeaker:
    """The words in ``span`` were spoken by "recording" or "person"."""

    span: Span
    speaker: str


@dataclass(frozen=True, slots=True)
class EnterStep:
    """The flow's cursor moved."""

    step: str


@dataclass(frozen=True, slots=True)
class LeaveFlow:
    """The flow does not fit: explore from here."""

    because: str


@dataclass(frozen=True, slots=True)
class NeedUser:
    """The program cannot go on alone."""

    question: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Hang up: this attempt is over (voicemail, closed, not in service...). ``outcome`` is one of OUTCOMES."""

    outcome: str
    because: str


Action = (
    Press
    | Say
    | Ask
    | Suspect
    | Ring
    | StandDown
    | Move
    | NoteMenu
    | NoteQueue
    | NoteEstimate
    | NoteHours
    | Warn
    | OfferToWait
    | OfferOver
    | Teach
    | TakeBack
    | NoteSpeaker
    | EnterStep
    | LeaveFlow
    | NeedUser
    | Finish
)

WARNINGS = ("position_up", "wait_up", "closing")
"""What can go wrong with a wait: the position or the wait went up, or the company is about to close."""

OUTCOMES = (
    "human",
    "busy",
    "not_in_service",
    "voicemail",
    "closed",
    "dropped",
    "no_answer",
    "unreachable",
    "callback_offered",
    "failed",
    "given_up",
)
"""How a slay can end, as the summary and the record say it."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known of a call, for ``decide``. Immutable: a verdict carries the next one.

    ``memory`` is the policy's own frozen state (what was said, what was pressed, the evidence being gathered);
    nobody else looks inside.
    """

    intent: str
    phase: Phase = Phase.NAVIGATING
    cursor: Cursor | None = None
    company: str = ""
    acting: bool = True  # False: only listen (a recording, or the user drives): no Press, Say, Ask
    memory: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``decide`` says: the next situation and what to do, in order."""

    situation: Situation
    actions: tuple[Action, ...] = ()
