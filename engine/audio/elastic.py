"""An elastic buffer: joins two sound clocks that tick at not quite the same rate.

One thread puts, another gets, in blocks of whatever size; no lock. The getter keeps the depth within bounds: the
*reserve*, what is left after a get, has to stay between ``RESERVE_LOW_S`` and ``RESERVE_HIGH_S``, judged by its
smallest value in the last second, so that uneven blocks count as what they are.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RESERVE_LOW_S = 0.015
RESERVE_HIGH_S = 0.035
"""Bounds of the smallest reserve in a second. As two clocks slide past each other, the reserve jumps by the smaller of
the two block sizes; with devices called every 10 ms that fits between the bounds, and below the lower one."""

RESERVE_AIM_S = 0.022
"""Reserve to begin with, and to return to when there is a chance."""

EXCESS_S = 0.1
"""More than this above the aim is thrown away at once: a delay one hears is worse than a jump."""

STEP_S = 0.01
STEPS_MOST = 6
"""An underrun in running sound raises the bounds by a step, up to that often: the other side comes in bursts."""

RESUME_S = 0.2
"""A gap up to this long was an underrun in running sound; a longer one is a side that paused."""

CAPACITY_S = 1.0
_WINDOW_S = 1.0
_SILENT_PEAK = 33  # -60 dBFS


class ElasticBuffer:
    """Mono int16 samples, up to ``CAPACITY_S`` of them.

    ``put`` belongs to one thread and ``get`` to another. Neither waits, logs or raises.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._capacity = int(CAPACITY_S * rate)
        self._store = np.zeros(self._capacity, np.int16)
        self._written = 0  # moved by put() only
        self._read = 0  # moved by get() only
        self._running = False
        self._steps = 0
        self._gap_samples = 0
        self._stretch = 0  # samples a get takes more (+1) or fewer (-1) than it gives
        self._surplus = 0  # samples to lose in silence, or (negative) to insert
        self._window_left = 0
        self._smallest = self._capacity
        self.underruns = 0
        """How often running sound stopped for want of samples."""
        self.trims = 0
        """How often sound was thrown away to lose a delay."""
        self.corrections = 0
        """Samples dropped or inserted one by one, or in silence, to follow the other clock."""

    @property
    def depth_s(self) -> float:
        """How much is waiting."""
        return (self._written - self._read) / self._rate

    def put(self, samples: NDArray[np.int16]) -> None:
        """Append; what does not fit is dropped (nobody gets: there is nobody to hear it)."""
        room = self._capacity - (self._written - self._read)
        count = min(len(samples), room)
        start = self._written % self._capacity
        first = min(count, self._capacity - start)
        self._store[start : start + first] = samples[:first]
        self._store[: count - first] = samples[first:count]
        self._written += count  # last: from here on the getter sees them

    def get(self, count: int) -> NDArray[np.int16]:
        """The next ``count`` samples; silence while there are not enough to begin with."""
        depth = self._written - self._read
        aim = count + self._samples(RESERVE_AIM_S)
        if not self._running:
            self._gap_samples += count
            if depth < aim:
                return np.zeros(count, np.int16)
            self._begin(count, depth - aim)
            depth = aim
        elif depth > aim + int(EXCESS_S * self._rate):
            self._read += depth - aim
            self.trims += 1
            self._look_afresh()
            depth = aim
        take = count + self._stretch
        if depth < take:
            return self._run_dry(count, depth)
        piece = self._copy(take)
        self._observe(count, depth - take)
        if take != count:
            self.corrections += 1
            piece = _stretched(piece, count)
        if self._surplus and int(np.abs(piece.astype(np.int32)).max(initial=0)) <= _SILENT_PEAK:
            piece = self._corrected_in_silence(piece, depth - take)
        return piece

    def _samples(self, reserve_s: float) -> int:
        return int((reserve_s + self._steps * STEP_S) * self._rate)

    def _begin(self, count: int, excess: int) -> None:
        """Start with the aim: what waited longer is a delay (a device takes its time to start)."""
        self._read += excess
        self.trims += excess > count
        if self.underruns and self._gap_samples <= RESUME_S * self._rate:
            self._steps = min(self._steps + 1, STEPS_MOST)
        self._running = True
        self._look_afresh()

    def _look_afresh(self) -> None:
        self._stretch = self._surplus = 0
        self._window_left = int(_WINDOW_S * self._rate)
        self._smallest = self._capacity

    def _run_dry(self, count: int, depth: int) -> NDArray[np.int16]:
        self._running = False
        self._gap_samples = 0
        self.underruns += 1
        piece = np.zeros(count, np.int16)
        rest = self._copy(min(depth, count))
        piece[: len(rest)] = rest
        return piece

    def _copy(self, count: int) -> NDArray[np.int16]:
        start = self._read % self._capacity
        first = min(count, self._capacity - start)
        piece = np.empty(count, np.int16)
        piece[:first] = self._store[start : start + first]
        piece[first:] = self._store[: count - first]
        self._read += count
        return piece

    def _observe(self, count: int, reserve: int) -> None:
        """Look at the reserve; once a second decide how to go on."""
        self._smallest = min(self._smallest, reserve)
        self._window_left -= count
        if self._window_left > 0:
            return
        smallest, aim = self._smallest, self._samples(RESERVE_AIM_S)
        self._look_afresh()
        if smallest > self._samples(RESERVE_HIGH_S):
            self._stretch, self._surplus = 1, smallest - aim
        elif smallest < self._samples(RESERVE_LOW_S):
            self._stretch, self._surplus = -1, smallest - aim

    def _corrected_in_silence(self, silence: NDArray[np.int16], reserve: int) -> NDArray[np.int16]:
        """Nobody hears a jump in silence: leave some of it out, or say some of it twice, and be back at the aim."""
        if self._surplus > 0:
            jump = min(self._surplus, reserve, len(silence))
            silence = np.concatenate([silence[jump:], self._copy(jump)])
        else:
            jump = min(-self._surplus, len(silence))
            self._read -= jump  # still there: the putter is most of the capacity away from it
        self.corrections += jump
        self._look_afresh()
        return silence


@cache
def _positions(take: int, give: int) -> NDArray[np.float64]:
    return np.linspace(0, take - 1, give)


def _stretched(piece: NDArray[np.int16], count: int) -> NDArray[np.int16]:
    """``piece`` as ``count`` samples, by linear interpolation."""
    return np.interp(_positions(len(piece), count), np.arange(len(piece)), piece).astype(np.int16)
