"""Sound for the ears' tests: the clips in tests/data/audio through G.711, tones made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ

CLIPS = Path(__file__).resolve().parents[2] / "data" / "audio"
Samples = NDArray[np.int16]
Floats = NDArray[np.float64]


def g711(sound: Floats) -> Floats:
    """Mu-law there and back (8 bits a sample)."""
    sound = np.clip(sound, -1.0, 1.0)
    folded = np.sign(sound) * np.log1p(255.0 * np.abs(sound)) / np.log1p(255.0)
    folded = np.round(folded * 127.0) / 127.0
    return np.sign(folded) * (256.0 ** np.abs(folded) - 1.0) / 255.0


def over_the_phone(sound: Floats, rate: int = 8000) -> Samples:
    """Through G.711 at 8 kHz, then what the tap gives: int16 at 16 kHz."""
    narrow = soxr.resample(sound, rate, 8000) if rate != 8000 else sound
    wide = soxr.resample(g711(narrow), 8000, RATE_HZ)
    return np.clip(wide * 32767.0, -32768, 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def tone(hz: Sequence[float], seconds: float, level_db: float = -20.0) -> Floats:
    """Sines of equal strength at 8 kHz; ``level_db`` of their sum's peak."""
    t = np.arange(int(seconds * 8000)) / 8000
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz)) * 10 ** (level_db / 20) / len(hz)


def gap(seconds: float) -> Floats:
    return np.zeros(int(seconds * 8000))


def cadence(hz: Sequence[float], *on_off_s: float, times: int = 1, level_db: float = -20.0) -> Floats:
    parts = [
        tone(hz, length, level_db) if number % 2 == 0 else gap(length)
        for number, length in enumerate(on_off_s * times)
    ]
    return np.concatenate(parts)


def clip(name: str, gain_db: float = 0.0) -> Samples:
    """A clip of tests/data/audio after G.711, int16 at 16 kHz."""
    sound, rate = soundfile.read(CLIPS / f"{name}.flac", dtype="float64")
    return over_the_phone(sound * 10 ** (gain_db / 20), rate)
