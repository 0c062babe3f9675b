"""The telephone band for wide-band calls: everything the ears know was learned from telephones.

G.722 brings sound up to 7 kHz. Sibilants up there, and the buzz of synthetic voices, are nothing that the voice
activity detector, the recogniser's tuning or the voice statistics have met, and they mistake them. So whatever comes
is cut to what a telephone call sampled at 8 kHz can carry (ITU-T G.711, G.712).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ
from engine.hearing.features import framed

EDGE_HZ = 4000.0
"""Where sampling at 8 kHz (PCMU, PCMA) ends: a narrow-band call passes unchanged."""

TAPS = 127
"""Length of the filter: a transition of about 420 Hz (3.3 / taps of the rate, Hamming window), 4 ms of delay."""


def _kernel() -> NDArray[np.float32]:
    """Windowed-sinc low-pass, gain 1 at 0 Hz (Oppenheim & Schafer, section 7.5)."""
    n = np.arange(TAPS) - (TAPS - 1) / 2
    kernel = np.sinc(2 * EDGE_HZ / RATE_HZ * n) * np.hamming(TAPS)
    scaled: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return scaled


class TelephoneBand:
    """Low-pass filter of one call; keeps its state from chunk to chunk, so that chunking changes nothing."""

    _KERNEL = _kernel()

    def __init__(self) -> None:
        self._past = np.zeros(TAPS - 1, dtype=np.float32)

    def feed(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """The same number of samples (int16, 16 kHz), 63 samples late, without what lies above the band."""
        if not len(samples):
            return samples
        # Each chunk is computed sample by sample from the same inputs in the same order, whatever its length.
        run = np.concatenate([self._past, samples.astype(np.float32)])
        self._past = run[-(TAPS - 1) :]
        windows = framed(run, TAPS, 1)
        filtered = np.einsum("ij,j->i", windows, self._KERNEL)
        cut: NDArray[np.int16] = np.clip(np.rint(filtered), -32768, 32767).astype(np.int16)
        return cut
