"""The leg of the line a voice comes down: its noise floor and its level, compared with those of the voices before.

A company's recordings come down one leg of the line, with one codec and one noise; a person sits at another telephone,
in a room. In the gaps of a voice and just before it the floor of its leg is heard: the quietest frames without voice,
as 16 bands. The change is the mean difference of the bands to the most similar floor heard with earlier voices, in
decibels. Music hides the floor: while it plays beneath a voice nothing is said. The level is that of the voiced frames.
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
LEAST_LEVELS = 15
LOUD_SHARE = 0.8
"""Frames with voice that a level needs, and the share of them that are softer than it."""
VOICED_BLOCKS = 3
"""So far back a voice has begun when it is sure."""
MOST_LEGS = 24
SAME_TALK_S = 6.0
"""Who spoke so shortly before may be the same person: no floor to compare with."""
_QUIET, _VOICED = 0.2, 0.5


@dataclass(frozen=True, slots=True)
class Leg:
    """Around a voice that ended at ``end_s``: the floor's mean bands (BANDS,), None when unheard, and its level."""

    floor_db: Floats | None
    level_db: float | None
    end_s: float


class Legs:
    """What was heard of the legs of one call."""

    def __init__(self) -> None:
        self._before: deque[Floats] = deque(maxlen=BEFORE_BLOCKS)
        self._before_levels: deque[Floats] = deque(maxlen=VOICED_BLOCKS)
        self._known: list[Leg] = []
        self._frames: list[Floats] = []
        self._levels: list[Floats] = []
        self._start_s = self._end_s = 0.0
        self._speaking = False

    def listen(self, block: Block, voice: Floats) -> None:
        """Take 0.1 s in; ``voice``: probabilities of the windows of the voice detector that ended within it."""
        gaps, levels = _parted(block, voice)
        if self._speaking:
            self._frames.append(gaps)
            self._levels.append(levels)
            self._end_s = (block.index + 1) * BLOCK_S
        else:
            self._before.append(gaps)
            self._before_levels.append(levels)

    def begin(self, at_s: float) -> None:
        """A voice began at ``at_s``; the blocks since then and shortly before were listened to."""
        self._frames, self._levels = list(self._before), list(self._before_levels)
        self._before.clear()
        self._before_levels.clear()
        self._start_s = self._end_s = at_s
        self._speaking = True

    def end(self, music: bool) -> None:
        """The voice has ended. ``music``: it had some beneath, so that its floor was not heard."""
        leg = Leg(None if music else self._floor(), self._level(), self._end_s)
        self._known = [*self._known, leg][-MOST_LEGS:]
        self._frames, self._levels = [], []
        self._speaking = False

    def floor_change_db(self) -> float | None:
        """How unlike the floor of the voice is to all floors of earlier voices; None when one of them is unknown."""
        floor = self._floor()
        known = [leg.floor_db for leg in self._earlier() if leg.floor_db is not None]
        if floor is None or not known:
            return None
        return round(float(np.abs(np.stack(known) - floor).mean(axis=1).min()), 2)

    def level_change_db(self) -> float | None:
        """How far the level of the voice is from that of the earlier voice nearest to it; louder is positive."""
        level = self._level()
        known = [leg.level_db for leg in self._earlier() if leg.level_db is not None]
        if level is None or not known:
            return None
        changes = np.array([level - old for old in known])
        return round(float(changes[np.abs(changes).argmin()]), 2)

    def _earlier(self) -> list[Leg]:
        return [leg for leg in self._known if leg.end_s < self._start_s - SAME_TALK_S]

    def _level(self) -> float | None:
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0, np.float32)
        if len(levels) < LEAST_LEVELS:
            return None
        return float(np.quantile(levels, LOUD_SHARE))

    def _floor(self) -> Floats | None:
        frames = np.concatenate(self._frames) if self._frames else np.zeros((0, 0), np.float32)
        if len(frames) < LEAST_FRAMES:
            return None
        level = frames.mean(axis=1)
        quiet = frames[level <= np.quantile(level, QUIET_SHARE)]
        return np.asarray(np.maximum(quiet, SILENT_DB).mean(axis=0), np.float32)


def _parted(block: Block, voice: Floats) -> tuple[Floats, Floats]:
    """The bands (n, BANDS) of the frames without voice, and the levels (m,) of those with it."""
    if not len(voice):
        return block.bands_db[:0], block.level_db[:0]
    frames = len(block.bands_db)
    spoken = voice[np.arange(frames) * len(voice) // frames]
    return block.bands_db[spoken < _QUIET], block.level_db[spoken >= _VOICED]
