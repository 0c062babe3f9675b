"""What the ears hear and what is judged of it, as lines (``timeline``), for sound that is no call. Pure."""

from __future__ import annotations

from typing import assert_never

from app.timeline import (
    Line,
    back_on_hold_line,
    estimate_line,
    heard_words,
    hours_line,
    human_line,
    maybe_line,
    menu_line,
    outcome_line,
    phase_line,
    queue_line,
    sound_line,
    span_fields,
    stand_down_line,
    tone_line,
    warning_line,
)
from engine.call import Phase
from engine.deciding.decisions import (
    Action,
    Ask,
    EnterStep,
    Finish,
    LeaveFlow,
    Move,
    NeedUser,
    NoteEstimate,
    NoteHours,
    NoteMenu,
    NoteQueue,
    NoteSpeaker,
    OfferOver,
    OfferToWait,
    Press,
    Ring,
    Say,
    StandDown,
    Suspect,
    TakeBack,
    Teach,
    Warn,
)
from engine.hearing.perceptions import (
    Heard,
    Perception,
    SoundBegan,
    SpeechBegan,
    SpeechEnded,
    Tick,
    ToneHeard,
    Unheard,
    Voiced,
)


def of_heard(perception: Perception) -> Line | None:
    """The line of a perception; None for what only serves judgement."""
    match perception:
        case SoundBegan():
            return sound_line(perception.sound, perception.since_s)
        case ToneHeard():
            return tone_line(perception.tone.value, perception.span, perception.digit)
        case SpeechEnded():
            return Line("speech_ended", "", span_fields(perception.span))
        case Heard():
            name = "words" if perception.final else "hearing"
            text = heard_words(perception.text, perception.confidence) if perception.final else ""
            fields = {
                "text": perception.text,
                **span_fields(perception.span),
                "confidence": perception.confidence,
            }
            return Line(name, text, fields)
        case Unheard():
            return Line("unheard", "", {**span_fields(perception.span), "reason": perception.reason})
        case SpeechBegan() | Voiced() | Tick():
            return None
        case _:
            assert_never(perception)


def of_judged(action: Action) -> Line | None:
    """The line of an action; None for what is done and not believed."""
    match action:
        case Ring():
            return human_line(action.words, action.since_s, action.because, pieces=action.pieces)
        case Suspect():
            return maybe_line(action.words, action.because, pieces=action.pieces)
        case StandDown():
            return stand_down_line(action.because, action.pieces)
        case NoteMenu():
            return menu_line(tuple((option.digits or option.say, option.label) for option in action.options))
        case NoteQueue():
            return queue_line(action.position, action.wait_min)
        case NoteEstimate():
            return estimate_line(action.left_s, action.back_in_s, action.because)
        case Warn():
            return warning_line(action.kind, action.text)
        case NoteHours():
            return hours_line(action.text)
        case OfferToWait():
            return back_on_hold_line(action.since_s, action.because)
        case NoteSpeaker():
            if action.speaker not in ("recording", "person"):
                return None
            said = "that was a recording" if action.speaker == "recording" else "that was a person"
            return Line(action.speaker, said, span_fields(action.span))
        case Move():
            if action.phase is Phase.HOLDING:
                return Line("hold", f"on hold ({action.because})", {"because": action.because})
            return phase_line(action.phase, action.because)
        case NeedUser():
            return Line("need_user", action.question, {"question": action.question})
        case Finish():
            return outcome_line(action.outcome, action.because)
        case LeaveFlow():
            return Line("flow_left", "", {"because": action.because})
        case Press() | Say() | Ask() | EnterStep() | OfferOver() | Teach() | TakeBack():
            return None
        case _:
            assert_never(action)
