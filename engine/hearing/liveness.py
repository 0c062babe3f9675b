"""Is the voice a person's on the line now, or a recording's? Heard from the sound alone, from 0.2 s of speech on.

    blocks (features) --> 26 numbers each 20 ms --> three causal convolutions --> gated means --> log-odds each 0.1 s
    voice (vad) --------^

A studio, a synthesiser and a music bed sound different from a room with a microphone: in the pauses, in the fine
structure of the voice, in its melody. The network (``resources/models/liveness.npz``, described in ``liveness.md``
beside it, trained by ``packaging/train_liveness.py``) weighs that. It looks at up to 2 s from before the voice as well,
because room tone and the way music ended tell much; while nobody speaks only references to blocks are kept.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
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
KERNEL = 3
DILATIONS = (1, 2, 4)
"""Of the three convolutions: together they look back 14 frames, 0.28 s."""
AGE_BLOCKS = 30
"""The network knows how long the voice has gone on, up to so many blocks."""
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
class Network:
    """Weights. ``hear``: of the convolutions, (KERNEL * inputs, outputs) each, oldest frame first."""

    mean: Floats  # (NUMBERS,)
    scale: Floats  # (NUMBERS,)
    hear: tuple[Floats, ...]
    hear_bias: tuple[Floats, ...]
    gate: Floats  # (outputs, gates)
    gate_bias: Floats
    keep: Floats  # (outputs, gates * kept)
    keep_bias: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats  # (hidden,)
    out_bias: float


@dataclass(frozen=True, slots=True)
class Model:
    """Networks whose outputs are averaged, and what makes the mean a log-odds at each age of the voice."""

    networks: tuple[Network, ...]
    slope: Floats  # (AGE_BLOCKS,)
    offset: Floats  # (AGE_BLOCKS,)

    def log_odds(self, output: float, age_blocks: int) -> float:
        """Natural log-odds of a person at even priors."""
        row = min(age_blocks, AGE_BLOCKS) - 1
        return float(self.slope[row]) * output + float(self.offset[row])


@lru_cache(maxsize=1)
def model() -> Model | None:
    """The shipped weights; None, said once in the log, where they are missing or damaged: the call goes on."""
    try:
        with (
            locate("models", "liveness.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            return model_of({name: np.asarray(stored[name], np.float32) for name in stored.files})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        _log.error("Persons and recordings are not told apart by their sound: liveness.npz: %s", error)
        return None


def model_of(weights: Mapping[str, Floats]) -> Model:
    """The model from its arrays by name (as the file has them)."""
    networks = (_network(weights, f"{number}.") for number in range(int(weights["networks"])))
    return Model(tuple(networks), weights["slope"], weights["offset"])


def _network(stored: Mapping[str, Floats], prefix: str) -> Network:
    def array(name: str) -> Floats:
        return np.ascontiguousarray(stored[prefix + name], np.float32)

    layers = range(len(DILATIONS))
    return Network(
        mean=array("mean"),
        scale=array("scale"),
        hear=tuple(array(f"hear{layer}") for layer in layers),
        hear_bias=tuple(array(f"hear_bias{layer}") for layer in layers),
        gate=array("gate"),
        gate_bias=array("gate_bias"),
        keep=array("keep"),
        keep_bias=array("keep_bias"),
        hidden=array("hidden"),
        hidden_bias=array("hidden_bias"),
        out=array("out"),
        out_bias=float(stored[prefix + "out_bias"]),
    )


class _Run:
    """One network on its way through one utterance."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._past = [
            np.zeros(((KERNEL - 1) * dilation, len(weights) // KERNEL), np.float32)
            for dilation, weights in zip(DILATIONS, network.hear, strict=True)
        ]
        gates = network.gate.shape[1]
        self._weight = np.full(gates, 1e-2, np.float32)
        self._sum = np.zeros((gates, network.keep.shape[1] // gates), np.float32)
        self._square = np.zeros_like(self._sum)

    def step(self, numbers: Floats, age_blocks: int) -> float:
        """Output after one block more; ``age_blocks``: since the voice began, 0 before it did."""
        net = self._network
        frames = np.clip((numbers - net.mean) / net.scale, -4.0, 4.0)
        age = np.float32(-1.0 if age_blocks <= 0 else min(age_blocks, AGE_BLOCKS) / AGE_BLOCKS)
        frames = np.concatenate([frames, np.full((len(frames), 1), age, np.float32)], axis=1)
        for layer, dilation in enumerate(DILATIONS):
            line = np.concatenate([self._past[layer], frames])
            self._past[layer] = line[-(KERNEL - 1) * dilation :]
            seen = [line[tap * dilation : tap * dilation + len(frames)] for tap in range(KERNEL)]
            heard = np.maximum(0.0, np.concatenate(seen, axis=1) @ net.hear[layer] + net.hear_bias[layer])
            frames = heard if layer == 0 else heard + frames
        gates = 0.5 + 0.5 * np.tanh((frames @ net.gate + net.gate_bias) / 2)  # a sigmoid that cannot overflow
        kept = np.tanh(frames @ net.keep + net.keep_bias).reshape(len(frames), *self._sum.shape)
        self._weight = self._weight + gates.sum(axis=0)
        self._sum = self._sum + (gates[:, :, None] * kept).sum(axis=0)
        self._square = self._square + (gates[:, :, None] * kept * kept).sum(axis=0)
        if age_blocks <= 0:
            return 0.0
        mean = self._sum / self._weight[:, None]
        spread = np.sqrt(np.maximum(self._square / self._weight[:, None] - mean * mean, 0.0) + 1e-4)
        known = np.concatenate([mean.ravel(), spread.ravel(), np.log(self._weight), [age]])
        layer_out = np.maximum(0.0, known @ net.hidden + net.hidden_bias)
        return float(layer_out @ net.out) + net.out_bias


class Liveness:
    """Listens to one call. Deterministic: everything goes by blocks, whatever the chunks."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._context: deque[tuple[Block, Floats]] = deque(maxlen=CONTEXT_BLOCKS)
        self._runs: list[_Run] = []
        self._age_blocks = 0
        self._log_odds: float | None = None

    def listen(self, block: Block, voice: Floats) -> None:
        """Take 0.1 s in: kept as context while nobody speaks, weighed while an utterance goes on."""
        self._context.append((block, voice))
        if self._runs:
            self._age_blocks += 1
            self._weigh(block, voice)

    def begin(self, voiced_blocks: int) -> None:
        """An utterance has begun, ``voiced_blocks`` blocks ago, counting the one just listened to."""
        self._model = model()
        if self._model is None:
            return
        self._runs = [_Run(network) for network in self._model.networks]
        self._age_blocks = voiced_blocks - len(self._context)
        for block, voice in self._context:
            self._age_blocks += 1
            self._weigh(block, voice)

    def end(self) -> None:
        """The utterance is over."""
        self._runs = []
        self._log_odds = None

    def log_odds(self) -> float | None:
        """Natural log-odds at even priors that a person speaks, a recording below 0; None outside an utterance."""
        return self._log_odds

    def _weigh(self, block: Block, voice: Floats) -> None:
        numbers = numbers_of(block, voice)
        outputs = [run.step(numbers, self._age_blocks) for run in self._runs]
        if self._age_blocks > 0 and self._model is not None:
            self._log_odds = round(self._model.log_odds(sum(outputs) / len(outputs), self._age_blocks), 3)
