"""Synthesise the ring and the quiet cue: `python packaging/make_sounds.py [FOLDER]` (resources/sounds without).

Two struck notes a major third apart, as of a marimba with a little bell: a fundamental, its octave and its fourth
partial, each dying away in its own time, with a soft strike. Nothing is sampled from anywhere.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np

RATE = 48_000
LOW_HZ, HIGH_HZ = 523.25, 659.26  # C5, E5
PARTIALS = (
    (1.0, 1.0, 0.45),
    (2.0, 0.28, 0.25),
    (3.99, 0.12, 0.09),
)  # of the fundamental: ratio, loudness, decay (s)
STRIKE_S = 0.006


def note(hz: float, seconds: float) -> np.ndarray:
    """A struck note; starts and ends at zero."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = sum(
        loudness * np.exp(-t / decay_s) * np.sin(2 * np.pi * hz * ratio * t)
        for ratio, loudness, decay_s in PARTIALS
    )
    strike = 0.5 - 0.5 * np.cos(np.pi * np.minimum(t / STRIKE_S, 1.0))
    release = np.minimum(1.0, (seconds - t) / 0.05)
    return sound * strike * release


def placed(notes: tuple[tuple[float, float, float], ...], seconds: float) -> np.ndarray:
    """Notes of (start in s, Hz, loudness), ringing into each other, in ``seconds`` of sound."""
    sound = np.zeros(int(seconds * RATE))
    for start_s, hz, loudness in notes:
        start = int(start_s * RATE)
        played = note(hz, min(1.2, seconds - start_s))
        sound[start : start + len(played)] += loudness * played
    return sound


def scaled(sound: np.ndarray, peak_dbfs: float) -> np.ndarray:
    """As int16 with its highest peak at ``peak_dbfs``."""
    return np.rint(sound / np.abs(sound).max() * 32768 * 10 ** (peak_dbfs / 20)).astype("<i2")


def ring() -> np.ndarray:
    """Twice two notes and a pause: 2.6 s, to be played over and over."""
    notes = ((0.0, HIGH_HZ, 1.0), (0.18, LOW_HZ, 0.9), (0.56, HIGH_HZ, 1.0), (0.74, LOW_HZ, 0.9))
    return scaled(placed(notes, 2.6), -4.0)


def cue() -> np.ndarray:
    """One low soft note: 0.7 s."""
    return scaled(placed(((0.0, LOW_HZ / 1.5, 1.0),), 0.7), -20.0)


def write(path: Path, samples: np.ndarray) -> None:
    """A mono 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "resources" / "sounds"
    write(folder / "ring.wav", ring())
    write(folder / "cue.wav", cue())
