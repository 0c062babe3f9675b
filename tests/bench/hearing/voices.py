"""How well voices and repeats are told apart.

    python tests/bench/hearing/voices.py FOLDER_WITH_manifest.csv

Every clip goes through G.711. Voices: 2 s of one clip against a whole other clip (or the other half) of the same voice,
and against other voices; prints the equal error rate. Repeats: 2 s from anywhere in a clip, again at another level
and with music 10 dB below, against a memory of 60 clips; prints how many are known, and how many others are taken
for one.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.hearing.features import BLOCK_SAMPLES, Analyser, Block
from engine.hearing.fingerprints import Repeats
from engine.hearing.voices import VoiceBook, unlikeness
from tests.engine.hearing.sound import over_the_phone


def blocks(samples: np.ndarray) -> list[Block]:
    analyser = Analyser()
    ends = range(0, len(samples) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)
    return [analyser.block(samples[start : start + BLOCK_SAMPLES]) for start in ends]


def equal_error(same: list[float], other: list[float]) -> tuple[float, float]:
    """Equal error rate and the distance where it lies."""
    best = min(
        sorted(same + other), key=lambda t: abs(np.mean(np.array(same) > t) - np.mean(np.array(other) <= t))
    )
    return float(np.mean(np.array(same) > best) + np.mean(np.array(other) <= best)) / 2, best


def main() -> None:
    folder, random = Path(sys.argv[1]), np.random.default_rng(4)
    rows = list(csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")))
    clips: dict[str, list[np.ndarray]] = defaultdict(list)
    music = []
    for row in rows:
        if row["cls"] == "music" and len(music) < 6:
            music.append(soundfile.read(folder / row["file"], frames=8000 * 40)[0][8000 * 10 :])
        if row["cls"] not in ("human", "recording") or float(row["dur_s"]) < 4.5 or "digits" in row["style"]:
            continue
        if len(clips[row["voice"]]) < 10:
            clips[row["voice"]].append(soundfile.read(folder / row["file"], frames=8000 * 9)[0])
    short, whole = {}, defaultdict(list)
    for voice, sounds in clips.items():
        for number, sound in enumerate(sounds):
            half = len(sound) // 2
            parts = blocks(over_the_phone(sound))
            first, second = VoiceBook(), VoiceBook()
            for block in parts[: min(20, half * 10 // 8000)]:
                first.add(block)
            for block in parts[half * 10 // 8000 :]:
                second.add(block)
            a, b = first.current(), second.current()
            if a and b:
                short[voice, number] = a
                whole[voice].append((number, b))
    same, other, across = [], [], []
    for (voice, number), part in short.items():
        for against, known in whole.items():
            for place, stats in known:
                distance = unlikeness(part, stats)
                if against == voice:
                    same.append(distance)
                    if place != number:
                        across.append(distance)
                else:
                    other.append(distance)
    rate, at = equal_error(same, other)
    print(f"voices: equal error rate {rate:.3f} at {at:.2f} ({len(same)} same, {len(other)} other)")
    announcers = [v for v in clips if len(clips[v]) > 3]
    people = [
        min(unlikeness(p, s) for _, s in whole[a])
        for (v, _), p in short.items()
        if v not in announcers
        for a in announcers
        if whole[a]
    ]
    nearest = [
        min(unlikeness(p, s) for m, s in whole[v] if m != n)
        for (v, n), p in short.items()
        if v in announcers and len(whole[v]) > 1
    ]
    rate, at = equal_error(nearest, people)
    print(
        f"announcer again or a person: equal error rate {rate:.3f} at {at:.2f} ({len(nearest)} and {len(people)})"
    )

    pool = [sound for sounds in clips.values() for sound in sounds[:2]][:120]
    memory, new = pool[:60], pool[60:]
    repeats = Repeats()
    for sound in memory:
        repeats.begin()
        for block in blocks(over_the_phone(sound)):
            repeats.add(block)
        repeats.end()

    def known(sound: np.ndarray) -> float:
        start = int(random.integers(0, len(sound) - 8000 * 2 - 400))
        repeats.begin()
        for block in blocks(over_the_phone(sound[start : start + 8000 * 2 + 400])):
            repeats.add(block)
        return repeats.heard_before()

    for name, change in {
        "the same again": lambda s: s,
        "6 dB softer": lambda s: s * 0.5,
        "over music 10 dB below": lambda s: s + 0.316 * music[int(random.integers(0, 6))][: len(s)],
    }.items():
        said = np.array([known(change(sound)) for sound in memory])
        print(f"repeat, {name}: known {np.mean(said > 0.5):.3f}")
    said = np.array([known(sound) for sound in new])
    print(f"new speech taken for a repeat: {np.mean(said > 0.5):.3f} (largest {said.max():.2f})")


if __name__ == "__main__":
    main()
