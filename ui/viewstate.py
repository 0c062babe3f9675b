"""What the window shows, as immutable data: ``reduce(state, event) -> state``. No Qt in here, and no clock.

    bus --event--> reduce --> WindowState --> (bridge, coalesced) --> widgets, tray, notifications

Everything a widget paints is found in the state; a widget that remembers facts of its own is a fault. Sentences that
depend on the time of day ("3 min") are made from the state and a given ``now`` in ``ui.sentences``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import (
    AccountState,
    AudioState,
    CallBegan,
    CallEnded,
    Caption,
    DigitsPressed,
    Event,
    FlowLeft,
    HoldBegan,
    LineChanged,
    LineProcess,
    MenuHeard,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    PhaseChanged,
    ProgressTone,
    QueueNews,
    RecogniserState,
    RecordingChanged,
    Sound,
    SoundHeard,
    Spoken,
    StepEntered,
    Tone,
    UserNeeded,
    VoiceConnected,
)

CAPTIONS_KEPT = 400
"""Captions kept for showing; the record keeps them all. About an hour of a talkative queue."""
SOUNDS_KEPT = 4000
"""Stretches kept for the ribbon; a two-hour hold has about 2,000 changes of sound."""


class Alarm(StrEnum):
    """Why the user is called for. The order of urgency is the reverse of the order here."""

    PERSON = "person"
    QUESTION = "question"
    MAYBE = "maybe"


class Heard(StrEnum):
    """What a stretch of the ribbon was."""

    SILENCE = "silence"
    TONE = "tone"
    MUSIC = "music"
    VOICE = "voice"  # a recording, as far as we know
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The line sounded like ``heard`` from ``start_s`` (call clock) until the next stretch begins."""

    start_s: float
    heard: Heard


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a mark on the ribbon: ``kind`` is "key", "said", "menu" or "repeat"."""

    at_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """Words on the line as shown. ``speaker``: "recording", "person", "us" (our voice) or ""."""

    start_s: float
    text: str
    speaker: str
    final: bool
    confidence: float = 1.0


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
    evidence: tuple[str, ...] = ()
    voice: bool = False
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


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk account as shown."""

    account: str
    registered: bool
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user that is about no single field; ``number`` grows, so the same words can come twice."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class WindowState:
    """All the window shows."""

    calls: tuple[Call, ...] = ()
    """In the order they began."""
    lines_down: tuple[tuple[str, str], ...] = ()
    """Line processes that are lost: name and why."""
    trunks: tuple[Trunk, ...] = ()
    audio: AudioState | None = None
    recogniser: RecogniserState | None = None
    starting: bool = True
    notice: Notice | None = None

    def call(self, call: CallId) -> Call | None:
        """The call of that id, if it is shown."""
        return next((c for c in self.calls if c.id == call), None)

    @property
    def live(self) -> tuple[Call, ...]:
        """Calls that are still going on."""
        return tuple(c for c in self.calls if c.live)

    @property
    def alarm(self) -> Call | None:
        """The call that needs the user most: the surest alarm, then the one that has waited longest."""
        ranks = {kind: rank for rank, kind in enumerate(Alarm)}
        alarmed = [c for c in self.calls if c.alarm is not None]
        return min(alarmed, key=lambda c: (ranks[c.alarm], c.alarm_at), default=None)  # type: ignore[index]


def reduce(state: WindowState, event: Event) -> WindowState:
    """The state after ``event``. Events of calls the window does not know change nothing."""
    match event:
        case CallBegan():
            call = Call(
                id=event.call,
                began_at=event.at,
                number=event.number,
                company=event.company,
                intent=event.intent,
                mode=event.mode,
                incoming=event.incoming,
                phase=Phase.NAVIGATING if event.mode is Mode.HOLD_SLAYER else Phase.MANUAL,
                phase_since=event.at,
            )
            others = tuple(c for c in state.calls if c.id != event.call)
            return replace(state, calls=(*others, call))
        case LineProcess():
            down = tuple(entry for entry in state.lines_down if entry[0] != event.line)
            if not event.up:
                down = (*down, (event.line, event.because))
            return replace(state, lines_down=down)
        case AccountState():
            trunk = Trunk(event.account, event.registered, event.text)
            if any(t.account == event.account for t in state.trunks):
                trunks = tuple(trunk if t.account == event.account else t for t in state.trunks)
            else:
                trunks = (*state.trunks, trunk)
            return replace(state, trunks=trunks)
        case AudioState():
            return replace(state, audio=event)
        case RecogniserState():
            return replace(state, recogniser=event)
        case _:
            known = state.call(event.call)
            if known is None:
                return state
            changed = _reduce_call(known, event)
            if changed is known:
                return state
            return _with(state, changed)


def _with(state: WindowState, call: Call) -> WindowState:
    return replace(state, calls=tuple(call if c.id == call.id else c for c in state.calls))


CallEvent = (
    LineChanged
    | CallEnded
    | PhaseChanged
    | SoundHeard
    | ProgressTone
    | Caption
    | MenuHeard
    | DigitsPressed
    | Spoken
    | StepEntered
    | FlowLeft
    | HoldBegan
    | QueueNews
    | PersonSuspected
    | PersonFound
    | PersonDismissed
    | UserNeeded
    | OutcomeKnown
    | VoiceConnected
    | RecordingChanged
)


def _reduce_call(call: Call, event: CallEvent) -> Call:
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
                voice=False,
                recording="",
                sound=None,
                tone=None,
            )
        case PhaseChanged():
            return _phase_changed(call, event)
        case SoundHeard():
            heard = _AS_HEARD[event.sound]
            if heard is Heard.VOICE and call.phase in (Phase.ALERTING, Phase.TALKING):
                heard = Heard.PERSON
            tone = call.tone if event.sound is Sound.TONE else None
            sounds = _from(call.sounds, event.since_s, heard)
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
            return replace(call, step=event.step)
        case FlowLeft():
            return replace(call, step="", because=event.because)
        case HoldBegan():
            since = call.hold_since if call.hold_since is not None else call.began_at + event.since_s
            return replace(call, hold_since=since, because=event.because, options=())
        case QueueNews():
            return replace(
                call,
                position=event.position if event.position is not None else call.position,
                wait_min=event.wait_min if event.wait_min is not None else call.wait_min,
                queue_news_at=event.at,
            )
        case PersonSuspected():
            if call.alarm in (Alarm.PERSON, Alarm.QUESTION):
                return call
            since = call.alarm_at if call.alarm is Alarm.MAYBE else event.at
            return replace(
                call,
                alarm=Alarm.MAYBE,
                alarm_at=since,
                words=event.words or call.words,
                evidence=event.because,
            )
        case PersonFound():
            since = call.alarm_at if call.alarm is Alarm.PERSON else event.at
            return replace(
                call,
                alarm=Alarm.PERSON,
                alarm_at=since,
                alarm_since_s=event.first_word_s,
                words=event.words or call.words,
                evidence=event.because,
                sounds=_recast(call.sounds, event.first_word_s, Heard.VOICE, Heard.PERSON),
            )
        case PersonDismissed():
            sounds = call.sounds
            if call.alarm is Alarm.PERSON:
                sounds = _recast(sounds, call.alarm_since_s, Heard.PERSON, Heard.VOICE)
            return replace(_calm(call), because=event.because, sounds=sounds)
        case UserNeeded():
            if call.alarm is Alarm.PERSON:
                return call
            return replace(call, alarm=Alarm.QUESTION, alarm_at=event.at, words=event.question, evidence=())
        case OutcomeKnown():
            return replace(call, outcome=event.outcome, because=event.because)
        case VoiceConnected():
            return replace(_calm(call) if event.connected else call, voice=event.connected)
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
    return replace(call, alarm=None, alarm_at=0.0, words="", evidence=())


def _phase_changed(call: Call, event: PhaseChanged) -> Call:
    changed = replace(call, phase=event.new, phase_since=event.at, because=event.because)
    # A question to the user stays until the user acts: the program itself may go on navigating meanwhile.
    answered = event.new in (Phase.MANUAL, Phase.TALKING, Phase.DONE)
    if event.new in _CALM_PHASES and (changed.alarm is not Alarm.QUESTION or answered):
        changed = _calm(changed)
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
        captions.append(line)
        captions.sort(key=lambda entry: entry.start_s)
    changed = replace(call, captions=_kept(tuple(captions), CAPTIONS_KEPT))
    if event.speaker == "person":
        changed = replace(
            changed,
            sounds=_recast(changed.sounds, event.span.start_s, Heard.VOICE, Heard.PERSON, event.span.end_s),
        )
    if changed.alarm in (Alarm.PERSON, Alarm.MAYBE) and line.start_s >= changed.alarm_since_s - _SAME_START_S:
        # What the person goes on to say belongs on the pickup window as long as it is one breath.
        longer = len(line.text) > len(changed.words) and line.text.startswith(changed.words[:8])
        if longer:
            changed = replace(changed, words=line.text)
    return changed


_SAME_START_S = 0.05
"""Starts nearer than this are one utterance: spans are cut on 10 ms frames and rounded."""


def _kept(items: tuple[Line, ...], count: int) -> tuple[Line, ...]:
    return items if len(items) <= count else items[-count:]


def _clock(call: Call, at: float) -> float:
    """Wall clock to call clock: the tap begins with the dialling."""
    return max(0.0, at - call.began_at)


def _marked(call: Call, at: float, kind: str, text: str) -> tuple[Mark, ...]:
    return (*call.marks, Mark(_clock(call, at), kind, text))


def _from(sounds: tuple[Stretch, ...], start_s: float, heard: Heard) -> tuple[Stretch, ...]:
    """``sounds`` with everything from ``start_s`` on replaced by ``heard``."""
    before = tuple(s for s in sounds if s.start_s < start_s)
    if before and before[-1].heard is heard:
        return before
    return (*before, Stretch(start_s, heard))[-SOUNDS_KEPT:]


def _recast(
    sounds: tuple[Stretch, ...], start_s: float, old: Heard, new: Heard, end_s: float = float("inf")
) -> tuple[Stretch, ...]:
    """``sounds`` with what was ``old`` between ``start_s`` and ``end_s`` shown as ``new``."""
    cut: list[Stretch] = []
    for index, stretch in enumerate(sounds):
        until = sounds[index + 1].start_s if index + 1 < len(sounds) else float("inf")
        overlap_start, overlap_end = max(stretch.start_s, start_s), min(until, end_s)
        if stretch.heard is not old or overlap_start >= overlap_end:
            cut.append(stretch)
            continue
        if stretch.start_s < overlap_start:
            cut.append(stretch)
        cut.append(Stretch(overlap_start, new))
        if overlap_end < until:
            cut.append(Stretch(overlap_end, old))
    joined: list[Stretch] = []
    for stretch in cut:
        if not joined or joined[-1].heard is not stretch.heard:
            joined.append(stretch)
    return tuple(joined)


# --- what the window itself changes --------------------------------------------------------------------------------


def noticed(state: WindowState, text: str) -> WindowState:
    """Show ``text`` across the top of the window until the user closes it; empty: close it."""
    number = state.notice.number + 1 if state.notice else 1
    return replace(state, notice=Notice(text, number) if text else None)


def forgotten(state: WindowState, call: CallId) -> WindowState:
    """No longer show an ended call. A live one stays."""
    return replace(state, calls=tuple(c for c in state.calls if c.id != call or c.live))


def started(state: WindowState) -> WindowState:
    """The engine is up."""
    return replace(state, starting=False)
