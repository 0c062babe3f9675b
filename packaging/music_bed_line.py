"""The telephone line that the scenes of the music detector pass: room, response, noise, codec, loss, level."""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr

RATE = 8000
Sound = np.ndarray
Random = np.random.Generator


def room(random: Random, sound: Sound, most: float = 0.35) -> Sound:
    """A little reverberation: a tail of noise that fades."""
    length = int(random.uniform(0.1, 0.5) * RATE)
    tail = random.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= random.uniform(0.1, most) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    size = 1 << (len(sound) + length).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]


def coloured(random: Random, length: int) -> Sound:
    """Noise with a random slope of 0 to -12 dB an octave, sometimes with a mains hum; power 1."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    hz = np.maximum(20.0, np.fft.rfftfreq(length, 1 / RATE))
    sound = np.fft.irfft(spectrum * (hz / 300.0) ** (-random.uniform(0, 2)), length)
    sound /= sound.std()
    if random.random() < 0.3:
        t, mains = np.arange(length) / RATE, float(random.choice([50, 60]))
        for harmonic in range(1, int(random.integers(2, 14))):
            sound += (
                random.uniform(0.1, 0.8) / harmonic**0.5 * np.sin(2 * np.pi * mains * harmonic * t + harmonic)
            )
    return sound


def coded(random: Random, sound: Sound) -> Sound:
    """Mu-law, A-law or GSM there and back."""
    subtype = str(random.choice(["ULAW", "ALAW", "GSM610"], p=[0.45, 0.25, 0.3]))
    file = io.BytesIO()
    soundfile.write(file, np.clip(sound, -1, 1), RATE, format="WAV", subtype=subtype)
    file.seek(0)
    back, _ = soundfile.read(file, dtype="float32")
    return back[: len(sound)]


def lossy(random: Random, sound: Sound, share: float) -> Sound:
    """Packets of 20 ms get lost; the last one is repeated, weaker, or nothing comes."""
    sound, size, before_lost = sound.copy(), RATE // 50, 0
    repeats = random.random() < 0.7
    for start in range(size, len(sound) - size, size):
        if random.random() < share:
            before_lost += 1
            sound[start : start + size] = sound[start - size : start] * (
                0.7 if repeats and before_lost < 4 else 0.0
            )
        else:
            before_lost = 0
    return sound


def equalised(random: Random, sound: Sound) -> Sound:
    """A telephone's frequency response: band edges and a smooth tilt by chance."""
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    curve = np.interp(hz, [0, 300, 1000, 2000, 3400, 4000], random.normal(0, 4.0, 6))
    if random.random() < 0.6:
        low, high = random.uniform(120, 330), random.uniform(3200, 3700)
        curve = (
            curve - 10 * np.log10(1 + (low / np.maximum(hz, 1.0)) ** 8) - 10 * np.log10(1 + (hz / high) ** 24)
        )
    return np.fft.irfft(np.fft.rfft(sound) * 10 ** (curve / 20), len(sound))


def over_the_line(random: Random, sound: Sound) -> Sound:
    """Noise, codec, loss and level; int16 at 16 kHz as the tap gives it."""
    length = len(sound)
    noise = random.normal(0, 10 ** (random.uniform(-80, -58) / 20), length)
    if random.random() < 0.5:
        noise = noise + coloured(random, length) * 10 ** ((-26 - random.uniform(15, 40)) / 20)
    gain = 10 ** (random.uniform(-12, 6) / 20)
    narrow = coded(
        random, equalised(random, sound + noise) * gain if random.random() < 0.7 else (sound + noise) * gain
    )
    if random.random() < 0.4:
        narrow = lossy(random, narrow, random.uniform(0, 0.05))
    return np.clip(soxr.resample(narrow, RATE, 16000) * 32767, -32768, 32767).astype(np.int16)
