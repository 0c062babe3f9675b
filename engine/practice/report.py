"""What the practice company did, with times: the ground truth that a test, a bench or an editor compares with.

Every report says when (``at``: wall clock, seconds since the epoch, as the company's own sound card would have it: the
moment the sample was sent), in which call (``call``: the company's own id of it; ``uri``: as the caller dialled it) and
at which company. They come in order of time within a call.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """Something the company did or received."""

    at: float
    call: str
    company: str
    uri: str


@dataclass(frozen=True, slots=True)
class CallArrived(Report):
    """Somebody calls."""

    from_uri: str


@dataclass(frozen=True, slots=True)
class Ringing(Report):
    """180 was sent, or 183 with ``early_media``."""

    early_media: bool


@dataclass(frozen=True, slots=True)
class RefusedCall(Report):
    """The call was turned away with a SIP code."""

    code: int


@dataclass(frozen=True, slots=True)
class AnsweredCall(Report):
    """200 was sent."""


@dataclass(frozen=True, slots=True)
class PromptPlayed(Report):
    """A prompt began. ``text``: its words; ``length_s`` if nothing interrupts it."""

    step: str
    text: str
    length_s: float


@dataclass(frozen=True, slots=True)
class PromptInterrupted(Report):
    """A key stopped a prompt."""

    step: str


@dataclass(frozen=True, slots=True)
class KeyReceived(Report):
    """The caller pressed a key, of whatever use."""

    step: str
    key: str


@dataclass(frozen=True, slots=True)
class MenuTaken(Report):
    """A key chose an option (of a menu, or a way out of the queue)."""

    step: str
    key: str
    next: str


@dataclass(frozen=True, slots=True)
class KeyInvalid(Report):
    """A key that the menu does not know, or too few digits."""

    step: str
    key: str


@dataclass(frozen=True, slots=True)
class NoInput(Report):
    """The caller was asked and pressed nothing in time."""

    step: str


@dataclass(frozen=True, slots=True)
class DigitsCollected(Report):
    """The caller entered digits."""

    step: str
    digits: str


@dataclass(frozen=True, slots=True)
class HoldStarted(Report):
    """The caller waits from now on. ``music``: clip id, empty for silence; ``length_s`` if nothing ends it sooner."""

    step: str
    music: str
    length_s: float


@dataclass(frozen=True, slots=True)
class AnnouncementPlayed(Report):
    """Something was said on hold. ``music``: over, ducked, stopped; ``times``: the how manieth time."""

    step: str
    text: str
    length_s: float
    music: str
    times: int


@dataclass(frozen=True, slots=True)
class StayAsked(Report):
    """The caller has to press ``key`` before ``until`` (wall clock) or is dropped."""

    step: str
    key: str
    until: float


@dataclass(frozen=True, slots=True)
class Stayed(Report):
    """The caller pressed the key asked for."""

    step: str


@dataclass(frozen=True, slots=True)
class HoldEnded(Report):
    """The wait is over; ``next`` is the step that follows."""

    step: str
    next: str


@dataclass(frozen=True, slots=True)
class Transferred(Report):
    """The call is being put through."""

    step: str


@dataclass(frozen=True, slots=True)
class PersonSpoke(Report):
    """A live person begins to speak. ``first_word_at`` (equal to ``at``): wall clock of its first sample.

    ``turn`` counts from 1: the greeting.
    """

    step: str
    speaker: str
    text: str
    turn: int

    @property
    def first_word_at(self) -> float:
        """When the first word was sent."""
        return self.at


@dataclass(frozen=True, slots=True)
class CallerSpoke(Report):
    """The person hears the caller's voice."""

    step: str


@dataclass(frozen=True, slots=True)
class BeepPlayed(Report):
    """The beep of a voice mail: recording begins."""

    step: str


@dataclass(frozen=True, slots=True)
class HungUp(Report):
    """The call is over. ``by_company``: we ended it; else the caller, or the line was lost."""

    by_company: bool
    because: str
