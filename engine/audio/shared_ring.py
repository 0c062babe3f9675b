"""Rings of PCM in shared memory: writer and reader sit in different processes.

One block of shared memory holds all rings of a line, so that nothing is made or unmade while calls come and go:

    block   = header (magic, rings, rate) | capacity of each ring | counters of each ring | sound of each ring

The process that ``create``s a block is the one that unlinks it; the line process only ``attach``es, and may be killed
at any moment without leaving anything behind. When the creator itself is killed, Python's resource tracker (one
for a process and all it spawned) unlinks the block.

A ring is handed from leg to leg. A ``SharedRing`` belongs to one generation; when the place has been given to another
leg it reads as "all lost" and writes into nothing: never wrong sound.

Counters are aligned 64-bit integers, stored and loaded whole on every machine the program runs on (x86-64, arm64).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from engine.audio.format import RATE_HZ
from engine.audio.memory_ring import (
    CHUNK_SAMPLES,
    COUNTER_PLACES,
    GENERATION,
    NOTHING,
    WRITTEN,
    Counters,
    MemoryRing,
    fresh_counters,
)
from engine.audio.ring import Samples

MAGIC = 0x484F4C44534C4152  # "HOLDSLAR": a block of another program is refused
HEADER_PLACES = 8
_COUNTER_BYTES = COUNTER_PLACES * 8
_CLOSE_PATIENCE_S = 1.0


class SoundBlock:
    """One piece of shared memory with a number of rings in it."""

    def __init__(self, memory: SharedMemory, owner: bool) -> None:
        self._memory: SharedMemory | None = memory
        self._owner = owner
        self.name = memory.name
        buffer = memory.buf
        assert buffer is not None  # it is None after close() only
        header = np.frombuffer(buffer, dtype=np.int64, count=HEADER_PLACES)
        magic, rings, self.rate = (int(place) for place in header[:3])
        del header
        if magic != MAGIC:
            raise ValueError(f"shared memory {memory.name} does not hold rings of this program")
        capacities = np.frombuffer(buffer, dtype=np.int64, count=rings, offset=HEADER_PLACES * 8).tolist()
        counters_at, sound_at = _layout(capacities)
        self.views: list[tuple[Counters, Samples]] = []
        for counters_offset, sound_offset, capacity in zip(counters_at, sound_at, capacities, strict=True):
            counters = buffer[counters_offset : counters_offset + _COUNTER_BYTES].cast("q")
            sound = np.frombuffer(buffer, dtype=np.int16, count=capacity, offset=sound_offset)
            self.views.append((counters, sound))

    @classmethod
    def create(cls, seconds: Sequence[float], rate: int = RATE_HZ) -> SoundBlock:
        """A new block with one ring of each length in ``seconds``. Raises ``OSError`` when memory is short."""
        capacities = [round(each * rate) for each in seconds]
        if any(capacity < 2 * CHUNK_SAMPLES for capacity in capacities):
            raise ValueError(f"every ring needs {2 * CHUNK_SAMPLES} samples at least")
        _, sound_at = _layout(capacities)
        size = (sound_at[-1] + capacities[-1] * 2) if capacities else HEADER_PLACES * 8
        memory = SharedMemory(name=_new_name(), create=True, size=size)
        assert memory.buf is not None
        header = np.frombuffer(memory.buf, dtype=np.int64, count=HEADER_PLACES + len(capacities))
        header[1:3] = (len(capacities), rate)
        header[HEADER_PLACES:] = capacities
        header[0] = MAGIC
        del header
        return cls(memory, owner=True)

    @classmethod
    def attach(cls, name: str) -> SoundBlock:
        """The block ``name`` made by another process. Raises ``FileNotFoundError`` when it is gone.

        To be called in the creator's process or in one it spawned: they share a resource tracker, for which
        attaching is the same as what the creator has already told it.
        """
        return cls(SharedMemory(name=name), owner=False)

    def ring(self, index: int) -> SharedRing:
        """Ring ``index`` for the leg that has it now."""
        return SharedRing(self, index)

    def close(self) -> None:
        """Let go of the memory; the creator also unlinks it. Rings of the block keep their clock, without sound."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        self.views = [(_copied(counters), NOTHING) for counters, _ in self.views]
        if self._owner:
            memory.unlink()
        # A reader in another thread may be in the middle of a copy; it holds the memory for some microseconds more.
        give_up_at = time.monotonic() + _CLOSE_PATIENCE_S
        while True:
            try:
                memory.close()
                return
            except BufferError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.001)


class SharedRing(MemoryRing):
    """One generation of one ring of a block: reader, writer and player sides."""

    def __init__(self, block: SoundBlock, index: int) -> None:
        self._block = block
        self._index = index
        self._rate = block.rate
        self._generation = block.views[index][0][GENERATION]
        self._last: Counters | None = None

    @property
    def index(self) -> int:
        """Which ring of the block this is."""
        return self._index

    def _views(self) -> tuple[Counters, Samples]:
        counters, sound = self._block.views[self._index]
        if counters[GENERATION] == self._generation:
            return counters, sound
        if self._last is None:
            # Given to another leg: our counters stand still (the clock at nought if nobody looked before).
            self._last = fresh_counters()
        return self._last, NOTHING

    def retire(self) -> None:
        """Remember where the clock stood, before the place is given to another leg."""
        counters, _ = self._views()
        self._last = _copied(counters)

    def read(self, start: int, count: int) -> Samples:
        """As ``RingReader.read``; raises ``SoundLost`` when the place went to another leg in the meantime."""
        copy = super().read(start, count)
        if len(copy) and self._block.views[self._index][0][GENERATION] != self._generation:
            return super().read(start, count)
        return copy

    def reset(self) -> None:
        """Take the ring for a new leg; this object becomes the new generation's."""
        counters, _ = self._block.views[self._index]
        counters[GENERATION] += 1  # first, so that whoever still has the ring of before stops at once
        for place in range(WRITTEN, COUNTER_PLACES):
            counters[place] = 0
        self._generation = counters[GENERATION]
        self._last = None


def _copied(counters: Counters) -> Counters:
    return memoryview(bytearray(counters)).cast("q")


def _new_name() -> str:
    """A name that tells whose it is: "hs-", process id, a random part (macOS: 30 characters at most)."""
    return f"hs-{os.getpid()}-{secrets.token_hex(6)}"


def _layout(capacities: Sequence[int]) -> tuple[list[int], list[int]]:
    """Byte offsets of every ring's counters and sound; each begins on a cache line."""
    at = _line_up((HEADER_PLACES + len(capacities)) * 8)
    counters_at = [at + index * _COUNTER_BYTES for index in range(len(capacities))]
    at += len(capacities) * _COUNTER_BYTES
    sound_at: list[int] = []
    for capacity in capacities:
        sound_at.append(at)
        at = _line_up(at + capacity * 2)
    return counters_at, sound_at


def _line_up(offset: int) -> int:
    return (offset + 63) // 64 * 64
