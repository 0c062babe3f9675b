"""Train the comparison of voices (engine/hearing/voices.py) and print how it does on voices it never saw.

    python packaging/train_voices.py FOLDER_WITH_manifest.csv [MORE_FOLDERS ...] [--write]

Takes people and recordings of the voices that the benchmark does not keep for itself (tests/bench/hearing/split.py),
each clip twice through telephone channels (G.711, GSM 06.10, loss, noise, some with music beneath), cuts them into
stretches of 0.4 to 5 s, and computes linear discriminants and the variances between and within voices. The scale of
the likelihood ratio is fitted by fivefold cross-validation over the voices, on books of four utterances of one to
three announcers. Deterministic by seed. --write puts the weights into resources/models/voices.json. The held-out
figures are printed by tests/bench/hearing/voices.py.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.hearing.features import BLOCK_SAMPLES, Analyser  # noqa: E402
from engine.hearing.voices import Model, Voice, VoiceBook, statistics  # noqa: E402
from tests.bench.hearing.split import held_out  # noqa: E402

RATE_HZ = 8000
DIRECTIONS = 10
LENGTHS = (40, 70, 100, 150, 200, 300, 500)
"""Stretches, in loud frames of 10 ms."""
MOST_CLIPS = 10
LEAST_WITHIN = 0.15


def channel(random: np.random.Generator, sound: np.ndarray, music: list[np.ndarray]) -> np.ndarray:
    """A telephone line: int16 at 16 kHz from floats at 8 kHz."""
    sound = sound * 10 ** (random.uniform(-8, 0) / 20)
    if music and random.random() < 0.3:
        track = music[int(random.integers(len(music)))]
        start = int(random.integers(0, max(1, len(track) - len(sound))))
        bed = np.resize(track[start : start + len(sound)], len(sound))
        ratio = np.sqrt(np.mean(sound**2)) / (np.sqrt(np.mean(bed**2)) + 1e-9)
        sound = sound + bed * ratio * 10 ** (random.uniform(-20, -10) / 20)
    sound = sound + random.normal(size=len(sound)) * 10 ** (random.choice([-70, -62, -55]) / 20)
    held = io.BytesIO()
    soundfile.write(
        held, sound, RATE_HZ, format="WAV", subtype=str(random.choice(["ULAW", "ALAW", "ULAW", "GSM610"]))
    )
    held.seek(0)
    sound = soundfile.read(held)[0]
    if random.random() < 0.3:
        for frame in np.flatnonzero(random.random(len(sound) // 160) < 0.03):
            sound[frame * 160 : frame * 160 + 160] = 0.0
    return np.clip(soxr.resample(sound, RATE_HZ, 16000) * 32767, -32768, 32767).astype(np.int16)


def frames_of(wide: np.ndarray) -> np.ndarray:
    """Loud frames of int16 sound at 16 kHz, as a book of voices keeps them."""
    analyser, book = Analyser(), VoiceBook()
    for start in range(0, len(wide) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        book.add(analyser.block(wide[start : start + BLOCK_SAMPLES]))
    return np.asarray(book.frames())


def load(path: Path, start_s: float = 0.0, most_s: float = 8.0) -> np.ndarray:
    sound, rate = soundfile.read(path, dtype="float64", always_2d=True)
    narrow = soxr.resample(sound[:, 0], rate, RATE_HZ)[int(start_s * RATE_HZ) :][: int(most_s * RATE_HZ)]
    return np.asarray(narrow / (np.abs(narrow).max() + 1e-9) * 0.4)


def stretches(folders: list[Path]) -> tuple[np.ndarray, ...]:
    """Statistics (n, 39), voice, clip, place in the clip, and length of every stretch; whether it is a person."""
    random = np.random.default_rng(2)
    rows = [
        (row, folder)
        for folder in folders
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8"))
        if not held_out(row["voice"])
    ]
    random.shuffle(rows)
    music = [load(folder / row["file"], 5.0, 60.0) for row, folder in rows if row["cls"] == "music"]
    seen: dict[str, int] = {}
    found = []
    for row, folder in rows:
        voice = row["voice"]
        if row["cls"] not in ("human", "recording") or float(row["dur_s"]) < 2.0 or "digits" in row["style"]:
            continue
        if "+" in voice or seen.get(voice, 0) >= MOST_CLIPS:
            continue
        seen[voice] = seen.get(voice, 0) + 1
        sound = load(folder / row["file"], max(0.0, float(row["onset_s"] or 0.0) - 0.1))
        for _ in range(2):
            frames = frames_of(channel(random, sound, music))
            for length in LENGTHS:
                if len(frames) < length:
                    continue
                for start in sorted({0, len(frames) - length} if len(frames) >= 2 * length else {0}):
                    numbers = statistics(frames[start : start + length])
                    found.append((numbers, voice, row["id"], start, length, row["cls"] == "human"))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def scatter(points: np.ndarray, voices: np.ndarray) -> np.ndarray:
    """Covariance of points around the mean of their voice; no voice counts more than eight times."""
    total, count = np.zeros((points.shape[1],) * 2), 0.0
    for voice in sorted(set(voices)):
        own = points[voices == voice]
        if len(own) > 1:
            weight = min(len(own), 8)
            total += np.cov(own.T) * weight
            count += weight
    return total / count


def fit(numbers: np.ndarray, voices: np.ndarray, lengths: np.ndarray) -> Model:
    middle = np.nanmedian(numbers, axis=0)
    points = np.where(np.isnan(numbers), middle, numbers) - middle
    unit = points.std(axis=0)
    points = points / unit
    whole = (lengths >= 150) & (lengths <= 200)
    names = sorted(set(voices[whole]))
    means = np.array([points[whole & (voices == name)].mean(axis=0) for name in names])
    within = scatter(points[whole], voices[whole]) + 0.02 * np.eye(points.shape[1])
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    values, vectors = np.linalg.eigh(inverse @ np.cov(means.T) @ inverse.T)
    order = np.argsort(-values)[:DIRECTIONS]
    matrix = inverse.T @ vectors[:, order]
    places = points @ matrix
    spreads = [np.diag(scatter(places[lengths == n], voices[lengths == n])) for n in LENGTHS]
    design = np.array([[1.0, 1.0 / n] for n in LENGTHS])
    solved = np.linalg.lstsq(design, np.array(spreads), rcond=None)[0]
    return Model(
        middle=middle,
        matrix=matrix / unit[:, None],
        origin=(means @ matrix).mean(axis=0),
        between=np.maximum(values[order], 0.05),
        within=np.maximum(solved[0], LEAST_WITHIN),
        short=np.maximum(solved[1], 0.0),
        scale=1.0,
        offset=0.0,
    )


def trials(
    model: Model, parts: tuple[np.ndarray, ...], chosen: np.ndarray
) -> tuple[list[float], list[float]]:
    """Best log ratio against a book of four, of voices in it and of voices that are not."""
    random = np.random.default_rng(5)
    numbers, voices, clips, starts, lengths, people = parts
    spots = np.flatnonzero(chosen)
    points = {int(n): model.voice(numbers[n], int(lengths[n])) for n in spots}
    books = spots[(lengths[spots] >= 150) & (lengths[spots] <= 300)]
    announcers = books[~people[books]]
    again: list[float] = []
    new: list[float] = []

    def best(voice: Voice, book: np.ndarray) -> float:
        return float(model.log_ratios(voice, [points[int(other)] for other in book]).max())

    for spot in spots[(lengths[spots] <= 300)][::3]:
        others = announcers[voices[announcers] != voices[spot]]
        few = random.choice(sorted(set(voices[others])), 2, replace=False)
        filler = random.choice(others[np.isin(voices[others], few)], 4)
        new.append(best(points[int(spot)], filler))
        apart = (clips[books] != clips[spot]) | (starts[books] >= starts[spot] + lengths[spot])
        same = books[(voices[books] == voices[spot]) & apart]
        if len(same):
            again.append(best(points[int(spot)], np.concatenate([filler[:2], random.choice(same, 2)])))
    return again, new


def calibrate(again: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Scale and offset by logistic regression with both kinds weighing the same (Newton)."""
    ratio = np.concatenate([again, new])
    truth = np.concatenate([np.ones(len(again)), np.zeros(len(new))])
    weight = np.concatenate([np.full(len(again), 0.5 / len(again)), np.full(len(new), 0.5 / len(new))])
    design, solution = np.column_stack([ratio, np.ones(len(ratio))]), np.array([0.5, 0.0])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-(design @ solution)))
        slope = design.T @ (weight * (truth - chance))
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
        solution = solution + np.linalg.solve(curve, slope)
    return float(solution[0]), float(solution[1])


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:] if not name.startswith("--")]
    parts = stretches(folders)
    numbers, voices, _, _, lengths, _ = parts
    names = np.array(sorted(set(voices)))
    fold = {name: number % 5 for number, name in enumerate(np.random.default_rng(7).permutation(names))}
    folds = np.array([fold[voice] for voice in voices])
    again: list[float] = []
    new: list[float] = []
    for number in range(5):
        rest = folds != number
        found = trials(fit(numbers[rest], voices[rest], lengths[rest]), parts, ~rest)
        again, new = again + found[0], new + found[1]
    scale, offset = calibrate(np.array(again), np.array(new))
    cuts = np.sort(again + new)
    wrong = [abs(np.mean(np.array(again) < cut) - np.mean(np.array(new) >= cut)) for cut in cuts[::20]]
    cut = cuts[::20][int(np.argmin(wrong))]
    print(
        f"{len(names)} voices, {len(voices)} stretches; cross-validated: scale {scale:.3f}, offset {offset:.3f},"
    )
    print(f"equal error rate {np.mean(np.array(again) < cut):.3f} ({len(again)} again, {len(new)} new)")
    if "--write" in sys.argv:
        found = fit(numbers, voices, lengths)
        data = {
            name: np.round(getattr(found, name), 5).tolist()
            for name in ("middle", "matrix", "origin", "between", "within", "short")
        }
        path = ROOT / "resources" / "models" / "voices.json"
        path.write_text(
            json.dumps({**data, "scale": round(scale, 4), "offset": round(offset, 4)}), encoding="utf-8"
        )
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
