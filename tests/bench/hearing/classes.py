"""Sound classes: what the ears call silence, noise, tones, music, song and speech, and how soon a person is speech.

python tests/bench/hearing/classes.py [--side train] [--folder FOLDER] [--each 40]

Every sound passes a telephone channel (channel.py: codec, loss, level, noise). Without ``--side`` only voices and
tracks are used that nothing was trained or tuned on. Deterministic; no words are recognised.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.audio.format import RATE_HZ as EAR_HZ
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Perception, Sound, SoundBegan, SpeechBegan, Voiced
from tests.bench.hearing import channel, clips
from tests.bench.hearing.clips import RATE_HZ, Clip, Floats, Library
from tests.engine.hearing.sound import cadence, gap

Random = np.random.Generator
BEFORE_S = 7.0
TONES = (((440, 480), (2.0, 4.0)), ((425,), (1.0, 4.0)), ((480, 620), (0.5, 0.5)), ((1100,), (0.5, 3.0)))


@dataclass
class Tally:
    """What was heard of one kind of sound."""

    seconds: dict[Sound, float] = field(default_factory=lambda: dict.fromkeys(Sound, 0.0))
    late_s: list[float] = field(default_factory=list)  # until it was what it should be; inf = never
    bed: list[float] = field(default_factory=list)  # mean music_bed of each utterance
    over: list[bool] = field(default_factory=list)

    def row(self, name: str) -> str:
        whole = sum(self.seconds.values()) or 1.0
        shares = "".join(f"{100 * self.seconds[sound] / whole:9.1f}" for sound in Sound)
        late = np.array(self.late_s)
        found = late[np.isfinite(late)]
        times = (
            f"{np.median(found):9.2f}{np.percentile(found, 95):7.2f}{100 * len(found) / len(late):6.0f} %"
            if len(found)
            else " " * 24
        )
        bed = (
            f"{np.median(self.bed):8.2f}{100 * np.mean(np.array(self.bed) >= 0.6):8.0f} %"
            f"{100 * np.mean(self.over):6.0f} %"
            if self.bed
            else ""
        )
        return f"{name:30s}{shares}{times}{bed}"


def hear(sound: Floats, random: Random) -> list[Perception]:
    """The perceptions of a sound (8 kHz) that passed a channel."""
    narrow = channel.through(sound, channel.draw(random)).astype(np.float64) / 32768.0
    wide = np.clip(soxr.resample(narrow, RATE_HZ, EAR_HZ) * 32767.0, -32768, 32767).astype(np.int16)
    ear = Ear()
    return ear.feed(wide) + ear.finish()


def count(
    tally: Tally, told: list[Perception], from_s: float, to_s: float, wanted: Sound | None, since_s: float
) -> None:
    """Add what was told of a stretch; how late ``wanted`` came is counted from ``since_s``."""
    changes = [(p.at_s, p.sound) for p in told if isinstance(p, SoundBegan)]
    for (at_s, sound), (later_s, _) in pairwise([*changes, (to_s, Sound.SILENCE)]):
        tally.seconds[sound] += max(0.0, min(later_s, to_s) - max(at_s, from_s))
    if wanted is not None:
        ends = [later_s for (later_s, _) in changes[1:]] + [to_s]
        fits = [
            at_s
            for (at_s, sound), end_s in zip(changes, ends, strict=True)
            if sound is wanted and end_s > since_s
        ]
        tally.late_s.append(max(0.0, fits[0] - since_s) if fits else float("inf"))
    voiced = [p for p in told if isinstance(p, Voiced) and p.at_s > since_s + 0.3]
    if wanted is Sound.SPEECH and voiced:
        tally.bed.append(float(np.mean([p.music_bed for p in voiced[:8]])))
        began = [p for p in told if isinstance(p, SpeechBegan) and p.at_s > since_s]
        tally.over.append(bool(began and began[0].over_music))


def cut(random: Random, sound: Floats, seconds: float) -> Floats:
    """A stretch drawn by chance."""
    length = int(seconds * RATE_HZ)
    start = int(random.integers(0, max(1, len(sound) - length)))
    return np.asarray(np.resize(sound[start : start + length], length), np.float32)


def faded(sound: Floats, seconds: float) -> Floats:
    """The sound coming up from nothing."""
    sound, length = sound.copy(), int(seconds * RATE_HZ)
    sound[:length] *= np.linspace(0.0, 1.0, length, dtype=np.float32) ** 2
    return sound


def one_each(library: Library, kind: str, most: int) -> Iterator[tuple[Clip, Random]]:
    """Clips of a class in turn, voice by voice, each with its own chance."""
    by_voice = [[c for c in library.of(kind) if c.voice == voice] for voice in library.voices(kind)]
    for number in range(most if by_voice else 0):
        pool = by_voice[number % len(by_voice)]
        random = np.random.default_rng([7, number])
        yield pool[int(random.integers(0, len(pool)))], random


def run(library: Library, each: int, say: Callable[[str], None]) -> None:
    """Everything, a row a kind of sound."""
    tracks = [clips.sound(clip.path) for clip in library.of("music")]

    def music(random: Random, seconds: float, down_db: float = 0.0) -> Floats:
        track = tracks[int(random.integers(0, len(tracks)))]
        return np.asarray(cut(random, track, seconds) * 10 ** (-down_db / 20), np.float32)

    say(f"{'':30s}     share of its time called, %           sure after, s              music beneath")
    say(
        f"{'':30s}"
        + "".join(f"{sound.value:>9s}" for sound in Sound)
        + "   median    p95  found  median  >=0.6    over"
    )

    for name, fade_s in (("music, at once", 0.0), ("music, softly in 3 s", 3.0)):
        tally = Tally()
        for number in range(each):
            random = np.random.default_rng([1, number])
            sound = np.concatenate([gap(1.0), faded(music(random, 14.0, random.uniform(-3, 8)), fade_s)])
            count(tally, hear(sound, random), 4.0, 15.0, Sound.MUSIC, 1.0)
        say(tally.row(name))
    tally = Tally()
    for clip, random in one_each(library, "vocals", each):
        sound = np.concatenate([gap(1.0), cut(random, clips.sound(clip.path), 19.0)])
        count(tally, hear(sound, random), 4.0, 20.0, Sound.MUSIC, 1.0)
    say(tally.row("song"))
    tally = Tally()
    for number in range(each // 2):
        random = np.random.default_rng([2, number])
        level = random.uniform(-60, -30)
        noise = channel.line_noise(str(random.choice(["white", "coloured", "hum"])), 10 * RATE_HZ, random)
        count(tally, hear(np.asarray(noise * 10 ** (level / 20)), random), 0.0, 10.0, None, 0.0)
    say(tally.row("noise"))
    tally = Tally()
    for number in range(each // 4):
        random = np.random.default_rng([3, number])
        hz, on_off_s = TONES[number % len(TONES)]
        sound = cadence(hz, *on_off_s, times=int(12 / sum(on_off_s)), level_db=random.uniform(-30, -10))
        count(tally, hear(np.concatenate([gap(1.0), sound]), random), 1.0, 13.0, None, 0.0)
    say(tally.row("tones"))

    def person(random: Random, clip: Clip, before: Floats, beneath_db: float | None, tally: Tally) -> None:
        voice = clips.sound(clip.path)[: 6 * RATE_HZ]
        sound = np.concatenate([before, voice]).astype(np.float32)
        if beneath_db is not None:
            sound[: len(before)] = 0.0
            sound += music(random, len(sound) / RATE_HZ, beneath_db)
        first_s = len(before) / RATE_HZ + clip.onset_s
        count(tally, hear(sound, random), first_s + 0.4, len(sound) / RATE_HZ, Sound.SPEECH, first_s)

    table: list[tuple[str, str, Callable[[Random], Floats], float | None]] = [
        ("a person after silence", "human", lambda r: gap(2.0), None),
        ("a person as music stops", "human", lambda r: music(r, BEFORE_S), None),
        (
            "a person 0.5 s after music",
            "human",
            lambda r: np.concatenate([music(r, BEFORE_S), gap(0.5)]),
            None,
        ),
        ("a person over music -15 dB", "human", lambda r: gap(BEFORE_S), 15.0),
        ("announcer, no music", "recording", lambda r: gap(2.0), None),
        ("announcer over music -8 dB", "recording", lambda r: gap(BEFORE_S), 8.0),
        ("announcer over music -15 dB", "recording", lambda r: gap(BEFORE_S), 15.0),
    ]
    for name, kind, before, beneath_db in table:
        tally = Tally()
        for clip, random in one_each(library, kind, each):
            person(random, clip, before(random), beneath_db, tally)
        say(tally.row(name))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Sound classes.")
    arguments.add_argument("--side", default="bench", choices=("bench", "train"))
    arguments.add_argument("--folder", action="append", type=Path, default=[])
    arguments.add_argument("--each", type=int, default=40, help="sounds of a kind")
    given = arguments.parse_args()
    library = clips.load(given.folder or clips.FOLDERS, given.side)
    print(library.summary())
    run(library, given.each, print)


if __name__ == "__main__":
    main()
