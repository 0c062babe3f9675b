"""Is music playing, alone or beneath a voice; does somebody talk; does somebody sing? Ten answers a second.

Speech alone falls silent between syllables in every band and its harmonics glide; music keeps some bands filled and
holds its notes; song does both. ``inputs`` puts 0.1 s into numbers - bands, change, lines that stay, the voice
detector's windows - and a small recurrent network weighs them with what it heard before:

    inputs (48) --> tanh layer --> gated recurrent unit --> music, talking, singing (each 0..1, one by one)

The weights lie in ``resources/models/music_bed.json`` (what they are and how well they do: ``music_bed.md`` beside
them) and come from ``packaging/train_music_bed.py``. The unit is that of Cho et al. (2014) with the reset applied
after the product, as PyTorch computes it. Numbers and step take 0.11 ms in numpy (on a busy machine); no library is
needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.hearing.features import BANDS, BLOCK_SAMPLES, Analyser, Block, Floats
from engine.hearing.transcriber import ModelMissing
from resources import locate

INPUTS = 2 * BANDS + 16
_UNVOICED = np.zeros(3, np.float32)


def inputs(block: Block, voice: Floats) -> Floats:
    """0.1 s as numbers of about the size of one: shape (INPUTS,). ``voice``: the windows that ended in the block."""
    level, flat = block.level_db, block.flatness
    if not len(voice):
        voice = _UNVOICED
    numbers = np.empty(INPUTS, np.float32)
    numbers[:BANDS] = (block.bands_db.max(axis=0) + 45.0) / 15.0
    numbers[BANDS : 2 * BANDS] = (block.bands_db.min(axis=0) + 50.0) / 15.0
    held = block.held.sum() * 0.5
    held_long = block.held_long.sum() * 0.5
    numbers[2 * BANDS :] = (
        (level.max() + 35.0) / 15.0,
        (level.min() + 42.0) / 15.0,
        block.flux_db.sum() * 0.1 - 1.0,
        block.flux_db.max() * 0.2 - 1.0,
        flat.sum() * 0.4 - 1.0,
        flat.min() * 8.0 - 1.0,
        flat.max() * 3.0 - 1.0,
        held * 3.0 - 1.0,
        held_long * 3.0 - 1.0,
        *(block.held_bands[0] + block.held_bands[1]) * 1.5 - 1.0,
        voice.max() * 2.0 - 1.0,
        voice.min() * 2.0 - 1.0,
        voice[-1] * 2.0 - 1.0,
    )
    clipped: Floats = np.minimum(np.maximum(numbers, -4.0), 4.0)
    return clipped


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the network believes of the last 0.1 s, each 0..1 and independent of the others."""

    music: float  # sounds, alone or beneath a voice; also between two notes
    talking: float  # somebody talks, also in the short pauses of talk
    singing: float  # somebody sings


@dataclass(frozen=True, slots=True)
class Network:
    """Weights. ``entry`` (INPUTS, e), ``in_gates`` (e, 3h) and ``state_gates`` (h, 3h) as reset, update, new."""

    entry: Floats
    entry_bias: Floats
    in_gates: Floats
    in_bias: Floats
    state_gates: Floats
    state_bias: Floats
    out: Floats
    out_bias: Floats

    def step(self, numbers: Floats, state: Floats) -> tuple[Floats, Floats]:
        """The three probabilities, and the state to go on from."""
        size = len(state)
        fresh = np.tanh(numbers @ self.entry + self.entry_bias) @ self.in_gates + self.in_bias
        kept = state @ self.state_gates + self.state_bias
        gates = 1.0 / (1.0 + np.exp(-(fresh[: 2 * size] + kept[: 2 * size])))
        new = np.tanh(fresh[2 * size :] + gates[:size] * kept[2 * size :])
        state = new + gates[size:] * (state - new)
        return 1.0 / (1.0 + np.exp(-(state @ self.out + self.out_bias))), state


@lru_cache(maxsize=1)
def network() -> Network:
    """The shipped weights. Raises ``ModelMissing`` when they are missing or damaged."""
    try:
        path = locate("models", "music_bed.json")
    except FileNotFoundError as problem:
        raise ModelMissing(str(problem)) from problem
    try:
        stored = json.loads(path.read_text("utf-8"))
        found = Network(*(np.array(stored[name], np.float32) for name in Network.__slots__))
        found.step(np.zeros(INPUTS, np.float32), found.state_bias[: len(found.state_gates)])  # the shapes fit
    except (OSError, ValueError, KeyError, TypeError, IndexError) as problem:
        raise ModelMissing(
            f"The music detector {path} is damaged ({type(problem).__name__}). Install the program again."
        ) from problem
    return found


@lru_cache(maxsize=1)
def _at_rest() -> Floats:
    """The state after two seconds of silence: what one knows of a line on which nothing sounds."""
    analyser, nothing = Analyser(), np.zeros(BLOCK_SAMPLES, np.int16)
    state = np.zeros(len(network().state_gates), np.float32)
    for _ in range(20):
        _, state = network().step(inputs(analyser.block(nothing), _UNVOICED), state)
    return state


class BedSense:
    """The network's view of one call."""

    def __init__(self) -> None:
        self._network = network()
        self._state = _at_rest()

    def step(self, block: Block, voice: Floats) -> Estimate:
        """Take the next 0.1 s in."""
        said, self._state = self._network.step(inputs(block, voice), self._state)
        return Estimate(float(said[0]), float(said[1]), float(said[2]))

    def forget(self) -> None:
        """Begin anew, as after a long silence."""
        self._state = _at_rest()
