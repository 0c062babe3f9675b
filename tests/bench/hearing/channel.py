"""Telephone channels: level, line noise, codec, packet loss. The same channel and sound always give the same result.

float sound -- level --> + noise --> G.711 mu / A or GSM 06.10 --> lost packets concealed --> int16
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.bench.hearing.clips import RATE_HZ, Floats

Samples = NDArray[np.int16]

CODECS = {"ulaw": "ULAW", "alaw": "ALAW", "gsm": "GSM610"}
"""Codecs by the names libsndfile has for them."""
SPEECH_DB = -26.0
"""Level of active speech in the clips, decibels of full scale: line noise is set against it."""
PACKET_SAMPLES = RATE_HZ // 50
FADE = 0.6
"""Each repetition of the last packet is so much softer, until four are lost in a row."""
_MEAN_BURST = 1.8
"""Packets lost in a row, on the average."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg of the line. ``snr_db`` is speech over noise; ``noise`` one of none, white, coloured, hum."""

    codec: str = "ulaw"
    level_db: float = 0.0
    noise: str = "none"
    snr_db: float = 40.0
    loss: float = 0.0
    concealment: str = "repeat"  # or silence
    seed: int = 0


def draw(random: np.random.Generator) -> Channel:
    """A channel as one meets them: mostly G.711, one in three lossy, one in three without noise."""
    codec = str(random.choice(["ulaw", "alaw", "gsm"], p=[0.45, 0.3, 0.25]))
    noise = str(random.choice(["none", "white", "coloured", "hum"], p=[0.3, 0.25, 0.35, 0.1]))
    lossy = random.random() < 0.4
    return Channel(
        codec=codec,
        level_db=round(float(random.uniform(-12.0, 6.0)), 1),
        noise=noise,
        snr_db=round(float(random.uniform(15.0, 40.0)), 1) if noise != "none" else 40.0,
        loss=round(float(random.uniform(0.002, 0.05)), 4) if lossy else 0.0,
        concealment=str(random.choice(["repeat", "silence"], p=[0.75, 0.25])),
        seed=int(random.integers(1 << 31)),
    )


def through(sound: Floats, channel: Channel) -> Samples:
    """``sound`` (8 kHz, full scale 1.0) as it comes out at the other end, of the same length."""
    random = np.random.default_rng(channel.seed)
    gain = np.float32(10 ** (channel.level_db / 20))
    sent = sound * gain
    if channel.noise != "none":
        level = 10 ** ((SPEECH_DB + channel.level_db - channel.snr_db) / 20)
        sent = sent + np.float32(level) * line_noise(channel.noise, len(sound), random)
    decoded = coded(np.clip(sent, -1.0, 1.0).astype(np.float32), channel.codec)
    if channel.loss > 0:
        decoded = conceal(decoded, lost(len(decoded), channel.loss, random), channel.concealment)
    return decoded


def line_noise(kind: str, length: int, random: np.random.Generator) -> Floats:
    """Noise of root mean square 1.0."""
    if not length:
        return np.zeros(0, np.float32)
    white = random.standard_normal(length)
    if kind == "hum":
        t = np.arange(length) / RATE_HZ
        mains = float(random.choice([50.0, 60.0]))
        found = 0.3 * white
        for harmonic in range(2, 8):
            phase = random.uniform(0, 2 * np.pi)
            found = found + np.sin(2 * np.pi * mains * harmonic * t + phase) / harmonic
    elif kind == "coloured":
        # Rooms and lines have more below than above: about 6 dB less an octave above 300 Hz.
        size = 1 << max(4, (length - 1).bit_length())  # a power of two: other lengths take ten times as long
        hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
        padded = np.pad(white, (0, size - length))
        found = np.fft.irfft(np.fft.rfft(padded) / (1.0 + hz / 300.0), size)[:length]
    else:
        found = white
    return np.asarray(found / (np.sqrt(np.mean(found**2)) + 1e-12), np.float32)


def coded(sound: Floats, codec: str) -> Samples:
    """There and back through a codec, by libsndfile, in memory."""
    store = io.BytesIO()
    soundfile.write(store, sound, RATE_HZ, format="WAV", subtype=CODECS[codec])
    store.seek(0)
    decoded, _ = soundfile.read(store, dtype="int16")
    whole = np.zeros(len(sound), np.int16)
    kept = min(len(decoded), len(sound))
    whole[:kept] = decoded[:kept]
    return whole


def lost(length: int, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Which packets of 20 ms are lost: in bursts (a two-state chain), ``share`` of them on the average."""
    packets = -(-length // PACKET_SAMPLES)
    leave = 1.0 / _MEAN_BURST
    enter = leave * share / (1.0 - share)
    chance = random.random(packets)
    found = np.zeros(packets, bool)
    bad = False
    for number in range(packets):
        bad = bool(chance[number] < (1.0 - leave if bad else enter))
        found[number] = bad
    return found


def conceal(sound: Samples, missing: NDArray[np.bool_], how: str) -> Samples:
    """What a jitter buffer plays for lost packets: the last one again, ever softer, or nothing."""
    out = sound.copy()
    softer = 1.0
    for number in np.flatnonzero(missing):
        start = int(number) * PACKET_SAMPLES
        end = min(start + PACKET_SAMPLES, len(out))
        in_burst = number > 0 and missing[number - 1]
        softer = softer * FADE if in_burst else FADE
        if how == "silence" or start < PACKET_SAMPLES or softer < 0.1:
            out[start:end] = 0
            continue
        # The packet before already carries the fade of an earlier repetition.
        before = out[start - PACKET_SAMPLES : start][: end - start]
        out[start:end] = (before * FADE).astype(np.int16)
    return out
