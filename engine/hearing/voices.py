"""Whose voice is it? Compared with the voices heard earlier in this call, by simple statistics.

Of every voiced frame: 12 cepstral coefficients of the 16 bands (the level left out) and the pitch. A voice is their
mean and spread over an utterance. The distance of two voices is the difference of their means in units of the spread,
averaged over the coefficients, and the difference of pitch in semitones; it is turned into 0..1 so that 0.5 is where
mistakes of both kinds are equally frequent (tests/bench/hearing/voices.py measures that: after 2 s an announcer heard
before and a person are taken for each other in 11 % of cases, any two voices in 22 %). No channel is taken off on
purpose: a person on a headset sounds unlike a recording for that reason, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing.features import BANDS, LOW_HZ, SHORT_SAMPLES, Block, Floats

COEFFICIENTS = 12
LEAST_FRAMES = 70
"""Loud frames (of 10 ms) without which nothing is said of a voice."""
ENOUGH_FRAMES = 100
LOUD_DB = -42.0
MOST_VOICES = 40
MIDDLE, SLOPE = 1.0, 4.0
PITCH_WEIGHT = 0.12
_PITCH_LAGS = (RATE_HZ // 380, RATE_HZ // 75)
_LOW_BIN = int(LOW_HZ * SHORT_SAMPLES / RATE_HZ)

_COSINES = np.cos(np.pi * np.outer(np.arange(BANDS) + 0.5, np.arange(1, COEFFICIENTS + 1)) / BANDS).astype(
    np.float32
) * np.float32(np.sqrt(2.0 / BANDS))


@dataclass(frozen=True, slots=True)
class Voice:
    """Statistics of one voice. ``pitch`` in semitones above 55 Hz, 0 when none was found."""

    mean: Floats
    variance: Floats
    pitch: float
    frames: int


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


def summary(cepstra: Floats, pitch: Floats) -> Voice:
    """A voice from its frames."""
    voiced = pitch[pitch > 0]
    return Voice(
        cepstra.mean(axis=0),
        cepstra.var(axis=0) + 1.0,
        float(np.median(voiced)) if len(voiced) >= 15 else 0.0,
        len(cepstra),
    )


def unlikeness(one: Voice, other: Voice) -> float:
    """0 = the same; grows without bound."""
    spread = 0.5 * (one.variance + other.variance)
    shape = float(np.sqrt(np.mean((one.mean - other.mean) ** 2 / spread))) * 2.0
    pitch = min(8.0, abs(one.pitch - other.pitch)) if one.pitch and other.pitch else 2.0
    return shape + PITCH_WEIGHT * pitch


class VoiceBook:
    """The voices of one call."""

    def __init__(self) -> None:
        self._known: list[Voice] = []
        self._cepstra: list[Floats] = []
        self._pitch: list[Floats] = []

    def begin(self) -> None:
        """An utterance begins."""
        self._cepstra, self._pitch = [], []

    def add(self, block: Block) -> None:
        """The next 0.1 s of the utterance; quiet frames are left out."""
        loud = block.level_db > max(LOUD_DB, float(block.level_db.max()) - 20.0)
        if loud.any():
            self._cepstra.append(block.bands_db[loud] @ _COSINES)
            self._pitch.append(pitches(block.power[loud]))

    def current(self, least: int = LEAST_FRAMES) -> Voice | None:
        """The voice of the utterance so far, None when too little was heard."""
        if sum(len(part) for part in self._cepstra) < least:
            return None
        return summary(np.concatenate(self._cepstra), np.concatenate(self._pitch))

    def distance(self) -> float | None:
        """0 = a voice heard before in this call, 1 = clearly another one, None = nothing to compare."""
        voice = self.current()
        if voice is None or not self._known:
            return None
        nearest = min(unlikeness(voice, known) for known in self._known)
        return round(float(1.0 / (1.0 + np.exp(-SLOPE * (nearest - MIDDLE)))), 3)

    def end(self) -> None:
        """The utterance is over: its voice is known from now on."""
        voice = self.current(ENOUGH_FRAMES)
        if voice is not None:
            self._known = [*self._known, voice][-MOST_VOICES:]
        self.begin()
