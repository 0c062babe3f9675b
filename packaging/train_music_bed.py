"""Train the music detector (engine/hearing/bed.py) and print how it does on voices and tracks it never saw.

    python packaging/train_music_bed.py [--score] FOLDER_WITH_manifest.csv ...

Needs, beside the program's own packages, torch 2.13 and pyworld 0.3. Composes scenes (music_bed_scenes.py) of the
voices and tracks that are not held out for the benchmark (tests/bench/hearing/split.py) and fits the network by Adam:
once with one in four of them kept aside, to see how that goes, then on all, where the later rounds favour scenes that
it got wrong, and songs. Writes resources/models/music_bed.json. ``--score`` only prints how
the shipped weights do on the benchmark's voices and tracks. Every draw has its seed and there is one thread:
the same folders give the same weights on the same version of torch.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

import music_bed_scenes as scenes  # noqa: E402

from engine.hearing import bed  # noqa: E402
from engine.hearing.features import BLOCK_SAMPLES, Analyser  # noqa: E402
from engine.hearing.vad import VoiceActivity  # noqa: E402
from tests.bench.hearing.split import held_out  # noqa: E402

ENTRY, STATE = 32, 40
ORDER = ("entry", "entry_bias", "in_gates", "state_gates", "in_bias", "state_bias", "out", "out_bias")
"""The weights as PyTorch lists them."""
TARGET = ROOT / "resources" / "models" / "music_bed.json"
Data = dict[str, np.ndarray]


def numbers_of(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network is given for each block of a sound, and the highest voice probability there."""
    analyser, activity = Analyser(), VoiceActivity()
    rows, voices = [], []
    for start in range(0, len(sound) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        part = sound[start : start + BLOCK_SAMPLES]
        voice = activity.feed(part)
        rows.append(bed.inputs(analyser.block(part), voice))
        voices.append(float(voice.max()) if len(voice) else 0.0)
    return np.array(rows, np.float32), np.array(voices, np.float32)


def compose(
    folders: list[Path], wanted: Callable[[str], bool], count: int, seed: int, cache: Path, made: int = 16
) -> Data:
    """Scenes of the wanted voices and tracks as arrays; read from the cache where they were made before."""
    stored = cache / f"scenes-{seed}-{count}.npz"
    if stored.exists():
        return dict(np.load(stored))
    random = np.random.default_rng(seed)
    stock = scenes.load(folders, wanted)
    scenes.make(random, stock, made, 3 * made)
    rows, truths, weights, kinds = [], [], [], []
    for number in range(count):
        sound, truth, weight, kind = scenes.scene(np.random.default_rng([seed, number]), stock)
        numbers, voices = numbers_of(sound)
        wide = np.pad(voices, 3)
        near = np.max([wide[i : i + len(voices)] for i in range(7)], axis=0)
        unsettled = weight[:, 2] < 0  # a song: whoever is heard there sings; where nobody is, nobody knows
        truth[unsettled, 2] = near[unsettled] > 0.4
        weight[unsettled, 2] = near[unsettled] > 0.4
        rows.append(numbers)
        truths.append(truth)
        weights.append(weight)
        kinds.append(kind)
    data = {
        "rows": np.array(rows, np.float32),
        "truth": np.array(truths, np.float32),
        "weight": np.array(weights, np.float32),
        "kind": np.array(kinds),
    }
    np.savez(stored, **data)
    return data


def settle(data: Data) -> None:
    """Song without music to it is no case; song taken for talk is the worst of mistakes."""
    truth, weight = data["truth"], data["weight"]
    weight[(truth[:, :, 2] > 0.5) & (truth[:, :, 0] < 0.5)] = 0.0
    weight[(data["kind"] == "song")[:, None] & (truth[:, :, 1] < 0.5) & (truth[:, :, 0] > 0.5), 1] *= 1.5


def fit(
    data: Data,
    rounds: int,
    start: bed.Network | None = None,
    see: Callable[[int, bed.Network], None] | None = None,
) -> bed.Network:
    """The network that explains the scenes best; with ``start``, that one after more rounds on what it gets wrong."""
    import torch
    from torch import nn

    seed = 1 if start is None else 2
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    entry, unit, out = (
        nn.Linear(bed.INPUTS, ENTRY),
        nn.GRU(ENTRY, STATE, batch_first=True),
        nn.Linear(STATE, 3),
    )
    weights = [*entry.parameters(), *unit.parameters(), *out.parameters()]
    chance = None
    if start is not None:
        with torch.no_grad():
            for weight, name in zip(weights, ORDER, strict=True):
                weight.copy_(torch.from_numpy(np.ascontiguousarray(getattr(start, name).T)))
        wrong = ((answers(start, data["rows"]) - data["truth"]) ** 2 * data["weight"]).mean(axis=(1, 2))
        chance = 0.4 + wrong / wrong.mean()
        chance /= chance.sum()
    adam = torch.optim.AdamW(weights, lr=0.004, weight_decay=0.01)
    random = np.random.default_rng(seed)
    rows, truth, weight_of = (torch.from_numpy(data[name]) for name in ("rows", "truth", "weight"))
    size, long = 24, 120
    steps = rounds * (len(rows) // size)
    most = 0.006 if start is None else 0.003
    plan = torch.optim.lr_scheduler.OneCycleLR(adam, most, total_steps=steps)
    for step in range(steps):
        picked = torch.from_numpy(random.choice(len(rows), size, replace=False, p=chance))
        begin = int(random.integers(0, rows.shape[1] - long + 1))
        x = rows[picked, begin : begin + long]
        # level and response differ from call to call: move them together
        shift = torch.zeros(size, 1, bed.INPUTS)
        level = torch.from_numpy(random.normal(0, 0.25, (size, 1, 1)).astype(np.float32))
        tilt = torch.from_numpy(random.normal(0, 0.1, (size, 1, 16)).astype(np.float32))
        shift[:, :, :16] = level + tilt
        shift[:, :, 16:32] = level + tilt
        shift[:, :, 32:34] = level
        x = x + shift + 0.05 * torch.from_numpy(random.normal(0, 1, x.shape).astype(np.float32))
        state, _ = unit(torch.tanh(entry(x)))
        keep = torch.from_numpy((random.random((size, 1, STATE)) > 0.1).astype(np.float32)) / 0.9
        loss = nn.functional.binary_cross_entropy_with_logits(
            out(state * keep),
            truth[picked, begin : begin + long] * 0.98 + 0.01,
            weight_of[picked, begin : begin + long] * torch.tensor([1.0, 1.0, 0.7]),
        )
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()
        plan.step()
        if see and (step + 1) % max(1, steps // 4) == 0:
            see(step + 1, _network(entry, unit, out))
    return _rounded(_network(entry, unit, out))


def _network(entry: object, unit: object, out: object) -> bed.Network:
    def array(weights: object) -> np.ndarray:
        return np.ascontiguousarray(weights.detach().numpy().T)  # type: ignore[attr-defined]

    return bed.Network(
        array(entry.weight),  # type: ignore[attr-defined]
        array(entry.bias),  # type: ignore[attr-defined]
        array(unit.weight_ih_l0),  # type: ignore[attr-defined]
        array(unit.bias_ih_l0),  # type: ignore[attr-defined]
        array(unit.weight_hh_l0),  # type: ignore[attr-defined]
        array(unit.bias_hh_l0),  # type: ignore[attr-defined]
        array(out.weight),  # type: ignore[attr-defined]
        array(out.bias),  # type: ignore[attr-defined]
    )


def _rounded(network: bed.Network) -> bed.Network:
    """As it is stored."""
    return bed.Network(
        *(np.round(getattr(network, name), 4).astype(np.float32) for name in network.__slots__)
    )


def answers(network: bed.Network, rows: np.ndarray) -> np.ndarray:
    """What the network says to each block of each scene: (scenes, blocks, 3)."""
    said = np.zeros((*rows.shape[:2], 3), np.float32)
    for scene, numbers in enumerate(rows):
        state = np.zeros(len(network.state_gates), np.float32)
        for at, row in enumerate(numbers):
            said[scene, at], state = network.step(row, state)
    return said


def score(network: bed.Network, data: Data) -> None:
    """How often each of the three is right at one half, by what sounds."""
    said = answers(network, data["rows"]) > 0.5
    truth, sure = data["truth"] > 0.5, data["weight"] >= 0.5
    music, talking, singing = (truth[:, :, i] for i in range(3))
    song = (data["kind"] == "song")[:, None]
    parts = {
        "nothing, noise, tones": ~music & ~talking & ~singing,
        "talk": talking & ~music,
        "music": music & ~talking & ~singing & ~song,
        "talk over music": talking & music,
        "song": music & ~talking & song,
        "voice put on notes": singing & ~song,
    }
    print(f"  {'':22s}  blocks   music  talking  singing   (share of 0.1 s said to hold it)")
    for name, part in parts.items():
        part = part & sure[:, :, 0] & sure[:, :, 1]
        if part.any():
            print(
                f"  {name:22s} {part.sum():7d}   "
                + "    ".join(f"{said[:, :, i][part].mean():.3f}" for i in range(3))
            )


def main() -> None:
    arguments = argparse.ArgumentParser(description="Train the music detector.")
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument(
        "--score", action="store_true", help="only the shipped weights on what is held out"
    )
    arguments.add_argument("--scenes", type=int, default=640)
    arguments.add_argument("--rounds", type=int, default=90)
    arguments.add_argument("--cache", type=Path, default=None, help="keep composed scenes here")
    arguments.add_argument(
        "--inner", action="store_true", help="stop after the fit that keeps one in four aside"
    )
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cache = given.cache or Path(temporary)
        if given.score:
            print("voices and tracks held out for the benchmark:")
            score(bed.network(), compose(given.folders, held_out, 160, 31, cache))
            return

        def seen(name: str) -> bool:
            return not held_out(name) and not scenes.inner(name)

        def aside(name: str) -> bool:
            return not held_out(name) and scenes.inner(name)

        most = compose(given.folders, seen, given.scenes * 3 // 4, 11, cache)
        rest = compose(given.folders, aside, given.scenes // 4, 12, cache, 6)

        def see(step: int, network: bed.Network) -> None:
            print(f"step {step}, voices and tracks kept aside:")
            score(network, rest)

        network = fit(most, given.rounds, see=see)
        print("the voices and tracks it was fitted on:")
        score(network, most)
        if not given.inner:
            both = {name: np.concatenate([most[name], rest[name]]) for name in most}
            network = fit(both, given.rounds)
            settle(both)
            network = fit(both, given.rounds // 3, start=network)
    stored = {name: np.round(np.asarray(getattr(network, name)), 4).tolist() for name in network.__slots__}
    TARGET.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"written: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
