"""Is the voice a person's on the line now, or a recording's? Heard from the sound alone, from 0.2 s of speech on.

    blocks (features) --> 26 numbers each 20 ms --> means, spreads and changes of four parts --> network --> log-odds
    voice (vad) --------^                           before, just before, voice, its pauses

A studio, a synthesiser and a music bed sound different from a room with a microphone: in the pauses, in the fine
structure of the voice, in its melody. A small network (``resources/models/liveness.npz``, described in ``liveness.md``
beside it, trained by ``packaging/train_liveness.py``) weighs that every 0.1 s. It looks at up to 2 s from before the
voice as well, because room tone and the way music ended tell something; while nobody speaks only references to blocks
are kept.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from zipfile import BadZipFile

import numpy as np

from engine.hearing.features import FLOOR_DB, Block, Floats
from resources import locate

_log = logging.getLogger(__name__)

CONTEXT_BLOCKS = 20
"""How much from before the utterance was sure to have begun is looked at: 2 s."""
FRAMES = 5
"""Frames the network takes of a block: every second one, 20 ms apart; they are 32 ms wide."""
NUMBERS = 26
VOICE = 19
"""Which of the numbers is the probability of a voice."""
LAG = 4
"""Changes are looked at from frame to frame, and over so many frames: 80 ms, about half a syllable."""
LATE_BLOCKS = 6
"""So much of what was before, 0.6 s, is looked at on its own as well."""
AGE_BLOCKS = 40
"""The network knows how long the voice has gone on, up to so many blocks."""
PRIOR_FRAMES = 2.0
"""Means begin as if so many average frames had been heard."""
_BIN_FLOOR = 1e-9
_SPECTRUM_BINS = 257
_FIRST_BIN = 6  # of ``Block.power`` in the whole spectrum: 200 Hz at 31.25 Hz a bin
_SHORTEST_LAG, _LONGEST_LAG = 40, 230  # samples at 16 kHz: 400 and 70 Hz
_PARTS = 4


def numbers_of(block: Block, voice: Floats) -> Floats:
    """What the network hears of a block, shape (FRAMES, NUMBERS); ``voice``: the windows that ended within it."""
    power = block.power[1::2]
    level = np.maximum(block.level_db[1::2], FLOOR_DB)
    loud = np.log(power + _BIN_FLOOR)
    spectrum = np.zeros((FRAMES, _SPECTRUM_BINS), np.float32)
    spectrum[:, _FIRST_BIN : _FIRST_BIN + power.shape[1]] = np.sqrt(power + _BIN_FLOOR)
    likeness = np.fft.irfft(spectrum, axis=1)
    melody = likeness[:, _SHORTEST_LAG:_LONGEST_LAG] / likeness[:, :1]
    lag = melody.argmax(axis=1)
    width = loud.shape[1] // _PARTS
    parts = loud[:, : width * _PARTS].reshape(FRAMES, _PARTS, width)
    means = np.log(np.exp(parts).mean(axis=2))
    if len(voice):
        spoken = voice[np.arange(FRAMES) * len(voice) // FRAMES]
    else:
        spoken = np.zeros(FRAMES, np.float32)
    return np.concatenate(
        [
            block.bands_db[1::2],
            level[:, None],
            block.flatness[1::2, None],
            (block.flux_db[0::2, None] + block.flux_db[1::2, None]) / 2,
            spoken[:, None],
            melody.max(axis=1)[:, None],
            np.log2((lag + _SHORTEST_LAG) / 100.0)[:, None],
            parts.mean(axis=2) - means,
        ],
        axis=1,
    ).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """Weights: scaling of the numbers and of their statistics, one hidden layer, and the calibration by age."""

    mean: Floats  # (NUMBERS,)
    scale: Floats  # (NUMBERS,)
    centre: Floats  # (statistics,)
    spread: Floats  # (statistics,)
    hidden: Floats  # (statistics, hidden)
    hidden_bias: Floats
    out: Floats  # (hidden,)
    out_bias: Floats  # (1,)
    slope: Floats  # (AGE_BLOCKS,)
    offset: Floats  # (AGE_BLOCKS,)

    def log_odds(self, known: Floats, age_blocks: int) -> float:
        """Natural log-odds of a person at even priors, from the statistics of a voice of this age."""
        scaled = np.clip((known - self.centre) / self.spread, -5.0, 5.0)
        output = np.maximum(0.0, scaled @ self.hidden + self.hidden_bias) @ self.out + self.out_bias[0]
        row = min(age_blocks, AGE_BLOCKS) - 1
        return float(self.slope[row] * output + self.offset[row])


@lru_cache(maxsize=1)
def model() -> Model | None:
    """The shipped weights; None, said once in the log, where they are missing or damaged: the call goes on."""
    try:
        with (
            locate("models", "liveness.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            return Model(**{name: np.asarray(stored[name], np.float32) for name in Model.__slots__})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        _log.error("Persons and recordings are not told apart by their sound: liveness.npz: %s", error)
        return None


class Statistics:
    """Means, spreads and changes of the numbers of one utterance, and of what was before it, as time goes on."""

    def __init__(self, mean: Floats, scale: Floats) -> None:
        self._mean, self._scale = mean, scale
        self._last = np.zeros((0, NUMBERS), np.float32)
        self._counts = np.zeros(4, np.float32)  # frames before, just before, voiced, in pauses
        self._sums = np.zeros((4, 4, NUMBERS), np.float32)  # of each: itself, its square, its two changes

    def add(self, numbers: Floats, age_blocks: int) -> None:
        """Take a block in; ``age_blocks``: since the voice began, counting this one; 0 and less before it."""
        frames = np.clip((numbers - self._mean) / self._scale, -4.0, 4.0)
        line = np.concatenate([self._last, frames])
        fresh = len(self._last)
        self._last = line[-LAG:]
        step = np.zeros_like(line)
        step[1:] = np.abs(line[1:] - line[:-1])
        stride = np.zeros_like(line)
        stride[LAG:] = np.abs(line[LAG:] - line[:-LAG])
        values = np.stack([frames, frames * frames, step[fresh:], stride[fresh:]])
        if age_blocks <= 0:
            self._put(0, values)
            if age_blocks > -LATE_BLOCKS:
                self._put(1, values)
        else:
            spoken = numbers[:, VOICE] >= 0.5
            self._put(2, values[:, spoken])
            self._put(3, values[:, ~spoken])

    def _put(self, part: int, values: Floats) -> None:
        self._counts[part] += values.shape[1]
        self._sums[part] += values.sum(axis=1)

    def known(self, age_blocks: int) -> Floats:
        """The statistics: of each part its means (spreads, changes) and how long it was; the age."""
        means = self._sums / (self._counts[:, None, None] + PRIOR_FRAMES)
        spreads = np.sqrt(np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0) + 1e-3)
        lengths = np.log1p(self._counts)[:, None] / 3.0
        before, late, voice, pause = range(4)
        return np.concatenate(
            [
                *(means[before, 0], spreads[before], lengths[before]),
                *(means[late, 0], lengths[late]),
                *(means[voice, 0], spreads[voice], means[voice, 2], means[voice, 3], lengths[voice]),
                *(means[pause, 0], means[pause, 2], lengths[pause]),
                np.array([min(age_blocks, AGE_BLOCKS) / 20.0], np.float32),
            ]
        ).astype(np.float32)


class Liveness:
    """Listens to one call. Deterministic: everything goes by blocks, whatever the chunks."""

    def __init__(self) -> None:
        self._context: deque[tuple[Block, Floats]] = deque(maxlen=CONTEXT_BLOCKS)
        self._model: Model | None = None
        self._statistics: Statistics | None = None
        self._age_blocks = 0
        self._log_odds: float | None = None

    def listen(self, block: Block, voice: Floats) -> None:
        """Take 0.1 s in: kept as context while nobody speaks, weighed while an utterance goes on."""
        self._context.append((block, voice))
        if self._statistics is not None:
            self._age_blocks += 1
            self._add(self._statistics, block, voice)
            self._weigh()

    def begin(self, voiced_blocks: int) -> None:
        """An utterance has begun, ``voiced_blocks`` blocks ago, counting the one just listened to."""
        self.end()
        self._model = model()
        if self._model is None:
            return
        statistics = Statistics(self._model.mean, self._model.scale)
        self._age_blocks = voiced_blocks - len(self._context)
        for block, voice in self._context:
            self._age_blocks += 1
            self._add(statistics, block, voice)
        self._statistics = statistics
        self._weigh()

    def end(self) -> None:
        """The utterance is over."""
        self._statistics = None
        self._log_odds = None

    def log_odds(self) -> float | None:
        """Natural log-odds at even priors that a person speaks, a recording below 0; None outside an utterance."""
        return self._log_odds

    def _add(self, statistics: Statistics, block: Block, voice: Floats) -> None:
        statistics.add(numbers_of(block, voice), self._age_blocks)

    def _weigh(self) -> None:
        if self._statistics is not None and self._model is not None and self._age_blocks > 0:
            known = self._statistics.known(self._age_blocks)
            self._log_odds = round(self._model.log_odds(known, self._age_blocks), 3)
