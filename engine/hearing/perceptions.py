"""What the ears say, as plain values. The one vocabulary between hearing and deciding.

Times are seconds on the *call clock*: sample index divided by the sample rate, zero where the tap of this call
began. A perception says when it became known (``at_s``) and, where that differs, since when it has been so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the call, in seconds on the call clock."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


class Sound(StrEnum):
    """Class of what is on the line, decided with hysteresis."""

    SILENCE = "silence"
    TONE = "tone"
    MUSIC = "music"
    SPEECH = "speech"


class Tone(StrEnum):
    """Call progress and data tones."""

    RINGBACK = "ringback"
    BUSY = "busy"
    REORDER = "reorder"  # fast busy, congestion
    SIT = "sit"  # special information tones: the three rising tones before "not in service"
    DTMF = "dtmf"
    BEEP = "beep"  # single tone of an answering machine or a recorder
    FAX = "fax"
    STEADY = "steady"  # any other steady tone, also of several harmonics


@dataclass(frozen=True, slots=True)
class SoundBegan:
    """The sound class changed. ``since_s`` is where the new class began, ``at_s`` when that was sure."""

    at_s: float
    sound: Sound
    since_s: float


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A tone was recognised. ``digit`` only for DTMF. ``cadence_s`` is on+off of a cadenced tone, 0 when steady."""

    at_s: float
    tone: Tone
    span: Span
    digit: str = ""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody (or a recording) began to speak. ``over_music``: music plays on beneath the voice."""

    at_s: float
    since_s: float
    over_music: bool = False


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The voice has been silent for the endpointing time; ``span`` is from first to last voiced frame."""

    at_s: float
    span: Span


@dataclass(frozen=True, slots=True)
class Heard:
    """Words. ``final`` is False for a partial caption of speech still going on.

    ``confidence`` is 0..1: the recogniser's belief that these are the words spoken.
    """

    at_s: float
    text: str
    span: Span
    confidence: float
    final: bool


@dataclass(frozen=True, slots=True)
class Unheard:
    """Speech without words: ``reason`` says why (too short, recogniser absent, fell behind, low confidence...)."""

    at_s: float
    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Voiced:
    """How the speech going on compares with what was heard earlier in this call; repeated while it goes on.

    ``voiced_s``: voiced time since the utterance began. ``distance``: how unlike the voices of earlier *recordings*
    of this call the voice is, 0 = the same voice, 1 = clearly another one, None = nothing to compare with yet.
    ``heard_before``: 0..1, how sure the sound itself is a repetition of an earlier stretch of this call.
    ``music_bed``: 0..1, how sure music plays beneath the voice. ``liveness``: natural log-odds, from the sound alone,
    that the voice is a person's on the line now and not a recording's; None while too little was heard. ``singing``:
    0..1, how much of the last second was song rather than talk, as the music detector believes. ``floor_change_db``:
    how unlike the noise floor around the voice is to those of earlier voices; None where it could not be heard.
    ``level_change_db``: how much louder the voice is than the earlier voice nearest in level; None without one.
    """

    at_s: float
    since_s: float
    voiced_s: float
    distance: float | None
    heard_before: float
    music_bed: float
    liveness: float | None = None
    singing: float = 0.0
    floor_change_db: float | None = None
    level_change_db: float | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed, nothing else. Posted about five times a second so that waiting is a decision like any other."""

    at_s: float


Perception = SoundBegan | ToneHeard | SpeechBegan | SpeechEnded | Heard | Unheard | Voiced | Tick
"""Everything the ears can say."""
