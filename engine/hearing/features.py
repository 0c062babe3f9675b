"""What sound looks like, ten times a second: the numbers behind tones, sound classes and music beds.

Every call is cut into blocks of 0.1 s at absolute sample indexes, so the result never depends on how the samples
came in. Each block gives

    short frames   10 of them, 32 ms wide, 10 ms apart: level, 16 bands, change, flatness
    long frames     2 of them, 128 ms wide, 50 ms apart: spectral lines (7.8 Hz apart) for tones and held notes

All levels are decibels of full scale (a sine of full scale has -3 dB), and are held above ``FLOOR_DB``, so that
digital silence and the idle noise of G.711 look alike. Only 200-3600 Hz count: a telephone has no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ
from engine.hearing.transcriber import Samples

Floats = NDArray[np.float32]

BLOCK_SAMPLES = RATE_HZ // 10
BLOCK_S = BLOCK_SAMPLES / RATE_HZ
HOP_SAMPLES = RATE_HZ // 100
SHORT_SAMPLES = 512
LONG_SAMPLES = 2048
LONG_HOP_SAMPLES = RATE_HZ // 20
LINE_HZ = RATE_HZ / LONG_SAMPLES
FLOOR_DB = -72.0
BANDS = 16
LOW_HZ, HIGH_HZ = 200.0, 3600.0
HOLD_LONG_FRAMES = 3
"""A note counts as held when its line was there three long frames (150 ms) ago: windows that do not overlap."""
HOLD_LONGER_FRAMES = 8
"""A note is held for long when its line was there 400 ms ago as well: longer than nearly all syllables."""

_SHORT_WINDOW = np.hanning(SHORT_SAMPLES).astype(np.float32)
_LONG_WINDOW = np.hanning(LONG_SAMPLES).astype(np.float32)
_SHORT_SCALE = np.float32(2.0 / (SHORT_SAMPLES * np.sum(_SHORT_WINDOW**2)))
_LONG_SCALE = np.float32(2.0 / (LONG_SAMPLES * np.sum(_LONG_WINDOW**2)))


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595.0 * np.log10(1.0 + hz / 700.0)


def _band_matrix() -> Floats:
    """Triangular bands, evenly spaced in mel, over the bins of a short frame: shape (bins, BANDS)."""
    bins_hz = np.arange(SHORT_SAMPLES // 2 + 1) * RATE_HZ / SHORT_SAMPLES
    edges = np.linspace(_mel(np.array(LOW_HZ)), _mel(np.array(HIGH_HZ)), BANDS + 2)
    mel = _mel(bins_hz)[:, None]
    rise = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall)).astype(np.float32)


_BAND_MATRIX = _band_matrix()
_LOW_BIN = int(LOW_HZ * SHORT_SAMPLES / RATE_HZ)
_HIGH_BIN = int(HIGH_HZ * SHORT_SAMPLES / RATE_HZ)
LONG_LOW = int(300.0 / LINE_HZ)
LONG_HIGH = int(3500.0 / LINE_HZ)
_QUARTERS = np.array([0, *(int(hz / LINE_HZ) - LONG_LOW for hz in (700.0, 1300.0, 2100.0))])
"""Where the quarters of the band begin, as lines above ``LONG_LOW``: 300, 700, 1300, 2100 to 3500 Hz."""


@dataclass(frozen=True, slots=True)
class Block:
    """Features of 0.1 s. Arrays have one row a short frame (10) or a long frame (2)."""

    index: int  # of the block: it covers [index * 0.1 s, index * 0.1 s + 0.1 s)
    level_db: Floats  # (10,)
    bands_db: Floats  # (10, BANDS)
    flux_db: Floats  # (10,) mean rise of the bands since the frame before
    flatness: Floats  # (10,) 0 = lines, 1 = noise
    power: Floats  # (10, bins) of the short frames, 200-3600 Hz
    lines: Floats  # (2, LONG_SAMPLES // 2 + 1) power of the long frames
    held: Floats  # (2,) share of the power in lines that were there 150 ms ago
    held_long: Floats  # (2,) ... and 400 ms ago as well
    held_bands: Floats  # (2, 4) share of the power of each quarter of the band in lines held for 150 ms

    @property
    def end_s(self) -> float:
        """End of the block on the call clock."""
        return (self.index + 1) * BLOCK_S


def framed(sound: Floats, width: int, hop: int) -> Floats:
    """Overlapping frames of contiguous ``sound``, without a copy (``sliding_window_view`` takes 30 us to think)."""
    count = (len(sound) - width) // hop + 1
    step = sound.itemsize
    return np.ndarray((count, width), sound.dtype, sound, 0, (hop * step, step))


class Analyser:
    """Turns samples into blocks; keeps what reaches over from block to block."""

    def __init__(self) -> None:
        self._past = np.zeros(LONG_SAMPLES, np.float32)
        self._bands = np.full((1, BANDS), FLOOR_DB, np.float32)
        self._peaks = np.zeros((HOLD_LONGER_FRAMES, LONG_HIGH - LONG_LOW), bool)
        self._index = 0

    def block(self, samples: Samples) -> Block:
        """Features of the next ``BLOCK_SAMPLES`` samples."""
        fresh = samples.astype(np.float32) / 32768.0
        sound = np.concatenate([self._past, fresh])
        self._past = sound[-LONG_SAMPLES:]
        tail = sound[-(BLOCK_SAMPLES + SHORT_SAMPLES - HOP_SAMPLES) :]
        frames = framed(tail, SHORT_SAMPLES, HOP_SAMPLES)
        spectrum = np.fft.rfft(frames * _SHORT_WINDOW, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _SHORT_SCALE
        bands = _decibels(np.asarray(power @ _BAND_MATRIX, np.float32))
        narrow = power[:, _LOW_BIN:_HIGH_BIN]
        total = narrow.sum(axis=1)
        flatness = np.exp(np.mean(np.log(narrow + 1e-12), axis=1)) / (total / narrow.shape[1] + 1e-12)
        before = np.concatenate([self._bands, bands[:-1]])
        self._bands = bands[-1:]
        lines, held, held_long, held_bands = self._long(sound)
        block = Block(
            index=self._index,
            level_db=_decibels(total),
            bands_db=bands,
            flux_db=np.maximum(0.0, bands - before).mean(axis=1),
            flatness=flatness.astype(np.float32),
            power=narrow,
            lines=lines,
            held=held,
            held_long=held_long,
            held_bands=held_bands,
        )
        self._index += 1
        return block

    def _long(self, sound: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        tail = sound[-(LONG_SAMPLES + LONG_HOP_SAMPLES) :]
        frames = framed(tail, LONG_SAMPLES, LONG_HOP_SAMPLES)
        spectrum = np.fft.rfft(frames * _LONG_WINDOW, axis=1)
        lines = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _LONG_SCALE
        part = lines[:, LONG_LOW - 1 : LONG_HIGH + 1]
        middle = part[:, 1:-1]
        half = part.shape[1] // 2
        floor = 8.0 * np.partition(part, half, axis=1)[:, half : half + 1] + 1e-9
        peaks = (middle > part[:, :-2]) & (middle >= part[:, 2:]) & (middle > floor)
        count = len(peaks)
        kept = peaks & _near(self._peaks[-HOLD_LONG_FRAMES:][:count])
        longer = kept & _near(self._peaks[:count])
        self._peaks = np.concatenate([self._peaks[count:], peaks])
        power = middle.sum(axis=1) + 1e-9
        notes = np.where(_near(kept), middle, 0.0)
        held_long = np.where(_near(longer), middle, 0.0).sum(axis=1) / power
        quarters = np.add.reduceat(middle, _QUARTERS, axis=1) + 1e-3 * power[:, None]
        held_bands = np.add.reduceat(notes, _QUARTERS, axis=1) / quarters
        return (
            lines,
            np.asarray(notes.sum(axis=1) / power, np.float32),
            np.asarray(held_long, np.float32),
            np.asarray(held_bands, np.float32),
        )


def _near(peaks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The peaks and the lines beside them."""
    near = peaks.copy()
    near[:, 1:] |= peaks[:, :-1]
    near[:, :-1] |= peaks[:, 1:]
    return near


def _decibels(power: Floats) -> Floats:
    return np.asarray(np.maximum(FLOOR_DB, 10.0 * np.log10(power + 1e-12)), np.float32)
