"""A voice: text in, speech out. Who makes the speech (espeak-ng today) stays behind the protocol."""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ACTIVE_LEVEL_DBFS = -26.0
"""Level of speech while it is active, RMS against full scale: ITU-T P.56 and P.800 speak of -26 dBov."""

PEAK_LIMIT_DBFS = -1.0
"""No sample of a rendered text is louder than this, whatever the active level asks for."""

_ACTIVE_WITHIN_DB = 30.0  # frames this much below the loudest one count as pauses
_FRAME_S = 0.02


class VoiceError(Exception):
    """A text could not be spoken. ``str()`` is a sentence for a person: what is wrong and what to do."""


class Voice(Protocol):
    """Speaks. ``render`` may take a while (see the implementation) and may be called from any thread."""

    @property
    def name(self) -> str:
        """What a person may call this voice, such as "espeak-ng en-us"."""
        ...

    def render(self, text: str) -> NDArray[np.int16]:
        """``text`` as mono 16 kHz samples at ``ACTIVE_LEVEL_DBFS``, the same for the same text every time.

        Raises ``VoiceError`` when there is nothing to say or the voice is out of order.
        """
        ...


_KEYS = re.compile(r"[0-9*#]+")
_KEY_NAMES = {"*": "star", "#": "pound"}


def spell_digits(text: str) -> str:
    """``text`` with every run of digits, stars and pounds told one by one: "pin 402#" -> "pin 4, 0, 2, pound".

    For account numbers and the like, which a voice would otherwise read as "four hundred and two".
    """
    return _KEYS.sub(lambda run: ", ".join(_KEY_NAMES.get(key, key) for key in run.group()), text)


def active_level_dbfs(samples: NDArray[np.int16], rate: int) -> float:
    """RMS of the frames (20 ms) that are not pauses, in dB against full scale (32768); -inf for silence."""
    frame = int(rate * _FRAME_S)
    whole = samples[: len(samples) // frame * frame].astype(np.float64).reshape(-1, frame) / 32768.0
    if not len(whole):
        whole = samples.astype(np.float64).reshape(1, -1) / 32768.0
    power = np.mean(whole**2, axis=1) if samples.size else np.zeros(1)
    loudest = float(power.max())
    if loudest <= 0.0:
        return -np.inf
    active = power[power >= loudest * 10 ** (-_ACTIVE_WITHIN_DB / 10)]
    return float(10 * np.log10(active.mean()))


def levelled(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """``samples`` brought to ``ACTIVE_LEVEL_DBFS``, or to less where a peak would pass ``PEAK_LIMIT_DBFS``."""
    now_dbfs = active_level_dbfs(samples, rate)
    if not np.isfinite(now_dbfs):
        return samples
    peak_dbfs = 20 * np.log10(np.abs(samples.astype(np.float64)).max() / 32768.0)
    gain_db = min(ACTIVE_LEVEL_DBFS - now_dbfs, PEAK_LIMIT_DBFS - peak_dbfs)
    scaled: NDArray[np.int16] = np.rint(samples.astype(np.float64) * 10 ** (gain_db / 20)).astype(np.int16)
    return scaled
