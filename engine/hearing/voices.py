"""Whose voice is it? Compared with the voices heard earlier in this call.

Of every loud frame: 12 cepstral coefficients of the 16 bands (the level left out), how they changed in 40 ms, and the
pitch. A voice is 39 statistics of them (``statistics``), brought by a matrix to ten numbers in which voices differ
most and the same voice least (linear discriminants). Two such points are compared by probabilistic linear
discriminant analysis (Ioffe 2006): the likelihood that they are one voice against that of two, both growing vaguer
the shorter the speech. Matrix and variances: ``resources/models/voices.json``, made by
``packaging/train_voices.py``. No channel is taken off on purpose: a person on a headset sounds unlike a recording for
that reason, too.

Measured on voices kept out of the making (tests/bench/hearing/voices.py; 13 announcers and 56 people, books of four
utterances, every utterance through another channel): an announcer of the book and a person are taken for each other
in 14 % of cases after 0.5 s of voice, 13 % after 0.7 s, 11 % after 1 s, 8 % after 1.5 s, 9 % after 2 s. What
``distance`` was worth, as natural log odds of announcer against person:

    distance    0-0.02  0.02-0.1  0.1-0.3  0.3-0.5  0.5-0.7  0.7-0.9  0.9-0.98  0.98-1
    0.5 s         3.4      3.4      1.2     -0.4     -2.1     -3.4     -3.1     -3.1
    1.0 s         4.0      4.0      0.6     -0.3     -2.1     -2.8     -2.8     -5.2
    2.0 s         4.6      3.0      0.3     -0.8     -1.6     -2.5     -1.6     -4.4
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing.features import BANDS, LOW_HZ, SHORT_SAMPLES, Block, Floats
from engine.hearing.perceptions import Span
from resources import locate

_LOG = logging.getLogger(__name__)

COEFFICIENTS = 12
STATISTICS = 3 * COEFFICIENTS + 3
LEAST_FRAMES = 40
"""Loud frames (of 10 ms) without which nothing is said of a voice."""
ENOUGH_FRAMES = 80
"""Loud frames of an utterance whose voice is worth knowing again."""
MOST_FRAMES = 800
LOUD_DB = -42.0
MOST_VOICES = 40
CHANGE_FRAMES = 4
PITCHED_FRAMES = 8
_PITCH_LAGS = (RATE_HZ // 380, RATE_HZ // 75)
_LOW_BIN = int(LOW_HZ * SHORT_SAMPLES / RATE_HZ)

_COSINES = np.cos(np.pi * np.outer(np.arange(BANDS) + 0.5, np.arange(1, COEFFICIENTS + 1)) / BANDS).astype(
    np.float32
) * np.float32(np.sqrt(2.0 / BANDS))


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice as a point among voices: ``place`` of shape (10,), from so many loud ``frames``."""

    place: Floats
    frames: int


@dataclass(frozen=True, slots=True)
class Model:
    """How voices differ (``between``) and one voice from itself (``within`` + ``short`` / frames), by direction."""

    middle: Floats  # (39,) of the statistics
    matrix: Floats  # (39, directions)
    origin: Floats  # (directions,)
    between: Floats
    within: Floats
    short: Floats
    scale: float  # of the log likelihood ratio, so that it is one also for the likest voice of a book
    offset: float

    def voice(self, numbers: Floats, frames: int) -> Voice:
        """The point of ``statistics``; what is not a number counts as average."""
        known = np.where(np.isnan(numbers), 0.0, numbers - self.middle)
        return Voice(np.asarray(known @ self.matrix - self.origin, np.float32), frames)

    def log_ratios(self, one: Voice, others: Sequence[Voice]) -> Floats:
        """Natural logarithm of how much likelier ``one`` and each of the others are one voice than two."""
        counts = np.array([[other.frames] for other in others], np.float32)
        first = self.between + self.within + self.short / one.frames
        second = self.between + self.within + self.short / counts
        x, y = one.place, np.array([other.place for other in others])
        both = first * second - self.between**2
        same = (second * x**2 + first * y**2 - 2.0 * self.between * x * y) / both
        apart = x**2 / first + y**2 / second
        ratio = -0.5 * (np.log(both / (first * second)) + same - apart).sum(axis=1)
        return np.asarray(self.scale * ratio + self.offset, np.float32)


SAME_TALK_S = 6.0
"""Who spoke so shortly before is not yet known as an announcer: "hello?" and what follows it are one person's."""


@lru_cache(maxsize=1)
def model() -> Model | None:
    """The model of the program. None, with a warning, when it is missing or damaged: calls are heard without it."""
    try:
        data = json.loads(locate("models/voices.json").read_text(encoding="utf-8"))
        numbers = {name: np.array(data[name], np.float32) for name in ("middle", "matrix", "origin")}
        spreads = {name: np.array(data[name], np.float32) for name in ("between", "within", "short")}
        found = Model(**numbers, **spreads, scale=float(data["scale"]), offset=float(data["offset"]))
        if found.matrix.shape != (len(found.middle), len(found.short)) or len(found.middle) != STATISTICS:
            raise ValueError("its numbers do not fit each other")
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("Voices are not compared, because models/voices.json cannot be used: %s", error)
        return None
    return found


def pitches(power: Floats) -> Floats:
    """Pitch of each short frame in semitones above 55 Hz, 0 where there is none, from the autocorrelation."""
    whole = np.zeros((len(power), SHORT_SAMPLES // 2 + 1), np.float32)
    whole[:, _LOW_BIN : _LOW_BIN + power.shape[1]] = np.sqrt(power)  # the root flattens formants
    likeness = np.fft.irfft(whole, axis=1)
    low, high = _PITCH_LAGS
    lags = likeness[:, low:high]
    best = lags.argmax(axis=1)
    strong = lags.max(axis=1) > 0.35 * likeness[:, 0]
    semitones = 12.0 * np.log2(RATE_HZ / (best + low) / 55.0)
    return np.where(strong, semitones, 0.0).astype(np.float32)


def statistics(frames: Floats) -> Floats:
    """The 39 numbers of a stretch. ``frames``: shape (n, 25): cepstra, their changes, pitch (0 when there is none)."""
    cepstra, changes = frames[:, :COEFFICIENTS], frames[:, COEFFICIENTS:-1]
    pitch = frames[:, -1]
    pitched = pitch[pitch > 0]
    tune = [np.nan, np.nan]
    if len(pitched) >= PITCHED_FRAMES:
        low, middle, high = np.percentile(pitched, [20, 50, 80])
        tune = [middle, high - low]
    spread = [np.log(part.std(axis=0) + 0.3) for part in (cepstra, changes)]
    return np.concatenate([cepstra.mean(axis=0), *spread, [*tune, len(pitched) / len(pitch)]]).astype(
        np.float32
    )


class VoiceBook:
    """The voices of the announcements of one call. Take out a person's with ``drop``."""

    def __init__(self) -> None:
        self._known: list[tuple[Span, Voice]] = []
        self._dropped: list[Span] = []
        self.begin()

    def begin(self, at_s: float = 0.0) -> None:
        """An utterance begins at ``at_s``."""
        self._frames: list[Floats] = []
        self._bands = np.zeros((0, BANDS), np.float32)
        self._start_s = self._end_s = at_s

    def add(self, block: Block) -> None:
        """The next 0.1 s of the utterance; quiet frames are left out."""
        before = self._bands if len(self._bands) else np.repeat(block.bands_db[:1], CHANGE_FRAMES, axis=0)
        bands = np.concatenate([before, block.bands_db])
        self._bands = bands[-CHANGE_FRAMES:]
        self._end_s = max(self._end_s, block.end_s)
        loud = block.level_db > max(LOUD_DB, float(block.level_db.max()) - 20.0)
        if loud.any():
            cepstra = block.bands_db[loud] @ _COSINES
            changes = (bands[CHANGE_FRAMES:] - bands[:-CHANGE_FRAMES])[loud] @ _COSINES
            self._frames.append(np.column_stack([cepstra, changes, pitches(block.power[loud])]))

    def frames(self) -> Floats:
        """What ``statistics`` takes, of the newest 8 s of the utterance."""
        return np.concatenate([np.zeros((0, 2 * COEFFICIENTS + 1), np.float32), *self._frames])[-MOST_FRAMES:]

    def current(self, least: int = LEAST_FRAMES) -> Voice | None:
        """The voice of the utterance so far, None when too little was heard."""
        frames, how = self.frames(), model()
        return (
            how.voice(statistics(frames), len(frames)) if how is not None and len(frames) >= least else None
        )

    def distance(self) -> float | None:
        """0 = surely a voice of the book, 1 = surely another one, None = nothing to compare.

        Calibrated: ``log((1 - distance) / distance)`` is the natural logarithm of how much likelier the sound is
        when the voice is one of the book than when it is a new one, whatever the length of the utterance.
        """
        voice, known, how = self.current(), self.voices(), model()
        if voice is None or not known or how is None:
            return None
        ratio = float(how.log_ratios(voice, known).max())
        return round(float(1.0 / (1.0 + np.exp(np.clip(ratio, -9.0, 9.0)))), 4)

    def end(self) -> None:
        """The utterance is over: its voice is known from now on."""
        voice = self.current(ENOUGH_FRAMES)
        if voice is not None:
            self._known = [*self._known, (Span(self._start_s, self._end_s), voice)][-MOST_VOICES:]
        self.begin()

    def drop(self, span: Span) -> None:
        """A person spoke in ``span``: whoever was heard there, or is being heard, does not count as an announcer."""
        self._dropped = [*self._dropped, span]

    def restore(self, span: Span) -> None:
        """Take back ``drop`` of the same span."""
        self._dropped = [other for other in self._dropped if other != span]

    def voices(self) -> Sequence[Voice]:
        """The voices that count: not those of the talk that still goes on, for it may be a person's."""
        return [
            voice
            for span, voice in self._known
            if span.end_s < self._start_s - SAME_TALK_S
            and not any(span.start_s < other.end_s and other.start_s < span.end_s for other in self._dropped)
        ]
