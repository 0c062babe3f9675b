"""What happens in a call, as lines: JSON for programs, a timeline for people. Pure.

    Event --------------------- of_event --+
    Perception -- heard.of_heard ----------+--> Line --as_json / as_text--> one line of output
    Action ------ heard.of_judged ---------+

The vocabulary is ``vocabulary.NAMES``. Every JSON line has ``t`` (seconds: of audio consumed for ``listen``, since
dialling for ``slay`` and ``practice``) and ``event``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from app.vocabulary import NAMES as NAMES
from app.vocabulary import Line as Line
from engine.call import LineState, Phase
from engine.events import (
    AccountState,
    AudioState,
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
    LineProcess,
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
    RecogniserState,
    RecordingChanged,
    SoundHeard,
    Spoken,
    StepEntered,
    UserNeeded,
    VoiceConnected,
    is_unclear,
)
from engine.hearing.perceptions import Sound, Span


def as_json(t: float, line: Line) -> str:
    """One JSON object, ``t`` and ``event`` first; times in seconds with milliseconds."""
    tidy = {name: _tidy(value) for name, value in line.fields.items()}
    return json.dumps({"t": round(t, 3), "event": line.event, **tidy}, ensure_ascii=False)


def as_text(t: float, line: Line) -> str:
    """One line of a timeline: ``  1:02.3  maybe a person``; empty when there is nothing to tell a person."""
    if not line.text:
        return ""
    tenths = max(0, round(t * 10))
    clock = f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
    return f"{clock:>8}  {line.text}"


def _tidy(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


# --- a call -------------------------------------------------------------------------------------------------------


def of_event(event: Event) -> Line:
    """The line of a fact."""
    match event:
        case CallBegan():
            fields = {
                "call": event.call,
                "number": event.number,
                "company": event.company,
                "intent": event.intent,
                "mode": event.mode.value,
                "at": event.at,
            }
            what_for = f" for “{event.intent}”" if event.intent else ""
            return Line("call", f"calling {event.company or event.number}{what_for}", fields)
        case LineChanged():
            return _line(event)
        case CallEnded():
            ending = {
                "reason": event.reason.value,
                "text": event.text,
                "by_us": event.by_us,
                "sip_code": event.sip_code,
                "at": event.at,
            }
            return Line("ended", f"the call is over. {event.text}".rstrip(), ending)
        case OutcomeKnown():
            return outcome_line(event.outcome, event.because)
        case PhaseChanged():
            return phase_line(event.new, event.because)
        case HoldBegan():
            return Line(
                "hold",
                f"on hold ({event.because})",
                {"since_s": event.since_s, "because": event.because, "at": event.at},
            )
        case SoundHeard():
            line = sound_line(event.sound, event.since_s)
            # Pauses tell a person nothing.
            return replace(line, text="") if event.sound is Sound.SILENCE else line
        case ProgressTone():
            return tone_line(event.tone.value, event.span, "")
        case Caption():
            return _caption(event)
        case MenuHeard():
            return menu_line(event.options)
        case QueueNews():
            return queue_line(event.position, event.wait_min)
        case QueueEstimate():
            return estimate_line(event.left_s, event.back_in_s, event.because)
        case QueueWarning():
            return warning_line(event.kind, event.text)
        case HoursAnnounced():
            return hours_line(event.text)
        case BackOnHold():
            return back_on_hold_line(event.since_s, event.because)
        case OfferEnded():
            return Line("offer_ended", "", {"because": event.because})
        case Learned():
            return Line("learned", event.text, {"person": event.person, "text": event.text})
        case MemoryDamaged():
            return Line("memory_damaged", event.text, {"text": event.text})
        case LearningUndone():
            return Line("learning_undone", "what you said of that voice is taken back")
        case PersonSuspected():
            return maybe_line(event.words, event.because, event.at, event.pieces)
        case PersonFound():
            unclear = is_unclear(event.confidence)
            return human_line(event.words, event.first_word_s, event.because, event.at, unclear, event.pieces)
        case PersonDismissed():
            line = stand_down_line(event.because, event.pieces)
            return replace(line, fields={**line.fields, "by_user": event.by_user, "at": event.at})
        case UserNeeded():
            return Line("need_user", f"you are needed: {event.question}", {"question": event.question})
        case DigitsPressed():
            return Line(
                "pressed",
                f"pressed {event.shown} ({event.because})",
                {"keys": event.shown, "because": event.because},
            )
        case Spoken():
            return Line("said", f"said “{event.text}”", {"text": event.text, "because": event.because})
        case StepEntered():
            return Line("step", "", {"flow": event.flow, "step": event.step})
        case FlowLeft():
            return Line(
                "flow_left",
                f"left the call flow: {event.because}",
                {"flow": event.flow, "because": event.because},
            )
        case (
            VoiceConnected()
            | RecordingChanged()
            | LineProcess()
            | AccountState()
            | AudioState()
            | RecogniserState()
        ):
            return _surroundings(event)
        case _:
            assert_never(event)


_LINE_WORDS = {
    LineState.IDLE: "",
    LineState.DIALING: "",
    LineState.EARLY: "it rings",
    LineState.CONFIRMED: "answered",
    LineState.ENDED: "",
}


def _line(event: LineChanged) -> Line:
    fields = {"state": event.state.value, "early_media": event.early_media, "at": event.at}
    return Line("line", _LINE_WORDS[event.state], fields)


def _caption(event: Caption) -> Line:
    fields = {
        "text": event.text,
        "start_s": event.span.start_s,
        "end_s": event.span.end_s,
        "confidence": event.confidence,
    }
    if not event.final:
        return Line("hearing", "", fields)
    # A final caption comes again once it is clear who spoke; then only that is news.
    match event.speaker:
        case "recording":
            return Line("recording", "", fields)
        case "person":
            return Line("person", "", fields)
    return Line("words", heard_words(event.text, event.confidence), {**fields, "speaker": event.speaker})


def _surroundings(
    event: VoiceConnected | RecordingChanged | LineProcess | AccountState | AudioState | RecogniserState,
) -> Line:
    match event:
        case VoiceConnected():
            said = "your voice is connected" if event.connected else ""
            return Line("voice", said, {"connected": event.connected})
        case RecordingChanged():
            return Line("recorder", f"recording to {event.path}" if event.path else "", {"path": event.path})
        case LineProcess():
            said = "" if event.up else f"the line was lost: {event.because}"
            return Line("line_process", said, {"line": event.line, "up": event.up, "because": event.because})
        case AccountState():
            fields = {"account": event.account, "registered": event.registered, "text": event.text}
            return Line("account", f"account {event.account}: {event.text}", fields)
        case AudioState():
            fields = {
                "microphone": event.microphone,
                "speaker": event.speaker,
                "ringer": event.ringer,
                "text": event.text,
            }
            return Line("audio", event.text, fields)
        case RecogniserState():
            fields = {"recogniser": event.recogniser, "ready": event.ready, "text": event.text}
            return Line("recogniser", event.text, fields)
        case _:
            assert_never(event)


def heard_words(text: str, confidence: float) -> str:
    """What was said, in words for a person; a guess is owned to be one."""
    return f"heard something unclear, perhaps “{text}”" if is_unclear(confidence) else f"heard “{text}”"


# --- what both have in common --------------------------------------------------------------------------------------


def span_fields(span: Span) -> dict[str, object]:
    """A stretch of the call as fields."""
    return {"start_s": span.start_s, "end_s": span.end_s}


def sound_line(sound: Sound, since_s: float) -> Line:
    """A sound class that began."""
    match sound:
        case Sound.SILENCE:
            return Line("silence", "silence", {"since_s": since_s})
        case Sound.MUSIC:
            return Line("hold_music", "music", {"since_s": since_s})
        case Sound.SPEECH:
            return Line("speech", "a voice", {"since_s": since_s})
        case Sound.TONE:
            return Line("tone", "", {"tone": "", "since_s": since_s})
        case _:
            assert_never(sound)


def tone_line(tone: str, span: Span, digit: str) -> Line:
    """A tone that was recognised."""
    fields: dict[str, object] = {"tone": tone, **span_fields(span)}
    if digit:
        fields["digit"] = digit
    return Line("tone", f"tone: {tone}{' ' + digit if digit else ''}", fields)


def menu_line(options: tuple[tuple[str, str], ...]) -> Line:
    """A menu: pairs of key (or words to say) and label."""
    shown = ", ".join(f"{key} = {label}" for key, label in options)
    return Line(
        "menu", f"menu: {shown}", {"options": [{"key": key, "label": label} for key, label in options]}
    )


def queue_line(position: int | None, wait_min: float | None) -> Line:
    """What was announced of the queue."""
    said = [f"number {position} in the queue"] if position is not None else []
    said += [f"about {wait_min:g} min to wait"] if wait_min is not None else []
    return Line("queue", ", ".join(said), {"position": position, "wait_min": wait_min})


def phase_line(phase: Phase, because: str) -> Line:
    """A change of belief."""
    return Line("phase", "", {"phase": phase.value, "because": because})


def outcome_words(outcome: str) -> str:
    """An outcome for a person: "not in service"."""
    return {"human": "a person was reached"}.get(outcome, outcome.replace("_", " "))


def outcome_line(outcome: str, because: str) -> Line:
    """How the attempt ends."""
    why = f" ({because})" if because and outcome != "human" else ""
    return Line("outcome", f"{outcome_words(outcome)}{why}", {"outcome": outcome, "because": because})


def estimate_line(left_s: float, back_in_s: float, because: str) -> Line:
    """How long the wait will probably last."""
    left, back = round(left_s / 60), int(back_in_s // 60)
    said = f"about {left} min left" if left else "less than a minute left"
    said += f"; be back in {back} min" if back else "; stay near"
    return Line(
        "estimate",
        f"{said} ({because})",
        {"left_s": round(left_s, 1), "back_in_s": round(back_in_s, 1), "because": because},
    )


def warning_line(kind: str, text: str) -> Line:
    """The wait goes wrong."""
    return Line("queue_warning", f"warning: {text}", {"kind": kind, "text": text})


def hours_line(text: str) -> Line:
    """Announced opening hours."""
    return Line("hours", f"opening hours: {text}", {"text": text})


def back_on_hold_line(since_s: float, because: str) -> Line:
    """Put back on hold while the user talks."""
    return Line("back_on_hold", f"you are back on hold ({because})", {"since_s": since_s, "because": because})


def evidence_fields(pieces: Sequence[Piece]) -> list[dict[str, object]]:
    """All that was weighed, in the order it was."""
    return [
        {
            "kind": piece.kind,
            "weight": round(piece.weight, 3),
            "at_s": round(piece.at_s, 3),
            "because": piece.because,
        }
        for piece in pieces
    ]


def stand_down_line(because: str, pieces: Sequence[Piece] = ()) -> Line:
    """It was no person."""
    fields = {"because": because, "evidence": evidence_fields(pieces)}
    return Line("stand_down", f"no person: {because}", fields)


def maybe_line(
    words: str, because: tuple[str, ...], at: float | None = None, pieces: Sequence[Piece] = ()
) -> Line:
    """The quiet cue."""
    fields: dict[str, object] = {
        "words": words,
        "because": list(because),
        "evidence": evidence_fields(pieces),
    }
    return Line(
        "maybe_human", f"maybe a person{_reasons(because)}", fields if at is None else {**fields, "at": at}
    )


def human_line(
    words: str,
    since_s: float,
    because: tuple[str, ...],
    at: float | None = None,
    unclear: bool = False,
    pieces: Sequence[Piece] = (),
) -> Line:
    """The ring."""
    fields: dict[str, object] = {
        "words": words,
        "since_s": since_s,
        "because": list(because),
        "evidence": evidence_fields(pieces),
    }
    said = f", hard to make out, perhaps “{words}”" if unclear else f": “{words}”"
    text = f"A PERSON{said if words else ''}{_reasons(because)}"
    return Line("human", text, fields if at is None else {**fields, "at": at})


def _reasons(because: tuple[str, ...]) -> str:
    return f" ({'; '.join(because)})" if because else ""
