"""One call's record, and how it grows out of the call's events (no disk in here)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.call import EndReason, LineState, Phase
from engine.deciding import decisions
from engine.events import (
    BackOnHold,
    CallBegan,
    CallEnded,
    Caption,
    DigitsPressed,
    Event,
    FlowLeft,
    HoldBegan,
    HoursAnnounced,
    Learned,
    LearningUndone,
    LineChanged,
    MemoryDamaged,
    MenuHeard,
    OfferEnded,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    PhaseChanged,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    RecordingChanged,
    Spoken,
    StepEntered,
    UserNeeded,
    VoiceConnected,
)

Status = Literal["running", "ended", "interrupted"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Piece(_Kept):
    """Something said, final words only. ``start_s`` and ``end_s`` on the call clock."""

    start_s: float
    end_s: float
    speaker: str
    text: str
    confidence: float = 1.0


class Pressed(_Kept):
    """Digits that went out, as they may be shown (secret ones masked)."""

    at: float
    keys: str
    because: str


class Weighed(_Kept):
    """One piece of evidence: ``weight`` is natural log-odds for a person, ``at_s`` on the call clock."""

    kind: str
    weight: float
    at_s: float
    because: str


class Evidence(_Kept):
    """Why the program believed something at a moment: ``what`` is the kind of belief.

    ``pieces``: of a suspicion, a ring or a stand-down all that was weighed; records of before had none.
    """

    at: float
    what: str
    because: tuple[str, ...]
    pieces: tuple[Weighed, ...] = ()


class QueueMoment(_Kept):
    """Something about the queue: ``what`` is "announced", "estimate", "hours" or one of ``decisions.WARNINGS``."""

    at: float
    what: str
    position: int | None = None
    wait_min: float | None = None
    left_s: float | None = None
    text: str = ""


class CallRecord(_Kept):
    """All that is kept of a call. Times are wall-clock seconds since the epoch, None when it never came to it."""

    id: str
    number: str
    company: str = ""
    intent: str = ""
    mode: str = ""
    incoming: bool = False
    status: Status = "running"
    outcome: str = ""
    """Of a slay: one of ``decisions.OUTCOMES``. Of an everyday call: the value of its ``EndReason``."""
    end_text: str = ""
    flow: str = ""
    phase: str = ""
    started_at: float
    answered_at: float | None = None
    hold_at: float | None = None
    person_at: float | None = None
    picked_up_at: float | None = None
    ended_at: float | None = None
    hold_s: float = 0.0
    queue_position: int | None = None
    wait_min: float | None = None
    transcript: tuple[Piece, ...] = ()
    pressed: tuple[Pressed, ...] = ()
    menus: tuple[tuple[tuple[str, str], ...], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    queue: tuple[QueueMoment, ...] = ()
    recording: str = ""

    def as_interrupted(self) -> CallRecord:
        """The record of a call whose program died: over, nobody knows how."""
        return self.model_copy(
            update={
                "status": "interrupted",
                "outcome": self.outcome or "failed",
                "end_text": "The program ended in the middle of this call.",
            }
        )


class RecordBuilder:
    """Takes the events of one call in order; ``record`` is what is known so far."""

    def __init__(self, record: CallRecord) -> None:
        self._record = record
        self._transcript: list[Piece] = []
        self._pressed: list[Pressed] = []
        self._menus: list[tuple[tuple[str, str], ...]] = []
        self._evidence: list[Evidence] = []
        self._queue: list[QueueMoment] = []
        self._holding_since: float | None = None

    @classmethod
    def begin(cls, event: Event) -> RecordBuilder | None:
        """A builder for the call that ``event`` begins; None when it begins none."""
        if not isinstance(event, CallBegan):
            return None
        return cls(
            CallRecord(
                id=event.call,
                number=event.number,
                company=event.company,
                intent=event.intent,
                mode=event.mode.value,
                incoming=event.incoming,
                started_at=event.at,
            )
        )

    @property
    def record(self) -> CallRecord:
        """The record as it stands."""
        return self._record.model_copy(
            update={
                "transcript": tuple(self._transcript),
                "pressed": tuple(self._pressed),
                "menus": tuple(self._menus),
                "evidence": tuple(self._evidence),
                "queue": tuple(self._queue),
            }
        )

    def take(self, event: Event) -> bool:
        """Take one event in; returns whether it is worth a write to the disk at once."""
        match event:
            case LineChanged(state=LineState.CONFIRMED):
                self._set(answered_at=event.at)
            case PhaseChanged():
                self._phase(event)
            case HoldBegan():
                if self._record.hold_at is None:
                    self._set(hold_at=event.at)
                self._because(event.at, "hold", (event.because,))
            case PersonSuspected():
                self._because(event.at, "maybe", event.because, event.pieces)
                return False
            case PersonFound():
                self._set(person_at=event.at)
                self._because(event.at, "person", event.because, event.pieces)
            case PersonDismissed():
                what = "not_a_person_by_user" if event.by_user else "not_a_person"
                self._because(event.at, what, (event.because,), event.pieces)
                self._set(person_at=None)
            case UserNeeded():
                self._because(event.at, "user_needed", (event.question,))
            case FlowLeft():
                self._because(event.at, "flow_left", (event.because,))
            case VoiceConnected(connected=True):
                if self._record.picked_up_at is None:
                    self._set(picked_up_at=event.at)
            case RecordingChanged():
                if not event.path:
                    return False
                self._set(recording=event.path)
            case DigitsPressed():
                self._pressed.append(Pressed(at=event.at, keys=event.shown, because=event.because))
            case OutcomeKnown():
                self._set(outcome=event.outcome)
                self._because(event.at, f"outcome {event.outcome}", (event.because,))
                return False
            case CallEnded():
                self._end(event)
            case _:
                return self._take_quietly(event)
        return True

    def _take_quietly(self, event: Event) -> bool:
        """What can wait for the next write."""
        match event:
            case Caption(final=True):
                self._words(event.span.start_s, event.span.end_s, event.speaker, event.text, event.confidence)
            case Spoken():
                at_s = max(0.0, event.at - self._record.started_at)
                self._words(at_s, at_s, "us", event.text, 1.0)
            case MenuHeard():
                self._menus.append(event.options)
            case QueueNews():
                known: dict[str, float | None] = {
                    "queue_position": event.position,
                    "wait_min": event.wait_min,
                }
                self._set(**{name: value for name, value in known.items() if value is not None})
                self._queue.append(
                    QueueMoment(
                        at=event.at, what="announced", position=event.position, wait_min=event.wait_min
                    )
                )
            case QueueEstimate():
                self._queue.append(
                    QueueMoment(at=event.at, what="estimate", left_s=event.left_s, text=event.because)
                )
            case QueueWarning():
                self._queue.append(QueueMoment(at=event.at, what=event.kind, text=event.text))
            case HoursAnnounced():
                self._queue.append(QueueMoment(at=event.at, what="hours", text=event.text))
            case BackOnHold() | OfferEnded():
                what = "back_on_hold" if isinstance(event, BackOnHold) else "offer_ended"
                self._because(event.at, what, (event.because,))
            case Learned():
                self._because(event.at, "learned", (event.text,))
            case MemoryDamaged():
                self._because(event.at, "memory_damaged", (event.text,))
            case LearningUndone():
                self._because(event.at, "learning_undone", ())
            case StepEntered():
                self._set(flow=event.flow)
        return False

    def _words(self, start_s: float, end_s: float, speaker: str, text: str, confidence: float) -> None:
        piece = Piece(start_s=start_s, end_s=end_s, speaker=speaker, text=text, confidence=confidence)
        # A final caption may come again with the speaker now known.
        if self._transcript and speaker != "us" and self._transcript[-1].start_s == start_s:
            self._transcript[-1] = piece
        else:
            self._transcript.append(piece)

    def _phase(self, event: PhaseChanged) -> None:
        if event.new is Phase.HOLDING and self._holding_since is None:
            self._holding_since = event.at
        elif event.new not in (Phase.HOLDING, Phase.CONFIRMING):
            self._close_hold(event.at)
        self._set(phase=event.new.value)
        self._because(event.at, f"phase {event.new.value}", (event.because,))

    def _close_hold(self, at: float) -> None:
        if self._holding_since is not None:
            self._set(hold_s=self._record.hold_s + max(0.0, at - self._holding_since))
            self._holding_since = None

    def _end(self, event: CallEnded) -> None:
        self._close_hold(event.at)
        outcome = self._record.outcome
        if not outcome:  # an everyday call, of which the slayer has no opinion
            answered = self._record.answered_at is not None and event.reason is EndReason.COMPLETED
            outcome = EndReason.COMPLETED.value if answered else event.reason.value
        self._set(status="ended", ended_at=event.at, end_text=event.text, outcome=outcome)

    def _because(
        self, at: float, what: str, because: tuple[str, ...], pieces: tuple[decisions.Piece, ...] = ()
    ) -> None:
        weighed = tuple(
            Weighed(kind=piece.kind, weight=round(piece.weight, 3), at_s=piece.at_s, because=piece.because)
            for piece in pieces
        )
        self._evidence.append(Evidence(at=at, what=what, because=because, pieces=weighed))

    def _set(self, **fields: object) -> None:
        self._record = self._record.model_copy(update=fields)
