"""What happens to a voice in a room, in a studio and on a telephone line: for the scenes of the liveness model.

All of them take and give 8 kHz sound of full scale 1.0, and draw what is random from the generator they are given.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

from engine.hearing.features import Floats

RATE = 8000


def shaped(random: np.random.Generator, magnitudes: Floats, length: int) -> Floats:
    """Noise with the spectrum of ``magnitudes`` (of frames of 256 under a Hann window)."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    shape = np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(magnitudes)), magnitudes)
    return np.fft.irfft(spectrum * shape, length) / np.sqrt(np.sum(np.hanning(256) ** 2))


def coloured(random: np.random.Generator, length: int) -> Floats:
    """Noise with a random slope of 0 to -12 dB an octave, sometimes with a mains hum; power 1."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    hz = np.maximum(20.0, np.fft.rfftfreq(length, 1 / RATE))
    sound = np.fft.irfft(spectrum * (hz / 300.0) ** (-random.uniform(0, 2)), length)
    sound /= sound.std() + 1e-9
    if random.random() < 0.25:
        mains, time_s = random.choice([50, 60]), np.arange(length) / RATE
        for harmonic in range(1, 8):
            phase = random.uniform(0, 2 * np.pi)
            sound += (
                random.uniform(0.2, 1.0) / harmonic * np.sin(2 * np.pi * mains * harmonic * time_s + phase)
            )
    return sound


def db(value: float) -> float:
    return float(10 ** (value / 20))


def filtered(random: np.random.Generator, sound: Floats, strength: float) -> Floats:
    """A random smooth equaliser of about ``strength`` dB, and random edges of the band."""
    spectrum = np.fft.rfft(sound)
    hz = np.linspace(0, RATE / 2, len(spectrum))
    knots = np.array([0, 300, 700, 1300, 2000, 2800, 4000])
    gains = np.interp(
        hz, knots, random.normal(0, strength, len(knots)) + np.linspace(-1, 1, 7) * random.normal(0, strength)
    )
    low, high = random.uniform(40, 320), random.uniform(3100, 4100)
    edges = 1 / np.sqrt(1 + (low / np.maximum(hz, 1)) ** 6) / np.sqrt(1 + (hz / high) ** 16)
    return np.fft.irfft(spectrum * 10 ** (gains / 20) * edges, len(sound))


def echoed(random: np.random.Generator, sound: Floats) -> Floats:
    """In a small room: a decaying noise as its answer."""
    length = int(random.uniform(0.08, 0.4) * RATE)
    answer = random.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    answer *= db(random.uniform(-22, -8)) / np.sqrt(np.sum(answer**2))
    answer[0] = 1.0
    size = -(-(len(sound) + length) // 4096) * 4096
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(answer, size), size)[: len(sound)]


def gated(random: np.random.Generator, sound: Floats) -> Floats:
    """As a noise suppressor does: what is quiet becomes quieter."""
    power = np.convolve(sound**2, np.full(160, 1 / 160), "same")
    loud = np.percentile(power, 95) + 1e-12
    threshold = loud * 10 ** (-random.uniform(22, 38) / 10)
    depth = db(-random.uniform(8, 60))
    gain = np.where(power > threshold, 1.0, depth)
    hold = int(random.uniform(0.01, 0.12) * RATE)
    gain = np.convolve(gain, np.full(hold, 1 / hold), "same")
    return sound * gain


def squeezed(random: np.random.Generator, sound: Floats) -> Floats:
    """Compressed as by a levelling amplifier."""
    power = np.sqrt(np.convolve(sound**2, np.full(400, 1 / 400), "same") + 1e-9)
    gain = (power / power.max() + 0.02) ** (-random.uniform(0.1, 0.5))
    return sound * gain / gain.min()


def through(sound: Floats, form: str, subtype: str) -> Floats:
    """There and back through a codec of libsndfile."""
    box = io.BytesIO()
    soundfile.write(box, np.clip(sound, -1, 1).astype(np.float32), RATE, format=form, subtype=subtype)
    box.seek(0)
    back = soundfile.read(box, dtype="float32")[0]
    return np.pad(back, (0, max(0, len(sound) - len(back))))[: len(sound)]


def channel(random: np.random.Generator, sound: Floats) -> Floats:
    """A telephone line: noise, level, codec, lost packets, silence suppression."""
    draw = random.random()
    if draw < 0.72:
        level = db(random.uniform(-68, -40) if draw < 0.6 else random.uniform(-85, -60))
        noise = random.normal(0, 1, len(sound)) if random.random() < 0.35 else coloured(random, len(sound))
        sound = sound + noise * level
    sound = sound * db(random.uniform(-12, 6))
    if random.random() < 0.1:
        power = np.convolve(sound**2, np.full(160, 1 / 160), "same")
        noise = coloured(random, len(sound)) * db(random.uniform(-75, -55))
        sound = np.where(np.convolve(power > db(-50) ** 2, np.ones(800), "same") > 0.5, sound, noise)
    draw = random.random()
    if draw < 0.4:
        sound = through(sound, "WAV", "ULAW")
    elif draw < 0.68:
        sound = through(sound, "WAV", "ALAW")
    elif draw < 0.93:
        sound = through(sound, "WAV", "GSM610")
    if random.random() < 0.4:
        sound = sound.copy()
        lost, repeat, bad = random.uniform(0.002, 0.05), random.random() < 0.7, False
        for start in range(160, len(sound) - 160, 160):
            bad = random.random() < (0.45 if bad else 0.55 * lost / (1 - lost))
            if bad:
                sound[start : start + 160] = sound[start - 160 : start] * 0.6 if repeat else 0.0
    return sound


def cut(random: np.random.Generator, sound: Floats, length: int) -> Floats:
    """A stretch of any place, repeated where the sound is too short."""
    if len(sound) < length:
        sound = np.tile(sound, length // max(1, len(sound)) + 1)
    start = int(random.integers(0, len(sound) - length + 1))
    return sound[start : start + length]
