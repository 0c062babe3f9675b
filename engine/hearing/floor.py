"""What sounds when nobody speaks: the noise floor around a voice, compared with that around the voices before.

A company's recordings come down one leg of the line, with one codec and one noise; a person sits at another telephone,
in a room. In the gaps of a voice and just before it the floor of its leg is heard: the quietest frames without voice,
as 16 bands. The change is the mean difference of the bands to the most similar floor heard with earlier voices, in
decibels. Music hides the floor: while it plays beneath a voice nothing is said.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from engine.hearing.features import BLOCK_S, FLOOR_DB, Block, Floats

BEFORE_BLOCKS = 7
"""How far back is listened when a voice has been sure to begin: about 0.4 s of it lie before the voice. What lies
further back may be music that faded."""
LEAST_FRAMES = 12
"""Frames (of 10 ms) without voice that a floor needs."""
QUIET_SHARE = 0.5
"""Of the frames without voice the quieter half counts: consonants and breaths are no floor."""
SILENT_DB = FLOOR_DB + 6.0
"""Below it codecs differ in how they round; all of it counts as silence."""
MOST_FLOORS = 24
SAME_TALK_S = 6.0
"""Who spoke so shortly before may be the same person: no floor to compare with."""
_VOICED = 0.2


@dataclass(frozen=True, slots=True)
class Floor:
    """Mean bands in decibels (BANDS,) around a voice that ended at ``end_s``."""

    bands_db: Floats
    end_s: float


class NoiseFloor:
    """The floors of one call."""

    def __init__(self) -> None:
        self._before: deque[Floats] = deque(maxlen=BEFORE_BLOCKS)
        self._known: list[Floor] = []
        self._frames: list[Floats] = []
        self._start_s = self._end_s = 0.0
        self._speaking = False

    def listen(self, block: Block, voice: Floats) -> None:
        """Take 0.1 s in; ``voice``: probabilities of the windows of the voice detector that ended within it."""
        gaps = _gaps(block, voice)
        if self._speaking:
            self._frames.append(gaps)
            self._end_s = (block.index + 1) * BLOCK_S
        else:
            self._before.append(gaps)

    def begin(self, at_s: float) -> None:
        """A voice began at ``at_s``; the blocks since then and shortly before were listened to."""
        self._frames = list(self._before)
        self._before.clear()
        self._start_s = self._end_s = at_s
        self._speaking = True

    def end(self, music: bool) -> None:
        """The voice has ended. ``music``: it had some beneath, so that its floor was not heard."""
        floor = None if music else self._floor()
        if floor is not None:
            self._known = [*self._known, Floor(floor, self._end_s)][-MOST_FLOORS:]
        self._frames = []
        self._speaking = False

    def change_db(self) -> float | None:
        """How unlike the floor of the voice is to all floors of earlier voices; None when one of them is unknown."""
        floor = self._floor()
        known = [old.bands_db for old in self._known if old.end_s < self._start_s - SAME_TALK_S]
        if floor is None or not known:
            return None
        return round(float(np.abs(np.stack(known) - floor).mean(axis=1).min()), 2)

    def _floor(self) -> Floats | None:
        frames = np.concatenate(self._frames) if self._frames else np.zeros((0, 0), np.float32)
        if len(frames) < LEAST_FRAMES:
            return None
        level = frames.mean(axis=1)
        quiet = frames[level <= np.quantile(level, QUIET_SHARE)]
        return np.asarray(np.maximum(quiet, SILENT_DB).mean(axis=0), np.float32)


def _gaps(block: Block, voice: Floats) -> Floats:
    """The bands of the frames without voice, (n, BANDS)."""
    if not len(voice):
        return block.bands_db[:0]
    frames = len(block.bands_db)
    spoken = voice[np.arange(frames) * len(voice) // frames]
    return block.bands_db[spoken < _VOICED]
