"""A ring of PCM in ordinary memory: one process, any threads. Twin of ``shared_ring``, and the arithmetic of both.

    tap ring     one writer ``append``s for ever, the oldest sound is overwritten   -> readers ``read`` by index
    talk ring    one writer ``write``s as far as there is ``room``                  -> one player ``take``s in order

No lock: each counter has exactly one writer, and sound is stored before the counter that announces it. A reader
copies first and looks at the counters again afterwards, so that it returns right sound or raises ``SoundLost``.
"""

from __future__ import annotations

import numpy as np

from engine.audio.format import RATE_HZ
from engine.audio.ring import Samples, SoundLost

Counters = memoryview
"""Of 64-bit integers ("q"). Read and written as plain integers, without a numpy scalar in between."""

GENERATION, WRITTEN, PLAYED, CLEARED = range(4)
"""Places of the counters. ``GENERATION`` grows each time the ring is given to another leg."""
COUNTER_PLACES = 8  # one cache line of 64 bytes

CHUNK_SAMPLES = 1024
"""Sound is stored in pieces of at most this size; a piece being stored now is never given to a reader."""

NOTHING: Samples = np.zeros(0, dtype=np.int16)
NOTHING.setflags(write=False)

TAP_SECONDS = 60.0
TALK_SECONDS = 30.0


def fresh_counters() -> Counters:
    """Counters that stand at nought."""
    return memoryview(bytearray(COUNTER_PLACES * 8)).cast("q")


class MemoryRing:
    """Reader, writer and player sides of one ring. Raises ``ValueError`` for less than two chunks of room."""

    def __init__(self, seconds: float = TAP_SECONDS, rate: int = RATE_HZ) -> None:
        capacity = round(seconds * rate)
        if capacity < 2 * CHUNK_SAMPLES:
            raise ValueError(f"a ring of {capacity} samples is too small: {2 * CHUNK_SAMPLES} at least")
        self._rate = rate
        self._counters = fresh_counters()
        self._sound: Samples = np.zeros(capacity, dtype=np.int16)

    def _views(self) -> tuple[Counters, Samples]:
        """Counters and sound as they are now. Fetched once per operation: the shared ring may be closed between."""
        return self._counters, self._sound

    # --- both -------------------------------------------------------------------------------------------------

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self._rate

    @property
    def written(self) -> int:
        """Samples written since the beginning."""
        return self._views()[0][WRITTEN]

    # --- reader -----------------------------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Index of the oldest sample that can still be read."""
        counters, sound = self._views()
        return _oldest(counters[WRITTEN], len(sound))

    def read(self, start: int, count: int) -> Samples:
        """Copy ``count`` samples from ``start``; fewer, or none, when they are not written yet.

        Raises ``SoundLost`` when the first of them has been overwritten, ``ValueError`` for negative arguments.
        """
        if start < 0 or count < 0:
            raise ValueError(f"cannot read {count} samples from {start}")
        counters, sound = self._views()
        end = min(start + count, counters[WRITTEN])
        if end <= start:
            if start < (first := _oldest(counters[WRITTEN], len(sound))):
                raise SoundLost(first)
            return NOTHING
        copy = _copy_out(sound, start, end) if len(sound) else NOTHING
        first = _oldest(counters[WRITTEN], len(sound))
        if start < first:
            raise SoundLost(first)
        return copy

    # --- writer -----------------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Samples that can be written now without overtaking the player."""
        counters, sound = self._views()
        waiting = counters[WRITTEN] - max(counters[PLAYED], counters[CLEARED])
        return max(0, len(sound) - CHUNK_SAMPLES - waiting)

    @property
    def played(self) -> int:
        """Samples taken by the player, or dropped by ``clear``, since the beginning."""
        counters, _ = self._views()
        return max(counters[PLAYED], counters[CLEARED])

    def write(self, samples: Samples) -> int:
        """Append as much of ``samples`` (int16, mono) as there is room for; returns how many were taken."""
        taken = min(len(samples), self.room)
        self._store(samples[:taken])
        return taken

    def append(self, samples: Samples) -> None:
        """Append all of ``samples``, whoever has read the oldest or not: how a tap is written."""
        self._store(samples)

    def clear(self) -> None:
        """Drop what was written but not yet played."""
        counters, _ = self._views()
        counters[CLEARED] = counters[WRITTEN]

    def _store(self, samples: Samples) -> None:
        counters, sound = self._views()
        capacity = len(sound)
        if not capacity:
            return
        written, count = counters[WRITTEN], len(samples)
        place = written % capacity
        if count <= CHUNK_SAMPLES and place + count <= capacity:  # a frame, nearly always
            sound[place : place + count] = samples
            counters[WRITTEN] = written + count
            return
        for begin in range(0, count, CHUNK_SAMPLES):
            piece = samples[begin : begin + CHUNK_SAMPLES]
            place = written % capacity
            until_wrap = capacity - place
            if len(piece) <= until_wrap:
                sound[place : place + len(piece)] = piece
            else:
                sound[place:] = piece[:until_wrap]
                sound[: len(piece) - until_wrap] = piece[until_wrap:]
            written += len(piece)
            counters[WRITTEN] = written

    # --- player -----------------------------------------------------------------------------------------------

    def take(self, count: int) -> Samples:
        """The player's side: the next samples in order, at most ``count``, fewer when fewer are waiting."""
        counters, sound = self._views()
        begin = max(counters[PLAYED], counters[CLEARED])
        end = min(begin + count, counters[WRITTEN])
        copy = _copy_out(sound, begin, end) if end > begin and len(sound) else NOTHING
        counters[PLAYED] = max(begin, end)
        return copy

    def reset(self) -> None:
        """Begin anew for another leg: all counters zero, one generation on. Neither side may be at work."""
        counters, _ = self._views()
        counters[GENERATION] += 1
        counters[WRITTEN] = counters[PLAYED] = counters[CLEARED] = 0


def _oldest(written: int, capacity: int) -> int:
    return max(0, written - max(0, capacity - CHUNK_SAMPLES))


def _copy_out(sound: Samples, start: int, end: int) -> Samples:
    capacity = len(sound)
    place = start % capacity
    count = min(end - start, capacity)
    if place + count <= capacity:
        return sound[place : place + count].copy()
    return np.concatenate((sound[place:], sound[: count - (capacity - place)]))
