"""How well repeats and voices are known, on voices that nothing was trained or tuned on.

    python tests/bench/hearing/voices.py FOLDER_WITH_manifest.csv [MORE_FOLDERS ...]

Repeats: recordings are heard once, every other one over music, through telephone channels, and remembered; then
again through another channel, some over other music. Printed: the share known (0.5) so long after the beginning, by
what is in the way; how sure people are taken for a repeat, who speak with and without music beneath, from many places
of their clips on; and the cost. Voices: the announcers again and voices that are not in the book, against books of
four utterances, by voiced time: equal error rate, and what each step of ``distance`` is really worth.
Deterministic by seed.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.audio.format import RATE_HZ as WIDE_HZ
from engine.hearing.features import BLOCK_SAMPLES, Analyser, Block
from engine.hearing.fingerprints import Prints, Repeats
from engine.hearing.voices import Voice, VoiceBook, model, statistics
from tests.bench.hearing import clips
from tests.bench.hearing.channel import Channel, draw, through
from tests.bench.hearing.clips import RATE_HZ, Clip, Floats, Library

TIMES_S = (0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
REMEMBERED, ASKED, STARTS = 150, 100, 12
LONGEST_S = 6.0
VOICED_S = (0.5, 0.7, 1.0, 1.5, 2.0)
WORTH = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)


def blocks(sound: Floats, channel: Channel) -> list[Block]:
    wide = soxr.resample(through(sound, channel).astype(np.float32), RATE_HZ, WIDE_HZ)
    samples = np.clip(wide, -32768, 32767).astype(np.int16)
    analyser = Analyser()
    ends = range(0, len(samples) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)
    return [analyser.block(samples[start : start + BLOCK_SAMPLES]) for start in ends]


def spoken(clip: Clip, random: np.random.Generator) -> Floats:
    """From about the first word on, at most ``LONGEST_S``, at the level that the channels expect."""
    sound = clips.sound(clip.path)
    level = np.abs(sound) > 0.02 * np.abs(sound).max()
    start = int(level.argmax()) + int(random.integers(-600, 600))
    sound = sound[max(0, start) :][: int(LONGEST_S * RATE_HZ)]
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * 0.05, np.float32)


def over(sound: Floats, track: Clip, below_db: float, random: np.random.Generator) -> Floats:
    music = clips.sound(track.path)
    start = int(random.integers(0, max(1, len(music) - len(sound))))
    bed = np.resize(music[start : start + len(sound)], len(sound))
    return np.asarray(
        sound + bed * 0.05 * 10 ** (-below_db / 20) / (np.sqrt(np.mean(bed**2)) + 1e-9), np.float32
    )


def follow(repeats: Repeats, parts: list[Block]) -> dict[float, float]:
    repeats.begin()
    told = {}
    for number, block in enumerate(parts[: int(TIMES_S[-1] * 10)], 1):
        repeats.add(block)
        if number / 10 in TIMES_S:
            told[number / 10] = repeats.heard_before()
    return told


def repeats_table(library: Library) -> None:
    random = np.random.default_rng(4)
    music = library.of("music")
    usable = [clip for clip in library.of("recording") if clip.length_s > 1.5]
    chosen = [usable[int(n)] for n in random.permutation(len(usable))[:REMEMBERED]]
    first = Repeats()
    sounds = {}
    for number, clip in enumerate(chosen):
        sounds[clip.id] = spoken(clip, random)
        sound = sounds[clip.id]
        if number % 2:
            sound = over(sound, music[int(random.integers(len(music)))], float(random.uniform(8, 20)), random)
        first.begin()
        for block in blocks(sound, draw(random)):
            first.add(block)
        first.end()
    known = first.learned()
    print(
        f"remembered: {len(known.utterances)} utterances, {known.length_s:.0f} s, {len(known.to_text())} characters"
    )

    def again(name: str, sound: Floats) -> Channel | None:
        seed = int(random.integers(1 << 31))
        channels = {
            "G.711": Channel("alaw", float(random.uniform(-12, 6)), seed=seed),
            "GSM 06.10": Channel("gsm", float(random.uniform(-12, 6)), seed=seed),
            "5 % lost": Channel("ulaw", loss=0.05, seed=seed),
            "noise 15 dB below": Channel("ulaw", noise="coloured", snr_db=15.0, seed=seed),
        }
        return channels.get(name)

    print("repeats known, seconds after the beginning: " + " ".join(f"{at:>5}" for at in TIMES_S))
    everything: dict[float, list[float]] = defaultdict(list)
    for name in (
        "G.711",
        "GSM 06.10",
        "5 % lost",
        "noise 15 dB below",
        "music 14 dB below",
        "music 8 dB below",
    ):
        found: dict[float, list[float]] = defaultdict(list)
        for number in random.permutation(len(chosen))[: ASKED // 2]:
            sound = sounds[chosen[int(number)].id]
            sound = sound[int(random.integers(0, 160)) :]
            if name.startswith("music"):
                track = music[int(random.integers(len(music)))]
                sound = over(sound, track, float(name.split()[1]), random)
            for at, sure in follow(Repeats(known), blocks(sound, again(name, sound) or draw(random))).items():
                found[at].append(sure)
                everything[at].append(sure)
        print(f"  {name:<42}" + " ".join(f"{np.mean(np.array(found[at]) >= 0.5):5.2f}" for at in TIMES_S))
    print(f"  {'all':<42}" + " ".join(f"{np.mean(np.array(everything[at]) >= 0.5):5.2f}" for at in TIMES_S))
    people(library, known, random)


def people(library: Library, known: Prints, random: np.random.Generator) -> None:
    largest, plain = [], 0
    cost_s = spoken_s = 0.0
    music = library.of("music")
    for clip in library.of("human"):
        sound = spoken(clip, random)
        for below_db in (None, float(random.uniform(8, 20))):
            heard = sound
            if below_db is not None:
                heard = over(sound, music[int(random.integers(len(music)))], below_db, random)
            parts = blocks(heard, draw(random))
            for start in random.permutation(max(1, len(parts) - 12))[: STARTS // 2]:
                if max(float(block.level_db.max()) for block in parts[start : start + 3]) < -45.0:
                    continue
                before = time.process_time()
                told = follow(Repeats(known), parts[int(start) :])
                cost_s += time.process_time() - before
                spoken_s += min(TIMES_S[-1], 0.1 * (len(parts) - int(start)))
                largest.append(max(told.values(), default=0.0))
                plain += below_db is None
    values = np.array(largest)
    steps = " ".join(f"{level}: {np.sum(values > level)}" for level in (0.0, 0.1, 0.25, 0.5))
    print(
        f"people: {len(values)} utterances ({plain} without music); taken for a repeat at more than {steps}"
    )
    print(f"cost: {100 * cost_s / spoken_s:.2f} % of a core while somebody speaks")


def voices_table(library: Library) -> None:
    random = np.random.default_rng(6)
    per_voice: dict[str, int] = defaultdict(int)
    frames: list[tuple[str, str, bool, Floats]] = []
    for clip in library.of("human") + library.of("recording"):
        person = clip.kind == "human"
        if clip.length_s < 3.0 or "digits" in clip.style or "+" in clip.voice or per_voice[clip.voice] >= 8:
            continue
        per_voice[clip.voice] += 1
        book = VoiceBook()
        for block in blocks(spoken(clip, random), draw(random)):
            book.add(block)
        frames.append((clip.voice, clip.id, person, book.frames()))
    recordings = [item for item in frames if not item[2] and len(item[3]) >= 150]
    print(f"voices: {len({item[0] for item in frames})}, announcers {len({item[0] for item in recordings})}")
    how = model()
    if how is None:
        sys.exit("There is no model of voices.")
    rows = defaultdict(lambda: ([], []))  # type: ignore[var-annotated]

    def voice(part: Floats) -> Voice:
        return how.voice(statistics(part), len(part))

    def distance(asked: Voice, book: list[Voice]) -> float:
        return float(1.0 / (1.0 + np.exp(np.clip(how.log_ratios(asked, book).max(), -9, 9))))

    for name, clip_id, person, part in frames:
        others = [item for item in recordings if item[0] != name]
        own = [item for item in recordings if item[0] == name and item[1] != clip_id]
        for _ in range(3):
            picked = [others[int(n)] for n in random.permutation(len(others))[:4]]
            filler = [voice(item[3][:300]) for item in picked]
            for voiced_s in VOICED_S:
                count = int(100 * voiced_s)
                if len(part) < count:
                    continue
                start = int(random.integers(0, len(part) - count + 1))
                asked = voice(part[start : start + count])
                if person:
                    rows[voiced_s][1].append(distance(asked, filler))
                elif len(own) > 1:
                    twice = [voice(own[int(n)][3][:300]) for n in random.permutation(len(own))[:2]]
                    rows[voiced_s][0].append(distance(asked, filler[:2] + twice))
    steps = " ".join(f"{low:>4}-{high:<4}" for low, high in pairwise(WORTH))
    print(f"voiced  equal  log odds (announcer again : person) where the distance lies in  {steps}")
    for voiced_s, (again, new) in rows.items():
        same, other = np.array(again), np.array(new)
        cuts = np.sort(np.concatenate([same, other]))
        wrong = [(abs(np.mean(same > cut) - np.mean(other <= cut)), cut) for cut in cuts]
        cut = min(wrong)[1]
        rate = (np.mean(same > cut) + np.mean(other <= cut)) / 2
        worth = []
        for low, high in pairwise(WORTH):
            a = np.sum((same >= low) & (same < high)) + 0.5
            b = np.sum((other >= low) & (other < high)) + 0.5
            worth.append(f"{np.log(a / (len(same) + 1) / (b / (len(other) + 1))):9.1f}")
        print(f"{voiced_s:4.1f} s  {rate:.3f}  ({len(same)} and {len(other)}){'':<48}" + " ".join(worth))


def main() -> None:
    library = clips.load([Path(name) for name in sys.argv[1:]], "bench")
    print(library.summary())
    repeats_table(library)
    voices_table(library)


if __name__ == "__main__":
    main()
