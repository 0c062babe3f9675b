"""Train the liveness model (engine/hearing/liveness.py) and print how it does on voices it never heard.

    python packaging/train_liveness.py FOLDER... [--scenes 6000] [--cache FOLDER] [--folds 3] [--out FILE]

Needs torch 2.13 beside the program's own packages (it is no part of the program). FOLDERs hold ``manifest.csv`` and the
files it names. Scenes are composed by ``liveness_scenes.py``. Voices that ``tests/bench/hearing/split.py`` holds out
are never composed into training; at the end the finished model is scored on them once. Folds are by voice. The
calibration by age is fitted to the outputs of the folds, so on voices that the network had not heard.
"""

from __future__ import annotations

import argparse
import sys
import zlib
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
    DILATIONS,
    FRAMES,
    KERNEL,
    NUMBERS,
)
from tests.bench.hearing.split import held_out  # noqa: E402

WIDTH, GATES, KEPT, HIDDEN = 40, 4, 12, 40
BLOCKS = CONTEXT_BLOCKS + AFTER_BLOCKS
AGES_S = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)


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


def compose(folders: list[Path], wanted, count: int, seed: int, cache: Path | None) -> Scenes:
    """``count`` scenes, kept in ``cache`` because composing takes longer than training."""
    kept = cache / f"scenes-{seed}-{count}.npz" if cache else None
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as stored:
            return Scenes(*(stored[name] for name in Scenes.__slots__))
    composer = Composer(load(folders, wanted), seed)
    scenes = gathered([scene for scene in (composer.scene() for _ in range(count)) if scene is not None])
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **{name: getattr(scenes, name) for name in Scenes.__slots__})
    return scenes


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


class Net(nn.Module):
    """The same sums as engine.hearing.liveness, over whole scenes."""

    def __init__(self) -> None:
        super().__init__()
        inputs = [NUMBERS + 1, WIDTH, WIDTH]
        self.hear = nn.ModuleList(
            nn.Conv1d(size, WIDTH, KERNEL, dilation=d) for size, d in zip(inputs, DILATIONS, strict=True)
        )
        self.gate = nn.Linear(WIDTH, GATES)
        self.keep = nn.Linear(WIDTH, GATES * KEPT)
        self.hidden = nn.Linear(GATES * KEPT * 2 + GATES + 1, HIDDEN)
        self.out = nn.Linear(HIDDEN, 1)
        self.drop = nn.Dropout(0.25)

    def forward(self, numbers: Tensor, real: Tensor, age: Tensor) -> Tensor:
        """Outputs (n, blocks) from scaled numbers (n, frames, NUMBERS), blocks there (n, blocks), and their age."""
        n, blocks = age.shape
        told = torch.where(age <= 0, -1.0, age.clamp(max=AGE_BLOCKS) / AGE_BLOCKS)
        there = real.repeat_interleave(FRAMES, 1)[:, None].float()
        frames = (
            torch.cat([numbers, told.repeat_interleave(FRAMES, 1)[:, :, None]], 2).transpose(1, 2) * there
        )
        for layer, (conv, dilation) in enumerate(zip(self.hear, DILATIONS, strict=True)):
            heard = torch.relu(conv(nn.functional.pad(frames, ((KERNEL - 1) * dilation, 0)))) * there
            frames = heard if layer == 0 else heard + frames
        frames = frames.transpose(1, 2)
        frames = self.drop(frames)
        gates = torch.sigmoid(self.gate(frames)) * there.transpose(1, 2)
        kept = torch.tanh(self.keep(frames)).view(n, blocks * FRAMES, GATES, KEPT)

        def so_far(x: Tensor) -> Tensor:
            return x.view(n, blocks, FRAMES, *x.shape[2:]).sum(2).cumsum(1)

        weight = so_far(gates) + 1e-2
        mean = so_far(gates[..., None] * kept) / weight[..., None]
        square = so_far(gates[..., None] * kept * kept) / weight[..., None]
        spread = torch.sqrt(torch.clamp(square - mean * mean, min=0.0) + 1e-4)
        known = torch.cat([mean.flatten(2), spread.flatten(2), torch.log(weight), told[:, :, None]], 2)
        return self.out(self.drop(torch.relu(self.hidden(known)))).squeeze(2)


def scaled(numbers: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return torch.clamp((numbers - mean) / scale, -4.0, 4.0)


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
    rest = numbers[..., 17:] + 0.05 * normal(n, 1, NUMBERS - 17)
    return torch.cat([bands.clamp(min=FLOOR_DB), loud.clamp(min=FLOOR_DB), rest], 2)


def fit(scenes: Scenes, seed: int, epochs: int, batch: int = 32) -> tuple[Net, Tensor, Tensor]:
    """A network trained on ``scenes``, with the mean and scale of its inputs."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    sample = (
        scenes.numbers[:: max(1, len(scenes.numbers) // 800)][:, ::7].reshape(-1, NUMBERS).astype(np.float32)
    )
    mean, scale = torch.tensor(sample.mean(0)), torch.tensor(sample.std(0) + 1e-2)
    net = Net()
    steps = epochs * (len(scenes.numbers) // batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.02)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1, pct_start=0.15)
    person = torch.tensor(scenes.person).float()
    # one voice counts as the root of its scenes, so that a voice of many scenes does not outweigh the others
    _names, which, many = np.unique(scenes.voice, return_inverse=True, return_counts=True)
    weight = (1.0 / np.sqrt(many))[which]
    for side in (True, False):
        weight[scenes.person == side] /= weight[scenes.person == side].mean()
    weights = torch.tensor(weight).float()
    for _ in range(epochs):
        order = torch.randperm(len(scenes.numbers), generator=random).numpy()
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            numbers = disturbed(torch.tensor(scenes.numbers[rows].astype(np.float32)), random)
            real = torch.tensor(scenes.real[rows])
            # sometimes little is known of what was before
            if torch.rand(1, generator=random) < 0.3:
                real[:, : int(torch.randint(0, CONTEXT_BLOCKS - 4, (1,), generator=random))] = False
            age = torch.tensor(scenes.age[rows])
            outputs = net(scaled(numbers, mean, scale), real, age)
            counts = torch.tensor(scenes.counts[rows]).float() * torch.where(age <= 15, 2.0, 1.0)
            counts = counts * weights[rows][:, None]
            target = person[rows][:, None].expand_as(outputs) * 0.96 + 0.02
            wrong = nn.functional.binary_cross_entropy_with_logits(outputs, target, reduction="none")
            loss = (wrong * counts).sum() / counts.sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            plan.step()
    net.eval()
    return net, mean, scale


def outputs_of(trained: tuple[Net, Tensor, Tensor], scenes: Scenes) -> np.ndarray:
    net, mean, scale = trained
    found = []
    with torch.no_grad():
        for start in range(0, len(scenes.numbers), 128):
            rows = slice(start, start + 128)
            numbers = scaled(torch.tensor(scenes.numbers[rows].astype(np.float32)), mean, scale)
            found.append(
                net(numbers, torch.tensor(scenes.real[rows]), torch.tensor(scenes.age[rows])).numpy()
            )
    return np.concatenate(found) if found else np.zeros((0, BLOCKS))


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
    path: Path, trained: list[tuple[Net, Tensor, Tensor]], slope: np.ndarray, offset: np.ndarray
) -> None:
    arrays: dict[str, np.ndarray] = {
        "networks": np.array(len(trained)),
        "slope": slope.astype(np.float32),
        "offset": offset.astype(np.float32),
    }
    for number, (net, mean, scale) in enumerate(trained):
        put = {"mean": mean, "scale": scale}
        for layer, conv in enumerate(net.hear):
            put[f"hear{layer}"] = conv.weight.permute(2, 1, 0).reshape(-1, WIDTH)
            put[f"hear_bias{layer}"] = conv.bias
        for name in ("gate", "keep", "hidden"):
            put[name] = getattr(net, name).weight.T
            put[f"{name}_bias"] = getattr(net, name).bias
        put["out"], put["out_bias"] = net.out.weight[0], net.out.bias[0]
        arrays |= {f"{number}.{name}": value.detach().numpy() for name, value in put.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    print(f"written: {path.name}, {path.stat().st_size / 1024:.0f} KB")


def fold_of(voice: str, corpus: str, folds: int) -> int:
    """By voice; but what was made from one recorded announcer stays together."""
    kind, source = corpus.split(":")
    name = voice if kind != "recording" or source in SYNTHETIC else source
    return zlib.crc32(("fold " + name).encode()) % folds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--held-scenes", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--leave-out", nargs="*", default=[], help="corpora, such as human:libri")
    parser.add_argument("--held", action="store_true", help="score the finished model on the voices held out")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "models" / "liveness.npz")
    options = parser.parse_args()
    torch.set_num_threads(1)
    scenes = compose(options.folders, lambda v: not held_out(v), options.scenes, 21, options.cache)
    folds = np.array([fold_of(v, c, options.folds) for v, c in zip(scenes.voice, scenes.corpus, strict=True)])
    unheard = np.zeros(scenes.age.shape)
    for fold in range(options.folds):
        trained = fit(scenes.part(folds != fold), 1, options.epochs)
        unheard[folds == fold] = outputs_of(trained, scenes.part(folds == fold))
        print(f"fold {fold + 1} of {options.folds} done", flush=True)
    slope, offset = calibrated(scenes, unheard)
    ages = np.clip(scenes.age, 1, AGE_BLOCKS) - 1
    unheard = unheard * slope[ages] + offset[ages]
    table("Voices not heard in training (folds)", scenes, unheard)
    by_name(scenes, unheard, scenes.corpus)
    by_name(scenes, unheard, scenes.before)
    for name in options.leave_out:
        rows = scenes.corpus == name
        side = scenes.person[rows][0]
        # the other side: a third of its voices, not heard either
        other = (scenes.person != side) & (folds == 0)
        trained = fit(scenes.part(~rows & ~other), 1, options.epochs)
        test = scenes.part(rows | other)
        table(f"Trained without {name}", test, outputs_of(trained, test))
    if options.networks:
        finished = [fit(scenes, 1 + number, options.epochs) for number in range(options.networks)]
        write(options.out, finished, slope, offset)
        if options.held:
            held = compose(options.folders, held_out, options.held_scenes, 22, options.cache)
            outputs = np.mean([outputs_of(one, held) for one in finished], axis=0)
            ages = np.clip(held.age, 1, AGE_BLOCKS) - 1
            outputs = outputs * slope[ages] + offset[ages]
            table("Voices and tracks held out for the benchmark", held, outputs)
            by_name(held, outputs, held.corpus)
            by_name(held, outputs, held.before)


if __name__ == "__main__":
    main()
