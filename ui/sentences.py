"""The state of a call in words a person understands at a glance. Pure: state and ``now`` in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.call import EndReason, LineState, Mode, Phase
from engine.events import Tone
from ui.callview import Alarm, Call
from ui.viewstate import WindowState


class Face(StrEnum):
    """How a call (or the whole program, in the tray) looks. Each value has an icon ``state-<value>.svg``."""

    IDLE = "idle"
    NAVIGATING = "navigating"
    HOLDING = "holding"
    MAYBE = "maybe"
    RINGING = "ringing"
    TALKING = "talking"
    TROUBLE = "trouble"


NO_BREAK = "\u00a0"  # the no-break space


def duration(seconds: float) -> str:
    """As in "45 s", "3 min", "1 h 05 min", with spaces that no line breaks at."""
    whole = max(0, int(seconds))
    if whole < 60:
        words = f"{whole} s"
    elif whole < 3600:
        words = f"{whole // 60} min"
    else:
        words = f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return words.replace(" ", NO_BREAK)


def clock(seconds: float) -> str:
    """ "0:07", "12:34", "1:02:03"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def ordinal(number: int) -> str:
    """ "1st", "2nd", "11th"."""
    if 10 <= number % 100 <= 20:
        suffix = "th"
    else:
        suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


_ENDED = {
    EndReason.COMPLETED: "The call with {name} is over",
    EndReason.CANCELLED: "Call to {name} cancelled",
    EndReason.BUSY: "{name} is busy",
    EndReason.DECLINED: "{name} declined the call",
    EndReason.NO_ANSWER: "{name} does not answer",
    EndReason.WRONG_PASSWORD: "The trunk does not accept your password",
    EndReason.NOT_IN_SERVICE: "This number is not in service",
    EndReason.TRUNK_UNREACHABLE: "Your telephone service cannot be reached",
    EndReason.NO_ROUTE: "Your telephone service found no way to {name}",
    EndReason.NO_COMMON_CODEC: "{name} and this program share no sound format",
    EndReason.CERTIFICATE: "The certificate of your telephone service is not trusted",
    EndReason.BAD_NUMBER: "This number cannot be dialled",
    EndReason.LINE_LOST: "The line was lost",
    EndReason.DROPPED: "{name} hung up",
    EndReason.FAILED: "The call to {name} failed",
}

_OUTCOMES = {
    "voicemail": "{name} sent you to voicemail",
    "closed": "{name} is closed",
    "not_in_service": "This number is not in service",
    "callback_offered": "{name} offered to call you back",
    "busy": "{name} is busy",
}


def phase_sentence(call: Call, now: float) -> str:
    """What is going on in this call, in one short sentence."""
    name = call.name or "the call"
    if not call.live:
        known = _OUTCOMES.get(call.outcome) or _ENDED[call.end_reason or EndReason.FAILED]
        return _upper(known.format(name=name))
    match call.alarm:
        case Alarm.PERSON:
            return "A person is speaking!"
        case Alarm.QUESTION:
            return "Your help is needed"
        case Alarm.MAYBE:
            return "Maybe a person…"
        case None:
            pass
    if call.line is LineState.IDLE and call.incoming:
        return f"{_upper(name)} is calling"
    if call.line in (LineState.IDLE, LineState.DIALING):
        return f"Calling {name}"
    if call.line is LineState.EARLY and not call.voice:
        if call.incoming:
            return f"{_upper(name)} is calling"
        return (
            f"Ringing at {name}" if not call.early_media or call.tone is Tone.RINGBACK else f"Calling {name}"
        )
    match call.phase:
        case Phase.NAVIGATING:
            return "Walking the menu"
        case Phase.HOLDING:
            since = call.hold_since if call.hold_since is not None else call.phase_since
            return f"Waiting on hold with {name} · {duration(now - since)}"
        case Phase.CONFIRMING:
            return "Maybe a person…"
        case Phase.ALERTING:
            return "A person is speaking!"
        case Phase.TALKING:
            return f"{_upper(name)} is on the line" if call.deaf else f"You are talking with {name}"
        case Phase.MANUAL:
            if call.mode is Mode.DIRECT:
                return f"You are on the line with {name}"
            return "You have taken over"
        case Phase.DONE:
            return "The call is ending"


def is_bad_news(call: Call) -> bool:
    """Whether a call that waited for the user ended without a person: they are to be told, wherever they are."""
    if call.live or call.mode is not Mode.HOLD_SLAYER:
        return False
    ended = call.end_reason not in (None, EndReason.COMPLETED, EndReason.CANCELLED)
    return ended or call.outcome in _OUTCOMES


def queue_sentence(call: Call, now: float) -> str:
    """ "You are 4th in line · about 6 min left · be back in 4 min", or nothing. All waits are counted down."""
    if not call.live or call.phase not in (Phase.HOLDING, Phase.CONFIRMING):
        return ""
    parts = []
    if call.position is not None:
        parts.append(
            "You are next in line" if call.position == 1 else f"You are {ordinal(call.position)} in line"
        )
    if call.left_until is not None:
        left_min = (call.left_until - now) / 60
        parts.append(f"about {_minutes(left_min)} left" if left_min >= 1 else "any moment now")
        back_min = int(((call.back_at or now) - now) / 60)
        if back_min >= 1:
            parts.append(f"be back in {_minutes(back_min)}")
        elif left_min >= 1:
            parts.append("stay near")
    elif call.wait_min is not None and call.queue_news_at is not None:
        left_min = call.wait_min - (now - call.queue_news_at) / 60
        parts.append(f"about {round(left_min)} min left" if left_min >= 1 else "any moment now")
    return _upper(" · ".join(parts))


def _minutes(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole}{NO_BREAK}min" if whole < 90 else f"{round(minutes / 60)}{NO_BREAK}h"


LEARNED_SHOWN_S = 120.0
"""How long the bar that undoes a lesson stays; the company's memory can be put right by a later call as well."""


def learned_sentence(call: Call, now: float) -> str:
    """ "Learned: that was a recording.", as long as it can be undone and is news."""
    return call.learned if call.live and now - call.learned_at < LEARNED_SHOWN_S else ""


def offer_sentence(call: Call) -> str:
    """The offer to wait again for a user who was put back on hold; "" when there is none."""
    return "You are back on hold. Shall Hold Slayer wait for you?" if call.live and call.offer else ""


def warning_sentence(call: Call) -> str:
    """What goes wrong with the wait, as long as we wait."""
    waiting = call.live and call.phase in (Phase.HOLDING, Phase.CONFIRMING)
    return call.warning if waiting else ""


def reckoned_sentence(call: Call) -> str:
    """What the rest of the wait was reckoned from, and when the company is open; for the second look."""
    waiting = call.live and call.phase in (Phase.HOLDING, Phase.CONFIRMING)
    parts = [f"Reckoned: {call.estimate_because}"] if call.estimate_because and call.left_until else []
    parts += [f"Open {call.hours}"] if call.hours else []
    return " · ".join(parts) if waiting else ""


def weight_words(weight: float) -> str:
    """A weight of evidence (natural log-odds) in words."""
    side = "for a person" if weight > 0 else "against"
    size = abs(weight)
    return f"{'weakly' if size < 1 else 'clearly' if size < 3 else 'strongly'} {side}"


_SOUND_WORDS = {
    Tone.RINGBACK: "It rings over there",
    Tone.BUSY: "Busy tone",
    Tone.REORDER: "Fast busy tone: no free line",
    Tone.SIT: "The three tones of a number not in service",
    Tone.DTMF: "Keypad tones",
    Tone.BEEP: "A beep",
    Tone.FAX: "A fax machine",
    Tone.STEADY: "A steady tone",
}


def sound_words(call: Call) -> str:
    """What is heard right now: "Music", "Somebody speaks", "A beep"; nothing before the line makes a sound."""
    if not call.live or call.sound is None:
        return ""
    match call.sound.value:
        case "tone":
            return _SOUND_WORDS[call.tone] if call.tone else "A tone"
        case "music":
            return "Music"
        case "speech":
            return "A person" if call.phase in (Phase.TALKING, Phase.ALERTING) else "A voice"
        case _:
            return "Silence"


def quoted(words: str, unclear: bool) -> str:
    """Somebody's words: in quotes, and owned to be a guess where they are one; "" without words."""
    if not words:
        return ""
    return f"Hard to make out, perhaps “{words}”" if unclear else f"“{words}”"


def voice_trouble(call: Call) -> str:
    """What to do when the user is on the call and no sound could be connected; "" when all is well."""
    if not call.live or not call.deaf:
        return ""
    return "You cannot hear or be heard: no sound device is connected. Plug in a headset, then connect it."


def subtitle(call: Call) -> str:
    """Whom and what for: "Acme · +1 555 0100 · “cancel my order”"."""
    parts = [call.company, call.number] if call.company != call.number else [call.number]
    if call.intent:
        parts.append(f"“{call.intent}”")
    return " · ".join(part for part in parts if part)


def face(call: Call) -> Face:
    """Which icon stands for this call."""
    if not call.live:
        calm = call.end_reason in (EndReason.COMPLETED, EndReason.CANCELLED)
        return Face.IDLE if calm else Face.TROUBLE
    match call.alarm:
        case Alarm.PERSON | Alarm.QUESTION:
            return Face.RINGING
        case Alarm.MAYBE:
            return Face.MAYBE
        case None:
            pass
    match call.phase:
        case Phase.HOLDING:
            return Face.HOLDING
        case Phase.CONFIRMING:
            return Face.MAYBE
        case Phase.ALERTING:
            return Face.RINGING
        case Phase.TALKING | Phase.MANUAL:
            return Face.TALKING
        case Phase.NAVIGATING | Phase.DONE:
            return Face.NAVIGATING


_FACE_RANK = (Face.RINGING, Face.MAYBE, Face.TALKING, Face.NAVIGATING, Face.HOLDING)


def program_face(state: WindowState) -> Face:
    """Which icon stands for the whole program: the most urgent call, else trouble, else idle."""
    faces = {face(call) for call in state.live}
    for candidate in _FACE_RANK:
        if candidate in faces:
            return candidate
    if state.lines_down or any(not trunk.registered for trunk in state.trunks):
        return Face.TROUBLE
    return Face.IDLE


def program_sentence(state: WindowState, now: float) -> str:
    """The tray's tooltip."""
    if not state.live:
        trouble = trunk_status(state)
        return f"Hold Slayer · {trouble.text}" if not trouble.good else "Hold Slayer"
    alarmed = state.alarm
    first = alarmed if alarmed is not None else state.live[0]
    more = len(state.live) - 1
    return phase_sentence(first, now) + (f" (and {more} more)" if more else "")


@dataclass(frozen=True, slots=True)
class Status:
    """One entry of the status line: ``good`` True (ready), False (trouble), None (neither: getting ready)."""

    text: str
    good: bool | None


def trunk_status(state: WindowState) -> Status:
    """The telephone line in words."""
    if state.lines_down:
        because = state.lines_down[0][1]
        return Status(
            f"The telephone line is being restarted: {because}" if because else "The line is down", False
        )
    failed = [trunk for trunk in state.trunks if not trunk.registered]
    if failed:
        return Status(failed[0].text or f"{failed[0].account} is not connected", False)
    if state.trunks:
        names = ", ".join(trunk.account for trunk in state.trunks)
        return Status(f"Line ready · {names}", True)
    if state.starting:
        return Status("Starting the telephone line…", None)
    return Status("No account: only direct SIP addresses can be called", None)


def sound_status(state: WindowState) -> Status:
    """Microphone and speaker in words."""
    audio = state.audio
    if audio is None:
        return Status("Looking for sound devices…" if state.starting else "Sound: not known yet", None)
    if audio.microphone and audio.speaker:
        return Status(audio.text or "Sound ready", True)
    if not audio.microphone and not audio.speaker:
        return Status(audio.text or "No audio device: you will hear nothing", False)
    if not audio.microphone:
        return Status(audio.text or "No microphone: you will not be heard", False)
    return Status(audio.text or "No speaker: you will hear nothing", False)


def recogniser_status(state: WindowState) -> Status:
    """The speech recogniser in words."""
    recogniser = state.recogniser
    if recogniser is None:
        return Status(
            "Loading the speech recogniser…" if state.starting else "Speech recogniser: not known yet", None
        )
    text = _upper(recogniser.text)
    if recogniser.ready:
        return Status(text or f"Understands speech · {recogniser.recogniser.removeprefix('The ')}", True)
    if recogniser.recogniser or state.starting:
        return Status(text or f"{recogniser.recogniser or 'The speech recogniser'} is not ready yet", None)
    return Status(text or "No speech recogniser: no captions", False)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
