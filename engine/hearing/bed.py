"""Is music playing, alone or beneath a voice? A small network over statistics of the last second.

Speech alone falls silent between syllables in every band and its harmonics glide; music keeps some bands filled and
holds its notes. ``statistics`` puts that into numbers; the network (``resources/models/music_bed.json``: one hidden
layer, trained by ``packaging/train_music_bed.py`` on composed clips, split by voice and by track) weighs them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.hearing.features import FLOOR_DB, Floats
from engine.hearing.quantiles import between, between_wide, deviation, mean
from engine.hearing.transcriber import ModelMissing
from resources import locate

WINDOW_BLOCKS = 20
LEAST_BLOCKS = 8
"""Statistics look back 2 s where so much is known, and never less than 0.8 s."""
NAMES = (
    "loud",
    "range",
    "median",
    "spread",
    "quiet_share",
    "flux",
    "flux_spread",
    "flatness",
    "flatness_spread",
    "floor_flatness",
    "band_range_mean",
    "band_range_min",
    "band_range_max",
    "held",
    "held_high",
    "held_low",
    "floor_held",
    "voice",
    "voice_high",
    "voice_low",
    "tilt",
    "tilt_spread",
    "gap_share",
    "gap_level",
    "gap_held",
    "gap_flatness",
)


def statistics(
    level_db: Floats, bands_db: Floats, flux_db: Floats, flatness: Floats, held: Floats, voice: Floats
) -> Floats:
    """The numbers of ``NAMES`` for one stretch: short frames (n,), (n, bands); long frames (m,); windows (k,)."""
    levels = np.sort(level_db)
    low, mid, high = between_wide(levels, 0.1, 0.5, 0.95)
    quiet = level_db <= between(levels, 0.25)
    bands = np.sort(bands_db, axis=0)
    band_high = between(bands, 0.95)
    band_range = band_high - between(bands, 0.15)
    sounding = band_high > FLOOR_DB + 15.0
    spread = band_range[sounding] if sounding.any() else band_range
    frames = np.add.reduce(level_db[: len(held) * 5].reshape(len(held), 5), axis=1)
    long_level = frames / np.float32(5)
    weak = long_level <= between(np.sort(long_level), 0.35)
    # where nothing sounds, no note is held: lines in digital silence are rounding
    kept = np.where(long_level > FLOOR_DB + 6.0, held, 0.0)
    held_notes = np.sort(kept)
    half = bands_db.shape[1] - 8
    tilt = np.add.reduce(bands_db[:, 8:], axis=1) / np.float32(half)
    tilt -= np.add.reduce(bands_db[:, :8], axis=1) / np.float32(8)
    # what sounds between the words: nothing, noise, or music
    gap = np.repeat(voice < 0.3, 3)[: len(level_db)]
    gap = np.concatenate([gap, np.repeat(gap[-1:], len(level_db) - len(gap))])
    long_gap = gap[: len(held) * 5].reshape(len(held), 5).all(axis=1)
    any_gap = gap.any()
    gap_level = float(mean(level_db[gap])) - high if any_gap else -15.0
    return np.array(
        [
            high,
            high - low,
            high - mid,
            deviation(level_db),
            np.count_nonzero(level_db < high - 25.0) / len(level_db),
            mean(flux_db),
            deviation(flux_db),
            mean(flatness),
            deviation(flatness),
            mean(flatness[quiet]),
            mean(spread),
            spread.min(),
            spread.max(),
            mean(kept),
            between(held_notes, 0.9),
            between(held_notes, 0.2),
            mean(kept[weak]),
            mean(voice),
            voice.max(),
            voice.min(),
            mean(tilt),
            deviation(tilt),
            np.count_nonzero(gap) / len(gap),
            gap_level,
            mean(kept[long_gap]) if long_gap.any() else 0.2,
            mean(flatness[gap]) if any_gap else 0.2,
        ],
        np.float32,
    )


@dataclass(frozen=True, slots=True)
class Network:
    """Weights of the music detector: one hidden layer of linear algebra, no library needed."""

    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: float

    def probability(self, numbers: Floats) -> float:
        """How sure music is playing, 0..1."""
        scaled = np.clip((numbers - self.mean) / self.scale, -4.0, 4.0)
        layer = np.tanh(scaled @ self.hidden + self.hidden_bias)
        return float(1.0 / (1.0 + np.exp(-(layer @ self.out + self.out_bias))))


@lru_cache(maxsize=1)
def network() -> Network:
    """The shipped weights. Raises ``ModelMissing`` when they are missing or damaged."""
    try:
        path = locate("models", "music_bed.json")
    except FileNotFoundError as problem:
        raise ModelMissing(str(problem)) from problem
    try:
        stored = json.loads(path.read_text("utf-8"))
        names = ("mean", "scale", "hidden", "hidden_bias", "out")
        middle, scale, hidden, hidden_bias, out = (np.array(stored[name], np.float32) for name in names)
        found = Network(middle, scale, hidden, hidden_bias, out, float(stored["out_bias"]))
        found.probability(np.zeros(len(NAMES), np.float32))  # the shapes fit one another
    except (OSError, ValueError, KeyError, TypeError, IndexError) as problem:
        raise ModelMissing(
            f"The music detector {path} is damaged ({type(problem).__name__}). Install the program again."
        ) from problem
    return found
