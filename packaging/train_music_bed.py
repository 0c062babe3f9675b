"""Train the music detector (engine/hearing/bed.py) and print how it does on voices and tracks it never saw.

    python packaging/train_music_bed.py FOLDER_WITH_manifest.csv

Composes stretches of 6 s - music, song, speech, speech over music, noise, and silence - at random levels
through G.711, takes the statistics every 0.1 s, and fits one hidden layer by Adam. Deterministic by seed.
Voices and tracks are split by a hash of their name: one in three is only for the score. The weights that are
shipped come from all of them (--all).
"""

from __future__ import annotations

import csv
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.hearing import bed  # noqa: E402
from engine.hearing.features import BLOCK_SAMPLES, Analyser  # noqa: E402
from engine.hearing.vad import VoiceActivity  # noqa: E402

HIDDEN = 12
STRETCH_S = 6.0


def g711(sound: np.ndarray) -> np.ndarray:
    """Mu-law there and back, as floats of -1..1."""
    sound = np.clip(sound, -1.0, 1.0)
    folded = np.sign(sound) * np.log1p(255.0 * np.abs(sound)) / np.log1p(255.0)
    folded = np.round(folded * 127.0) / 127.0
    return np.sign(folded) * (256.0 ** np.abs(folded) - 1.0) / 255.0


def held_out(name: str) -> bool:
    return zlib.crc32(name.encode()) % 3 == 0


def cut(random: np.random.Generator, sound: np.ndarray, length: int) -> np.ndarray:
    if len(sound) <= length:
        return np.pad(sound, (0, length - len(sound)))
    start = int(random.integers(0, len(sound) - length))
    return sound[start : start + length]


def rows_of(random: np.random.Generator, sound: np.ndarray) -> list[np.ndarray]:
    """Statistics of a stretch (8 kHz floats), one row for each block from the eighth on, of random length."""
    wide = np.clip(soxr.resample(g711(sound), 8000, 16000) * 32767, -32768, 32767).astype(np.int16)
    analyser, activity = Analyser(), VoiceActivity()
    blocks, voices, rows = [], [], []
    for start in range(0, len(wide) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        part = wide[start : start + BLOCK_SAMPLES]
        blocks.append(analyser.block(part))
        voices.append(activity.feed(part))
        if len(blocks) >= bed.LEAST_BLOCKS:
            long = min(len(blocks), int(random.integers(bed.LEAST_BLOCKS, bed.WINDOW_BLOCKS + 1)))
            last = blocks[-long:]
            rows.append(
                bed.statistics(
                    np.concatenate([b.level_db for b in last]),
                    np.concatenate([b.bands_db for b in last]),
                    np.concatenate([b.flux_db for b in last]),
                    np.concatenate([b.flatness for b in last]),
                    np.concatenate([b.held for b in last]),
                    np.concatenate(voices[-long:]),
                )
            )
    return rows


def compose(folder: Path, count: int, pick_held_out: bool | None, seed: int) -> tuple[np.ndarray, ...]:
    """Rows, labels (1 = music sounds) and kinds."""
    random = np.random.default_rng(seed)
    clips: dict[str, list[np.ndarray]] = {"speech": [], "music": [], "vocals": []}
    voices: dict[str, int] = {}
    for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")):
        if (
            pick_held_out is not None
            and held_out(row["voice"]) is not pick_held_out
            and (row["cls"] != "vocals" or pick_held_out)
        ):
            continue
        voices[row["voice"]] = voices.get(row["voice"], 0) + 1
        if voices[row["voice"]] > 40:
            continue
        sound, _ = soundfile.read(folder / row["file"], dtype="float32")
        clips["speech" if row["cls"] in ("human", "recording") else row["cls"]].append(sound)
    rows: list[np.ndarray] = []
    labels: list[float] = []
    kinds: list[str] = []
    length = int(STRETCH_S * 8000)
    names = ["music", "speech", "over", "noise", "noisy speech", "over", "speech", "vocals"]
    for number in range(count):
        kind = names[number % len(names)]
        if not clips["vocals"] and kind == "vocals":
            continue

        def any_of(what: str) -> np.ndarray:
            pool = clips[what]
            return cut(random, pool[int(random.integers(0, len(pool)))], length)

        floor = random.normal(0, 10 ** (random.uniform(-80, -50) / 20), length)
        if kind == "music":
            sound = any_of("music") + floor
        elif kind == "vocals":
            sound = any_of("vocals") + floor
        elif kind == "speech":
            sound = np.concatenate([any_of("speech"), any_of("speech")])
            sound = cut(random, sound, length) + floor
        elif kind == "over":
            sound = any_of("speech") + any_of("music") * 10 ** (-random.uniform(3, 20) / 20)
        elif kind == "noisy speech":
            noise = coloured(random, length) * 10 ** (random.uniform(-55, -38) / 20)
            sound = any_of("speech") + noise
        else:
            sound = coloured(random, length) * 10 ** (random.uniform(-65, -20) / 20)
        sound = sound * 10 ** (random.uniform(-14, 8) / 20)
        found = rows_of(random, sound)
        rows += found
        labels += [1.0 if kind in ("music", "vocals", "over") else 0.0] * len(found)
        kinds += [kind] * len(found)
    return np.array(rows, np.float32), np.array(labels, np.float32), np.array(kinds)


def coloured(random: np.random.Generator, length: int) -> np.ndarray:
    """Noise with a random slope of 0 to -12 dB an octave, sometimes with a mains hum; power 1."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    hz = np.maximum(20.0, np.fft.rfftfreq(length, 1 / 8000))
    sound = np.fft.irfft(spectrum * (hz / 300.0) ** (-random.uniform(0, 2)), length)
    sound /= sound.std()
    if random.random() < 0.3:
        sound += 0.5 * np.sin(2 * np.pi * random.choice([50, 60, 100, 120]) * np.arange(length) / 8000)
    return sound


def fit(rows: np.ndarray, labels: np.ndarray, seed: int = 1) -> bed.Network:
    random = np.random.default_rng(seed)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    x = np.clip((rows - mean) / scale, -4, 4)
    weights = [
        random.normal(0, 0.3, (x.shape[1], HIDDEN)),
        np.zeros(HIDDEN),
        random.normal(0, 0.3, HIDDEN),
        np.zeros(1),
    ]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    step = 0
    for _ in range(40):
        order = random.permutation(len(x))
        for start in range(0, len(order), 256):
            batch = order[start : start + 256]
            noisy = x[batch] + random.normal(0, 0.1, (len(batch), x.shape[1]))
            layer = np.tanh(noisy @ weights[0] + weights[1])
            wrong = 1 / (1 + np.exp(-(layer @ weights[2] + weights[3][0]))) - labels[batch]
            back = np.outer(wrong, weights[2]) * (1 - layer**2)
            size = len(batch)
            slopes = [
                noisy.T @ back / size + 1e-4 * weights[0],
                back.mean(axis=0),
                layer.T @ wrong / size + 1e-4 * weights[2],
                np.array([wrong.mean()]),
            ]
            step += 1
            for i, slope in enumerate(slopes):
                first[i] = 0.9 * first[i] + 0.1 * slope
                second[i] = 0.999 * second[i] + 0.001 * slope**2
                ratio = (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
                weights[i] = weights[i] - 0.003 * ratio
    single = [np.asarray(w, np.float32) for w in weights]
    return bed.Network(
        mean.astype(np.float32),
        scale.astype(np.float32),
        single[0],
        single[1],
        single[2],
        float(single[3][0]),
    )


def score(network: bed.Network, rows: np.ndarray, labels: np.ndarray, kinds: np.ndarray) -> None:
    said = np.array([network.probability(row) for row in rows])
    for kind in dict.fromkeys(kinds):
        part = kinds == kind
        print(
            f"  {kind:13s} right {np.mean((said[part] > 0.5) == (labels[part] > 0.5)):.3f}"
            f"   p5 {np.percentile(said[part], 5):.2f}  p50 {np.percentile(said[part], 50):.2f}"
            f"  p95 {np.percentile(said[part], 95):.2f}"
        )


def main() -> None:
    folder = Path(sys.argv[1])
    rows, labels, kinds = compose(folder, 1200, False, seed=11)
    network = fit(rows, labels)
    print("seen voices and tracks:")
    score(network, rows, labels, kinds)
    print("voices and tracks never seen (two of the three songs are in both):")
    score(network, *compose(folder, 480, True, seed=12))
    rows, labels, _ = compose(folder, 1800, None, seed=13)
    network = fit(rows, labels)
    stored = {name: np.round(np.asarray(getattr(network, name)), 5).tolist() for name in network.__slots__}
    target = ROOT / "resources" / "models" / "music_bed.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    print(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
