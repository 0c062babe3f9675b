"""Train the liveness model (engine/hearing/liveness.py) and print how it does on voices it never heard.

    python packaging/train_liveness.py FOLDER... [--cache FOLDER] [--parts 10] [--leave-out human:libri ...] [--held 1]

Needs torch 2.13 beside the program's own packages (it is no part of the program). FOLDERs hold ``manifest.csv`` and
the files it names. Scenes are composed by ``liveness_scenes.py``, 400 a part, and kept in the cache, because composing
takes longer than training. Voices that ``tests/bench/hearing/split.py`` holds out are never composed into training;
with ``--held`` the finished model is scored on them. Folds are by voice, and the calibration by age is fitted to their
outputs, so on voices that the network had not heard.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from liveness_scenes import AFTER_BLOCKS, SYNTHETIC, Composer, Scene, load  # noqa: E402

from engine.hearing.features import FLOOR_DB  # noqa: E402
from engine.hearing.liveness import (  # noqa: E402
    AGE_BLOCKS,
    CONTEXT_BLOCKS,
    FRAMES,
    LAG,
    LATE_BLOCKS,
    NUMBERS,
    PRIOR_FRAMES,
    VOICE,
)
from tests.bench.hearing.split import held_out  # noqa: E402

HIDDEN, EPOCHS, SEEDS, FOLDS = 24, 4, (1, 2, 3), 4
PART_SCENES = 400
BLOCKS = CONTEXT_BLOCKS + AFTER_BLOCKS
AGES_S = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
TRAINED_AGES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 25, 30, 35, 40)
"""Blocks since the voice began at which the network is trained: the first second counts most."""


@dataclass(slots=True)
class Scenes:
    """Arrays with a row a scene; the block after which the utterance had begun is CONTEXT_BLOCKS - 1 in all."""

    numbers: np.ndarray  # (n, BLOCKS * FRAMES, NUMBERS) float16
    real: np.ndarray  # (n, BLOCKS) bool: blocks that there were
    age: np.ndarray  # (n, BLOCKS) int: blocks since the voice began
    counts: np.ndarray  # (n, BLOCKS) bool: blocks that are scored
    person: np.ndarray
    voice: np.ndarray
    corpus: np.ndarray
    before: np.ndarray

    def part(self, rows: np.ndarray) -> Scenes:
        return Scenes(*(getattr(self, name)[rows] for name in self.__slots__))


def compose(
    folders: list[Path], wanted: Callable[[str], bool], side: str, parts: int, cache: Path | None
) -> Scenes:
    """``parts`` times PART_SCENES scenes of the voices wanted."""
    clips = None
    found = []
    for number in range(parts):
        kept = cache / f"{side}-{number}.npz" if cache else None
        if kept is not None and kept.exists():
            with np.load(kept, allow_pickle=False) as stored:
                found.append(Scenes(*(stored[name] for name in Scenes.__slots__)))
            continue
        clips = load(folders, wanted) if clips is None else clips
        composer = Composer(clips, (1000 if side == "train" else 5000) + number)
        fresh = gathered([s for s in (composer.scene() for _ in range(PART_SCENES)) if s is not None])
        found.append(fresh)
        print(f"{side}: part {number + 1} of {parts} composed", flush=True)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, **{name: getattr(fresh, name) for name in Scenes.__slots__})
    return Scenes(*(np.concatenate([getattr(s, name) for s in found]) for name in Scenes.__slots__))


def gathered(found: list[Scene]) -> Scenes:
    """The scenes in arrays, each moved so that the utterance is sure to have begun in the same block."""
    size = len(found)
    scenes = Scenes(
        np.full((size, BLOCKS * FRAMES, NUMBERS), FLOOR_DB, np.float16),
        np.zeros((size, BLOCKS), bool),
        np.zeros((size, BLOCKS), np.int16),
        np.zeros((size, BLOCKS), bool),
        np.array([s.person for s in found]),
        np.array([s.voice for s in found]),
        np.array([s.corpus for s in found]),
        np.array([s.before for s in found]),
    )
    for row, s in enumerate(found):
        first = CONTEXT_BLOCKS - 1 - s.begin
        there = len(s.voiced)
        scenes.numbers[row, first * FRAMES : (first + there) * FRAMES] = s.numbers
        scenes.real[row, first : first + there] = True
        scenes.age[row] = np.arange(BLOCKS) - (first + s.onset) + 1
        last = first + int(np.flatnonzero(s.voiced >= s.voiced[-1])[0])
        scenes.counts[row, CONTEXT_BLOCKS - 1 : min(first + there, last + 6)] = True
    return scenes


def scaled(numbers: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return torch.clamp((numbers - mean) / scale, -4.0, 4.0)


def statistics(numbers: Tensor, scenes: Scenes, mean: Tensor, scale: Tensor) -> Tensor:
    """What ``engine.hearing.liveness.Statistics`` knows after each block: (n, BLOCKS, statistics)."""
    real, age = torch.tensor(scenes.real), torch.tensor(scenes.age).long()
    n, blocks = age.shape
    x = scaled(numbers, mean, scale)
    there, ages = real.repeat_interleave(FRAMES, 1), age.repeat_interleave(FRAMES, 1)
    spoken = numbers[:, :, VOICE] >= 0.5
    step, stride = torch.zeros_like(x), torch.zeros_like(x)
    step[:, 1:] = (x[:, 1:] - x[:, :-1]).abs() * there[:, :-1, None]
    stride[:, LAG:] = (x[:, LAG:] - x[:, :-LAG]).abs() * there[:, :-LAG, None]

    def so_far(y: Tensor) -> Tensor:
        return y.view(n, blocks, FRAMES, -1).sum(2).cumsum(1)

    def part(mask: Tensor, what: str) -> list[Tensor]:
        inside = mask.float()[:, :, None]
        count = so_far(inside)
        means = {
            name: so_far(y * inside) / (count + PRIOR_FRAMES)
            for name, y in (("mean", x), ("square", x * x), ("step", step), ("stride", stride))
        }
        means["spread"] = torch.sqrt(torch.clamp(means["square"] - means["mean"] ** 2, min=0.0) + 1e-3)
        return [*(means[name] for name in what.split()), torch.log1p(count) / 3.0]

    before = there & (ages <= 0)
    return torch.cat(
        [
            *part(before, "mean spread"),
            *part(before & (ages > -LATE_BLOCKS), "mean"),
            *part(there & (ages > 0) & spoken, "mean spread step stride"),
            *part(there & (ages > 0) & ~spoken, "mean step"),
            age.clamp(0, AGE_BLOCKS)[:, :, None] / 20.0,
        ],
        2,
    )


def disturbed(numbers: Tensor, random: torch.Generator) -> Tensor:
    """Another level, another equaliser, another noise floor: in decibels, for each scene of a batch."""
    n = len(numbers)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random)

    level = 3.0 * normal(n, 1, 1)
    tilt = torch.linspace(-1, 1, 16) * normal(n, 1, 1) + 0.7 * normal(n, 1, 16)
    floor = FLOOR_DB + 8.0 * torch.relu(normal(n, 1, 1) - 0.3) + normal(n, 1, 16)
    bands = torch.maximum(numbers[..., :16] + level + tilt, floor)
    loud = torch.maximum(numbers[..., 16:17] + level, floor.mean(2, keepdim=True) + 8)
    rest = numbers[..., 17:].clone()
    rest[..., VOICE - 17 + 1 :] += 0.05 * normal(n, 1, NUMBERS - VOICE - 1)
    return torch.cat([bands.clamp(min=FLOOR_DB), loud.clamp(min=FLOOR_DB), rest], 2)


def known(scenes: Scenes, mean: Tensor, scale: Tensor, seed: int | None = None) -> np.ndarray:
    """Statistics of all scenes as they are, or disturbed by ``seed``; halves of floats, (n, BLOCKS, statistics)."""
    random = torch.Generator().manual_seed(seed or 0)
    found = []
    for start in range(0, len(scenes.numbers), 64):
        few = scenes.part(np.arange(start, min(start + 64, len(scenes.numbers))))
        numbers = torch.tensor(few.numbers.astype(np.float32))
        if seed is not None:
            numbers = disturbed(numbers, random)
        found.append(statistics(numbers, few, mean, scale).half().numpy())
    return np.concatenate(found)


@dataclass(slots=True)
class Trained:
    """Networks of one hidden layer, and the scaling of what they are given."""

    centre: Tensor
    spread: Tensor
    networks: list[nn.Sequential]

    def outputs(self, tables: np.ndarray) -> np.ndarray:
        """Mean output for each scene and block."""
        with torch.no_grad():
            rows = []
            for table_of_scene in tables:
                given = torch.clamp(
                    (torch.tensor(table_of_scene).float() - self.centre) / self.spread, -5.0, 5.0
                )
                rows.append(torch.stack([net(given)[:, 0] for net in self.networks]).mean(0).numpy())
        return np.stack(rows)


def fit(scenes: Scenes, tables: list[np.ndarray], seeds: tuple[int, ...]) -> Trained:
    """Networks trained on the blocks of TRAINED_AGES of all ``tables`` (the same scenes, disturbed differently)."""
    row, block = np.nonzero(scenes.counts & np.isin(scenes.age, TRAINED_AGES))
    x = torch.tensor(np.concatenate([table_[row, block] for table_ in tables]))
    row = np.tile(row, len(tables))
    centre, spread = x.float().mean(0), x.float().std(0) + 1e-2
    # one voice counts as the root of its scenes, so that a voice of many scenes does not outweigh the others
    _names, which, many = np.unique(scenes.voice, return_inverse=True, return_counts=True)
    weight = (1.0 / np.sqrt(many))[which]
    for side in (True, False):
        weight[scenes.person == side] /= weight[scenes.person == side].mean()
    target, weights = torch.tensor(scenes.person[row]).float(), torch.tensor(weight[row]).float()
    networks, batch = [], 512
    for seed in seeds:
        torch.manual_seed(seed)
        random = torch.Generator().manual_seed(seed)
        net = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, 1)
        )
        optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.2)
        steps = EPOCHS * (len(x) // batch)
        plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1)
        for _ in range(EPOCHS):
            order = torch.randperm(len(x), generator=random)
            for start in range(0, len(x) - batch + 1, batch):
                rows = order[start : start + batch]
                given = torch.clamp((x[rows].float() - centre) / spread, -5.0, 5.0)
                given = given + 0.1 * torch.randn(given.shape, generator=random)
                wrong = nn.functional.binary_cross_entropy_with_logits(
                    net(given)[:, 0], target[rows] * 0.96 + 0.02, reduction="none"
                )
                optimiser.zero_grad()
                (wrong * weights[rows]).mean().backward()
                optimiser.step()
                plan.step()
        networks.append(net.eval())
    return Trained(centre, spread, networks)


def at_age(scenes: Scenes, outputs: np.ndarray, age_s: float) -> np.ndarray:
    """The output of each scene when the voice is so old; NaN where it was not yet sure or had ended."""
    found = np.full(len(outputs), np.nan)
    hit = (scenes.age == round(age_s * 10)) & scenes.counts
    rows, blocks = np.nonzero(hit)
    found[rows] = outputs[rows, blocks]
    return found


def accepted(persons: np.ndarray, others: np.ndarray, false: float) -> float:
    """Share of persons above the level that so many of the others pass."""
    if not len(persons) or not len(others):
        return float("nan")
    return float(np.mean(persons > np.quantile(others, 1.0 - false)))


def table(title: str, scenes: Scenes, outputs: np.ndarray) -> None:
    print(
        f"\n{title}: {int(scenes.person.sum())} scenes of persons, {int((~scenes.person).sum())} of recordings"
    )
    print("   age   persons accepted at 5 %, 1 %, 0.5 % false   AUC")
    for age_s in AGES_S:
        found = at_age(scenes, outputs, age_s)
        there = ~np.isnan(found)
        yes, no = found[there & scenes.person], found[there & ~scenes.person]
        if not len(yes) or not len(no):
            continue
        auc = float(np.mean(np.searchsorted(np.sort(no), yes) / len(no)))
        shares = "   ".join(f"{100 * accepted(yes, no, rate):5.1f} %" for rate in (0.05, 0.01, 0.005))
        print(f"  {age_s:3.1f} s   {shares}    {auc:.4f}", flush=True)


def by_name(scenes: Scenes, outputs: np.ndarray, names: np.ndarray, false: float = 0.02) -> None:
    """At 0.5, 1 and 3 s: how many of each are taken for persons, the level being passed by ``false`` of all others."""
    levels = {}
    for age_s in (0.5, 1.0, 3.0):
        found = at_age(scenes, outputs, age_s)
        levels[age_s] = (found, np.nanquantile(found[~scenes.person], 1.0 - false))
    for side in (True, False):
        for name in np.unique(names[scenes.person == side]):
            rows = (names == name) & (scenes.person == side)
            shares = []
            for found, level in levels.values():
                here = found[rows & ~np.isnan(found)]
                shares.append(f"{100 * np.mean(here > level):5.1f}" if len(here) else "    -")
            print(
                f"  {'person' if side else 'other ':6s} {name:32s} {int(rows.sum()):4d}   {'  '.join(shares)}"
            )


def calibrated(scenes: Scenes, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset for each age, smoothed: a logistic fit at even priors to outputs of voices never heard."""
    slopes, offsets = np.ones(AGE_BLOCKS), np.zeros(AGE_BLOCKS)
    for age in range(1, AGE_BLOCKS + 1):
        near = np.clip(np.arange(age - 2, age + 3), 2, AGE_BLOCKS)
        found = np.concatenate([at_age(scenes, outputs, a / 10) for a in near])
        label = np.tile(scenes.person, len(near))[~np.isnan(found)].astype(float)
        x = found[~np.isnan(found)]
        weight = np.where(label == 1, 0.5 / label.sum(), 0.5 / (1 - label).sum())
        a, b = 1.0, 0.0
        for _ in range(30):
            p = 1 / (1 + np.exp(-(a * x + b)))
            slope = np.array(
                [np.sum(weight * (p - label) * x) + 1e-3 * (a - 1), np.sum(weight * (p - label))]
            )
            bend = weight * p * (1 - p)
            cross = np.sum(bend * x)
            matrix = np.array([[np.sum(bend * x * x) + 1e-3, cross], [cross, np.sum(bend) + 1e-6]])
            a, b = np.array([a, b]) - np.linalg.solve(matrix, slope)
        slopes[age - 1], offsets[age - 1] = a, b
    return slopes, offsets


def write(
    path: Path, mean: Tensor, scale: Tensor, trained: Trained, slope: np.ndarray, offset: np.ndarray
) -> None:
    """The networks side by side as one hidden layer."""
    layers = [(net[1], net[4]) for net in trained.networks]
    arrays = {
        "mean": mean,
        "scale": scale,
        "centre": trained.centre,
        "spread": trained.spread,
        "hidden": torch.cat([first.weight.T for first, _ in layers], 1),
        "hidden_bias": torch.cat([first.bias for first, _ in layers]),
        "out": torch.cat([last.weight[0] for _, last in layers]) / len(layers),
        "out_bias": torch.stack([last.bias for _, last in layers]).mean(0),
        "slope": torch.tensor(slope),
        "offset": torch.tensor(offset),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{n: a.detach().numpy().astype(np.float32) for n, a in arrays.items()})
    print(f"\nwritten: {path.name}, {path.stat().st_size / 1024:.0f} KB")


def fold_of(voice: str, corpus: str, folds: int = FOLDS) -> int:
    """By voice; but what was made from one recorded announcer stays together."""
    kind, source = corpus.split(":")
    name = voice if kind != "recording" or source in SYNTHETIC else source
    return zlib.crc32(("fold " + name).encode()) % folds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--parts", type=int, default=10)
    parser.add_argument("--held", type=int, default=0, help="score on so many parts of the voices held out")
    parser.add_argument("--leave-out", nargs="*", default=[], help="sources, such as human:libri")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "models" / "liveness.npz")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    scenes = compose(options.folders, lambda v: not held_out(v), "train", options.parts, options.cache)
    sample = (
        scenes.numbers[:: max(1, len(scenes.numbers) // 800), ::7].reshape(-1, NUMBERS).astype(np.float32)
    )
    mean, scale = torch.tensor(sample.mean(0)), torch.tensor(sample.std(0) + 1e-2)
    plain = known(scenes, mean, scale)
    tables = [plain, known(scenes, mean, scale, 1), known(scenes, mean, scale, 2)]
    folds = np.array([fold_of(v, c) for v, c in zip(scenes.voice, scenes.corpus, strict=True)])
    unheard = np.zeros(scenes.age.shape)
    for fold in range(FOLDS):
        rows = folds != fold
        trained = fit(scenes.part(rows), [t[rows] for t in tables[:2]], SEEDS[:1])
        unheard[~rows] = trained.outputs(plain[~rows])
    slope, offset = calibrated(scenes, unheard)
    ages = np.clip(scenes.age, 1, AGE_BLOCKS) - 1
    unheard = unheard * slope[ages] + offset[ages]
    table("Voices not heard in training (folds)", scenes, unheard)
    by_name(scenes, unheard, scenes.corpus)
    by_name(scenes, unheard, scenes.before)
    finished = fit(scenes, tables, SEEDS)
    write(options.out, mean, scale, finished, slope, offset)
    if options.held:
        held = compose(options.folders, held_out, "held", options.held, options.cache)
        ages = np.clip(held.age, 1, AGE_BLOCKS) - 1
        outputs = finished.outputs(known(held, mean, scale)) * slope[ages] + offset[ages]
        table("Voices and tracks held out for the benchmark", held, outputs)
        by_name(held, outputs, held.corpus)
        by_name(held, outputs, held.before)
    for name in options.leave_out:
        out = scenes.corpus == name
        # the other side: voices of one fold, not heard either
        other = (scenes.person != scenes.person[out][0]) & (folds == 0)
        rows = ~out & ~other
        trained = fit(scenes.part(rows), [t[rows] for t in tables[:2]], SEEDS[:1])
        table(f"Trained without {name}", scenes.part(~rows), trained.outputs(plain[~rows]))


if __name__ == "__main__":
    main()
