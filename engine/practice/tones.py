"""Tones of a North American telephone network, made from their definitions.

Frequencies and cadences: ringback, busy and reorder after Telcordia GR-506 (the "precise tone plan"); special
information tones after ITU-T E.180 and Telcordia SR-2275 (here those of an intercept). The beep of answering machines
is no standard: 1000 Hz here. A click is what a relay leaves on the line.
"""

from __future__ import annotations

from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ

ToneName = Literal["ringback", "busy", "reorder", "sit", "beep", "click"]

Samples = NDArray[np.int16]

_RINGBACK = ((440.0, 480.0), 2.0, 4.0)  # frequencies, on, off
_BUSY = ((480.0, 620.0), 0.5, 0.5)
_REORDER = ((480.0, 620.0), 0.25, 0.25)
_SIT_INTERCEPT = ((913.8, 0.276), (1370.6, 0.276), (1776.7, 0.380))  # "number not in service": IC in SR-2275
_BEEP_HZ = 1000.0
_LEVEL_DBFS = -19.0  # each frequency; GR-506: -19 dBm0 for ringback, -24 for busy and reorder
_BUSY_DBFS = -24.0
_RAMP_S = 0.004


def make(name: ToneName, length_s: float) -> Samples:
    """The tone, ``length_s`` long where it repeats or is steady; SIT and clicks have lengths of their own.

    Mono int16 at ``RATE_HZ``.
    """
    match name:
        case "ringback":
            sound = _cadence(*_RINGBACK, length_s, _LEVEL_DBFS)
        case "busy":
            sound = _cadence(*_BUSY, length_s, _BUSY_DBFS)
        case "reorder":
            sound = _cadence(*_REORDER, length_s, _BUSY_DBFS)
        case "sit":
            sound = np.concatenate([_burst((hz,), s, _LEVEL_DBFS) for hz, s in _SIT_INTERCEPT])
        case "beep":
            sound = _burst((_BEEP_HZ,), length_s, _LEVEL_DBFS)
        case "click":
            sound = _click()
        case _:
            assert_never(name)
    return np.rint(sound * 32767).astype(np.int16)


def _burst(frequencies_hz: tuple[float, ...], length_s: float, level_dbfs: float) -> NDArray[np.float64]:
    at_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    amplitude = 10 ** (level_dbfs / 20) * np.sqrt(2)
    sound: NDArray[np.float64] = amplitude * sum(np.sin(2 * np.pi * hz * at_s) for hz in frequencies_hz)
    ramp = min(int(_RAMP_S * RATE_HZ), len(sound) // 2)
    if ramp:
        slope = np.linspace(0.0, 1.0, ramp)
        sound[:ramp] *= slope
        sound[-ramp:] *= slope[::-1]
    return sound


def _cadence(
    frequencies_hz: tuple[float, ...], on_s: float, off_s: float, length_s: float, level_dbfs: float
) -> NDArray[np.float64]:
    sound = np.zeros(int(length_s * RATE_HZ))
    burst = _burst(frequencies_hz, on_s, level_dbfs)
    for start in range(0, len(sound), int((on_s + off_s) * RATE_HZ)):
        piece = burst[: len(sound) - start]
        sound[start : start + len(piece)] = piece
    return sound


def _click() -> NDArray[np.float64]:
    """15 ms of damped oscillation at 600 Hz, about -12 dBFS at its peak."""
    at_s = np.arange(int(0.015 * RATE_HZ)) / RATE_HZ
    return np.asarray(0.25 * np.exp(-at_s / 0.003) * np.sin(2 * np.pi * 600.0 * at_s))
