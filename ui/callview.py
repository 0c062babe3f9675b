"""One call as the window shows it, and how each fact changes that. Pure: no Qt, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import (
    BackOnHold,
    CallEnded,
    CallEvent,
    Caption,
    DigitsPressed,
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
    Piece,
    ProgressTone,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    RecordingChanged,
    Sound,
    SoundHeard,
    Spoken,
    StepEntered,
    Tone,
    UserNeeded,
    VoiceConnected,
    is_unclear,
)
from ui.ribbon import Heard, Mark, Stretch, recast, since

CAPTIONS_KEPT = 400
"""Captions kept for showing; the record keeps them all. About an hour of a talkative queue."""
CAPTIONS_OVER = 100
"""So many more come before the oldest are let go, all at once: letting one go means showing all of them anew."""


class Alarm(StrEnum):
    """Why the user is called for. The order of urgency is the reverse of the order here."""

    PERSON = "person"
    QUESTION = "question"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Line:
    """Words on the line as shown. ``speaker``: "recording", "person", "us" (our voice) or ""."""

    start_s: float
    text: str
    speaker: str
    final: bool
    confidence: float = 1.0

    @property
    def unclear(self) -> bool:
        """Whether the words are a guess."""
        return is_unclear(self.confidence)


JUDGEMENTS_KEPT = 40
"""Suspicions, rings and stand-downs kept for showing; the record keeps them all."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why it rang, or did not: ``what`` is "maybe", "person" or "no"; ``pieces`` all that was weighed."""

    at_s: float
    what: str
    because: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call as shown."""

    id: CallId
    began_at: float
    number: str = ""
    company: str = ""
    intent: str = ""
    mode: Mode = Mode.HOLD_SLAYER
    incoming: bool = False
    line: LineState = LineState.IDLE
    early_media: bool = False
    answered_at: float | None = None
    phase: Phase = Phase.NAVIGATING
    phase_since: float = 0.0
    because: str = ""
    hold_since: float | None = None
    """Wall clock; from the first time on hold until the call ends: what the user calls "the wait"."""
    captions: tuple[Line, ...] = ()
    sounds: tuple[Stretch, ...] = ()
    marks: tuple[Mark, ...] = ()
    sound: Sound | None = None
    tone: Tone | None = None
    options: tuple[tuple[str, str], ...] = ()
    step: str = ""
    position: int | None = None
    wait_min: float | None = None
    queue_news_at: float | None = None
    alarm: Alarm | None = None
    alarm_at: float = 0.0
    alarm_since_s: float = 0.0
    words: str = ""
    """The person's first words, or the question to the user."""
    unclear: bool = False
    """Whether ``words`` are a guess."""
    evidence: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    back_at: float | None = None
    """Wall clock: be back by then, to miss nothing."""
    left_until: float | None = None
    """Wall clock: when the wait will probably be over."""
    estimate_because: str = ""
    warning: str = ""
    """What goes wrong with the wait, newest."""
    hours: str = ""
    """Opening hours as announced."""
    offer: str = ""
    """Put back on hold while talking: why we think so. Empty: no offer to wait."""
    learned_at: float = 0.0
    learned: str = ""
    """What the user last said of a voice, as long as it can be undone."""
    voice: bool = False
    deaf: bool = False
    """The user is on the call, and neither microphone nor speaker could be connected."""
    flow: str = ""
    """Id of the call flow that is (or was) followed."""
    recording: str = ""
    outcome: str = ""
    ended_at: float | None = None
    end_reason: EndReason | None = None
    end_text: str = ""

    @property
    def name(self) -> str:
        """What to call the other side: the company, else the number."""
        return self.company or self.number

    @property
    def live(self) -> bool:
        """Whether the call is still going on."""
        return self.ended_at is None


def reduce_call(call: Call, event: CallEvent) -> Call:
    match event:
        case LineChanged():
            answered = call.answered_at
            if event.state is LineState.CONFIRMED and answered is None:
                answered = event.at
            return replace(call, line=event.state, early_media=event.early_media, answered_at=answered)
        case CallEnded():
            return replace(
                _calm(call),
                line=LineState.ENDED,
                phase=Phase.DONE,
                phase_since=event.at,
                ended_at=event.at,
                end_reason=event.reason,
                end_text=event.text,
                captions=_settled(call.captions),
                voice=False,
                deaf=False,
                recording="",
                sound=None,
                tone=None,
                offer="",
                learned="",
            )
        case PhaseChanged():
            return _phase_changed(call, event)
        case SoundHeard():
            heard = _AS_HEARD[event.sound]
            if heard is Heard.VOICE and call.phase in (Phase.ALERTING, Phase.TALKING):
                heard = Heard.PERSON
            tone = call.tone if event.sound is Sound.TONE else None
            sounds = since(call.sounds, event.since_s, heard)
            return replace(call, sound=event.sound, tone=tone, sounds=sounds)
        case ProgressTone():
            return replace(call, tone=event.tone)
        case Caption():
            return _captioned(call, event)
        case MenuHeard():
            text = ", ".join(f"{key}: {label}" for key, label in event.options)
            return replace(call, options=event.options, marks=_marked(call, event.at, "menu", text))
        case DigitsPressed():
            return replace(
                call, options=(), because=event.because, marks=_marked(call, event.at, "key", event.shown)
            )
        case Spoken():
            at_s = _clock(call, event.at)
            line = Line(at_s, event.text, "us", final=True)
            return replace(
                call,
                captions=_kept((*call.captions, line), CAPTIONS_KEPT),
                marks=_marked(call, event.at, "said", event.text),
                because=event.because,
            )
        case StepEntered():
            return replace(call, step=event.step, flow=event.flow)
        case FlowLeft():
            return replace(call, step="", because=event.because)
        case HoldBegan():
            held_since = call.hold_since if call.hold_since is not None else call.began_at + event.since_s
            return replace(call, hold_since=held_since, because=event.because, options=())
        case QueueNews():
            return replace(
                call,
                position=event.position if event.position is not None else call.position,
                wait_min=event.wait_min if event.wait_min is not None else call.wait_min,
                queue_news_at=event.at,
            )
        case QueueEstimate():
            return replace(
                call,
                back_at=event.at + event.back_in_s,
                left_until=event.at + event.left_s,
                estimate_because=event.because,
            )
        case QueueWarning() | MemoryDamaged():
            return replace(call, warning=event.text)
        case HoursAnnounced():
            return replace(call, hours=event.text)
        case BackOnHold():
            return replace(call, offer=event.because)
        case OfferEnded():
            return replace(call, offer="")
        case Learned():
            return replace(call, learned=event.text, learned_at=event.at)
        case LearningUndone():
            return replace(call, learned="")
        case PersonSuspected():
            call = _judged(call, event.at, "maybe", "; ".join(event.because), event.pieces)
            if call.alarm in (Alarm.PERSON, Alarm.QUESTION):
                return call
            alarm_at = call.alarm_at if call.alarm is Alarm.MAYBE else event.at
            return replace(
                call,
                alarm=Alarm.MAYBE,
                alarm_at=alarm_at,
                words=event.words or call.words,
                unclear=bool(call.captions) and call.captions[-1].unclear,
                evidence=event.because,
            )
        case PersonFound():
            call = _judged(call, event.at, "person", "; ".join(event.because), event.pieces)
            alarm_at = call.alarm_at if call.alarm is Alarm.PERSON else event.at
            return replace(
                call,
                alarm=Alarm.PERSON,
                alarm_at=alarm_at,
                alarm_since_s=event.first_word_s,
                words=event.words,
                unclear=is_unclear(event.confidence),
                evidence=event.because,
                sounds=recast(call.sounds, event.first_word_s, Heard.VOICE, Heard.PERSON),
            )
        case PersonDismissed():
            call = _judged(call, event.at, "no", event.because, event.pieces)
            sounds = call.sounds
            if call.alarm is Alarm.PERSON:
                sounds = recast(sounds, call.alarm_since_s, Heard.PERSON, Heard.VOICE)
            return replace(_calm(call), because=event.because, sounds=sounds)
        case UserNeeded():
            if call.alarm is Alarm.PERSON:
                return call
            return replace(_calm(call), alarm=Alarm.QUESTION, alarm_at=event.at, words=event.question)
        case OutcomeKnown():
            return replace(call, outcome=event.outcome, because=event.because)
        case VoiceConnected():
            on_it = call.mode is Mode.DIRECT or call.phase in (Phase.TALKING, Phase.MANUAL)
            deaf = on_it and not event.connected
            return replace(_calm(call) if event.connected else call, voice=event.connected, deaf=deaf)
        case RecordingChanged():
            return replace(call, recording=event.path)
        case _:
            assert_never(event)


_AS_HEARD = {
    Sound.SILENCE: Heard.SILENCE,
    Sound.TONE: Heard.TONE,
    Sound.MUSIC: Heard.MUSIC,
    Sound.SPEECH: Heard.VOICE,
}

_CALM_PHASES = (Phase.MANUAL, Phase.TALKING, Phase.DONE, Phase.HOLDING, Phase.NAVIGATING)


def _calm(call: Call) -> Call:
    """The call without its alarm."""
    if call.alarm is None:
        return call
    return replace(call, alarm=None, alarm_at=0.0, words="", unclear=False, evidence=())


def _phase_changed(call: Call, event: PhaseChanged) -> Call:
    changed = replace(call, phase=event.new, phase_since=event.at, because=event.because)
    # A question to the user stays until the user acts: the program itself may go on navigating meanwhile.
    answered = event.new in (Phase.MANUAL, Phase.TALKING, Phase.DONE)
    if event.new in _CALM_PHASES and (changed.alarm is not Alarm.QUESTION or answered):
        changed = _calm(changed)
    if changed.deaf and event.new not in (Phase.TALKING, Phase.MANUAL):
        changed = replace(changed, deaf=False)
    if event.new is not Phase.NAVIGATING:
        changed = replace(changed, options=())
    if event.new is Phase.HOLDING and changed.hold_since is None:
        changed = replace(changed, hold_since=event.at)
    return changed


def _captioned(call: Call, event: Caption) -> Call:
    line = Line(event.span.start_s, event.text, event.speaker, event.final, event.confidence)
    captions = list(call.captions)
    for index in range(len(captions) - 1, max(-1, len(captions) - 12), -1):
        old = captions[index]
        if old.speaker != "us" and abs(old.start_s - line.start_s) < _SAME_START_S:
            captions[index] = line if line.speaker else replace(line, speaker=old.speaker)
            break
    else:
        captions = [*_settled(captions), line]
        captions.sort(key=lambda entry: entry.start_s)
    changed = replace(call, captions=_kept(tuple(captions), CAPTIONS_KEPT))
    if event.speaker == "person":
        changed = replace(
            changed,
            sounds=recast(changed.sounds, event.span.start_s, Heard.VOICE, Heard.PERSON, event.span.end_s),
        )
    match changed.alarm:
        case Alarm.PERSON:
            # What the person goes on to say belongs on the pickup window as long as it is one breath.
            since_s = changed.alarm_since_s - _SAME_VOICE_S
            first = next((c for c in captions if c.start_s >= since_s and c.speaker != "us"), None)
            if first is not None and first.start_s == line.start_s:
                changed = replace(changed, words=line.text, unclear=line.unclear)
        case Alarm.MAYBE if len(line.text) > len(changed.words) and line.text.startswith(changed.words[:8]):
            changed = replace(changed, words=line.text, unclear=line.unclear)
        case _:
            pass
    return changed


def _settled(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines once others follow them: words never made final are what was understood, and that was a guess."""
    return tuple(line if line.final else replace(line, final=True, confidence=0.0) for line in lines)


_SAME_VOICE_S = 0.5
"""Words that begin this little before a voice are its own: words are looked for from 0.35 s before the voice on."""
_SAME_START_S = 0.05
"""Starts nearer than this are one utterance: spans are cut on 10 ms frames and rounded."""


def _judged(call: Call, at: float, what: str, because: str, pieces: tuple[Piece, ...]) -> Call:
    one = Judgement(_clock(call, at), what, because, pieces)
    return replace(call, judgements=(*call.judgements, one)[-JUDGEMENTS_KEPT:])


def _kept(items: tuple[Line, ...], count: int) -> tuple[Line, ...]:
    return items if len(items) <= count + CAPTIONS_OVER else items[-count:]


def _clock(call: Call, at: float) -> float:
    """Wall clock to call clock: the tap begins with the dialling."""
    return max(0.0, at - call.began_at)


def _marked(call: Call, at: float, kind: str, text: str) -> tuple[Mark, ...]:
    return (*call.marks, Mark(_clock(call, at), kind, text))
