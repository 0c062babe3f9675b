"""Scenes for training and scoring the liveness model: what a line carried before a voice, and the voice.

A scene is 2 s or more of music, silence, noise, ringing or other speech, then a person or a recording for some
seconds, all of it through one random telephone channel. Whatever is not the voice itself - noise, echo of the room,
gating, equaliser, speed, level, codec, lost packets, fades - is drawn for both classes alike or nearly so, so that
nothing but the voice, its room and the way it begins can tell them apart.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from liveness_effects import (
    RATE,
    channel,
    coloured,
    cut,
    db,
    echoed,
    filtered,
    gated,
    shaped,
    squeezed,
    through,
)

from engine.hearing.features import BLOCK_SAMPLES, Analyser, Block, Floats
from engine.hearing.liveness import CONTEXT_BLOCKS, numbers_of
from engine.hearing.vad import WINDOW_SAMPLES, VoiceActivity

AFTER_S = 4.2
"""How long a scene goes on after the voice has begun."""
AFTER_BLOCKS = 48
MOST_CLIPS = 60
"""Of one voice: a voice with hundreds of prompts counts no more than that."""

SYNTHETIC = ("espeak", "festival", "flite")
"""Sources of many voices with one synthesiser. Announcers who were recorded count twice: they are the harder ones."""


@dataclass(slots=True)
class Clip:
    """One file of the corpus."""

    voice: str
    kind: str  # human, recording, vocals, music
    corpus: str
    sound: Floats
    onsets: list[int] = field(default_factory=list)  # samples where the voice begins after a pause
    floor: Floats | None = None  # magnitudes of what sounds in its pauses, (129,)


@dataclass(slots=True)
class Scene:
    """What the network is given, and what is right."""

    numbers: Floats  # (blocks * FRAMES, NUMBERS)
    begin: int  # block after which the utterance was sure to have begun
    onset: int  # block in which the voice began
    voiced: Floats  # (blocks,) voiced time since the onset
    person: bool
    voice: str
    corpus: str
    before: str


def corpus_of(row: dict[str, str]) -> str:
    """The source a clip came from: names like libri-730 and so762-0739 begin with it."""
    return row["cls"] + ":" + row["voice"].split("-")[0].split("_")[0]


def windows_of(sound: Floats) -> Floats:
    """Voice probability each 32 ms of 8 kHz sound."""
    return VoiceActivity().feed(wide(sound))


def wide(sound: Floats) -> np.ndarray:
    up = soxr.resample(sound.astype(np.float32), RATE, 2 * RATE)
    return np.clip(up * 32767, -32768, 32767).astype(np.int16)


def load(folders: list[Path], wanted) -> list[Clip]:
    """Clips of the voices that ``wanted`` says yes to, with their onsets and the floor between their words."""
    clips, counts = [], defaultdict(int)
    for folder in folders:
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")):
            if not wanted(row["voice"]):
                continue
            counts[row["voice"]] += 1
            if counts[row["voice"]] > MOST_CLIPS:
                continue
            sound, rate = soundfile.read(folder / row["file"], dtype="float32", always_2d=True)
            sound = sound[: rate * 120, 0]
            if rate != RATE:
                sound = soxr.resample(sound, rate, RATE)
            clip = Clip(row["voice"], row["cls"], corpus_of(row), sound)
            prepare(clip)
            if clip.onsets:
                clips.append(clip)
    return clips


def prepare(clip: Clip) -> None:
    if clip.kind == "music":
        clip.onsets = list(range(0, max(1, len(clip.sound) - 6 * RATE), RATE))
        return
    voice = np.concatenate([np.zeros(6), windows_of(clip.sound)])
    last = len(clip.sound) / (WINDOW_SAMPLES // 2) - (12 if len(clip.sound) > 2 * RATE else 5)
    for number in range(6, len(voice)):
        if voice[number] >= 0.5 and voice[number - 6 : number].max() < 0.5 and number - 6 < last:
            clip.onsets.append((number - 6) * WINDOW_SAMPLES // 2)
    if clip.kind == "vocals":
        clip.onsets += list(range(0, len(clip.sound) - 4 * RATE, 2 * RATE))
        return
    frames = np.lib.stride_tricks.sliding_window_view(clip.sound, 256)[::128]
    if len(frames) < 8:
        return
    power = (frames**2).mean(axis=1)
    quiet = frames[power <= np.percentile(power, 8)]
    clip.floor = np.sqrt((np.abs(np.fft.rfft(quiet * np.hanning(256), axis=1)) ** 2).mean(axis=0)).astype(
        np.float32
    )


class Composer:
    """Makes scenes of clips, the classes in equal parts and the voices of a corpus alike."""

    def __init__(self, clips: list[Clip], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._by_voice: dict[str, dict[str, dict[str, list[Clip]]]] = defaultdict(lambda: defaultdict(dict))
        for clip in clips:
            self._by_voice[clip.kind][clip.corpus].setdefault(clip.voice, []).append(clip)
        self._music = [clip for clip in clips if clip.kind == "music"]

    def _pick(self, kind: str) -> list[Clip]:
        """The clips of a voice: a corpus by the root of its size, then a voice."""
        corpora = self._by_voice[kind]
        names = sorted(corpora)
        weights = np.array([np.sqrt(len(corpora[name])) for name in names])
        if kind == "recording":
            weights *= np.array([1.0 if name.split(":")[1] in SYNTHETIC else 2.0 for name in names])
        voices = corpora[names[int(self._random.choice(len(names), p=weights / weights.sum()))]]
        return voices[sorted(voices)[int(self._random.integers(len(voices)))]]

    def _voice(self, clips: list[Clip], length: int, clip: Clip, onset: int) -> tuple[Floats, int]:
        """The clip from shortly before the onset, more of the voice after it; and where the onset lies."""
        random = self._random
        lead = min(onset, int(random.uniform(0, 0.3) * RATE)) if random.random() < 0.7 else 0
        lead = max(lead, min(onset, 200))
        sound = clip.sound[onset - lead :][:length].astype(np.float64)
        while (
            len(clips) > 1
            and len(sound) < length
            and clip.kind in ("human", "recording")
            and random.random() < 0.8
        ):
            more = clips[int(random.integers(len(clips)))].sound
            sound = np.concatenate([sound, np.zeros(int(random.uniform(0.05, 0.5) * RATE)), more])[:length]
        if random.random() < 0.25:  # only a few words
            short = int(random.uniform(0.4, 1.6) * RATE) + lead
            sound = sound[:short].copy()
            sound[-160:] *= np.linspace(1, 0, len(sound[-160:]))
        if random.random() < 0.6:
            fade = max(1, int(random.uniform(0.002, 0.02) * RATE))
            sound[:fade] *= np.linspace(0, 1, fade)[: len(sound[:fade])]
        if random.random() < 0.5:
            rate = random.uniform(0.9, 1.11)
            sound = soxr.resample(sound, RATE, RATE * rate)
            lead = int(lead * rate)
        return sound, lead

    def scene(self) -> Scene | None:
        """The next scene; None where no voice was found in it."""
        random = self._random
        person = random.random() < 0.5
        kind = (
            "human" if person else str(random.choice(["recording", "vocals", "music"], p=[0.86, 0.1, 0.04]))
        )
        clips = self._pick(kind)
        clip = clips[int(random.integers(len(clips)))]
        onset = (
            clip.onsets[int(random.integers(len(clip.onsets)))] if random.random() < 0.6 else clip.onsets[0]
        )
        sound, lead = self._voice(clips, int(AFTER_S * RATE), clip, onset)
        # what is the voice's own
        if clip.floor is not None and random.random() < (0.7 if person else 0.4):
            own = int(random.choice([0.1, 0.4, 1.0, 2.5]) * RATE * random.uniform(0.5, 1.0))
        else:
            own = 0
        total = int(random.uniform(2.15, 2.6) * RATE)
        at = max(total, own + lead + 80)  # where the onset lies
        length = -(-(at + int(AFTER_S * RATE)) // 4000) * 4000  # a size that the Fourier transform likes
        part = np.zeros(length)
        sound = sound[: length - at + lead]
        part[at - lead : at - lead + len(sound)] = sound
        if own:
            noise = shaped(random, clip.floor, length)
            noise[: at - own - lead] = 0.0
            noise[at - lead : at - lead + len(sound)] = 0.0
            part += noise
        since = at - own - lead
        if random.random() < 0.7:
            part = filtered(random, part, 1.5)
        if random.random() < (0.15 if person else 0.06):
            part = echoed(random, part)
        if random.random() < (0.3 if person else 0.12):
            noise = coloured(random, length) * part[at : at + RATE].std() * db(-random.uniform(14, 40))
            noise[: max(0, since - int(random.uniform(0, 1.0) * RATE))] = 0.0
            part += noise
        if random.random() < (0.15 if person else 0.03):
            others = sum(cut(random, self._pick("human")[0].sound, length) for _ in range(3))
            others[:since] = 0.0
            part += others * db(-random.uniform(20, 36))
        if random.random() < 0.1:
            part = gated(random, part)
        if random.random() < 0.1:
            part = squeezed(random, part)
        if random.random() < 0.08:
            part = through(part, "MP3", "MPEG_LAYER_III")
        part *= db(random.uniform(-5, 5))
        whole, before = self._around(part, at, since, kind, clips)
        heard = channel(random, whole)
        if random.random() < (0.35 if person else 0.06) and before != "music beneath":
            # put through to another line, with other noise, another codec, another level
            switch = max(800, since - int(random.uniform(0.0, 0.4) * RATE))
            heard = np.concatenate([channel(random, whole[:switch]), heard[switch:]])
        return self._heard(heard, at, person, clip, before)

    def _around(self, part: Floats, at: int, since: int, kind: str, clips: list[Clip]) -> tuple[Floats, str]:
        """What the line carried before and beneath the voice."""
        random, length = self._random, len(part)
        person = kind == "human"
        draw = random.random()
        if kind == "music":
            return part, "silence"
        music = cut(random, self._music[int(random.integers(len(self._music)))].sound, length) * db(
            random.uniform(-8, 4)
        )
        if draw < 0.24:
            return part, "silence"
        if draw < 0.32:
            tone = 0.05 * (
                np.sin(2 * np.pi * 440 * np.arange(length) / RATE)
                + np.sin(2 * np.pi * 480 * np.arange(length) / RATE)
            )
            tone[max(0, since - int(random.uniform(0.0, 0.5) * RATE)) :] = 0
            return part + tone, "ringing"
        if draw < 0.42:  # other speech, mostly of recordings
            other = self._pick("recording" if random.random() < 0.85 else "human")
            sound = cut(random, other[int(random.integers(len(other)))].sound, length).copy()
            sound[max(0, at - int(random.uniform(0.55, 1.5) * RATE)) :] = 0
            return part + sound, "other speech"
        if draw < 0.54:  # the same voice, a pause before
            sound = cut(random, clips[int(random.integers(len(clips)))].sound, length).copy()
            sound[max(0, at - int(random.uniform(0.55, 1.5) * RATE)) :] = 0
            return part + filtered(random, sound, 1.0), "same voice"
        if draw < (0.90 if person else 0.78) or kind == "vocals":
            end = since if random.random() < 0.5 else at
            stop = max(0, end - int(random.uniform(-0.15, 1.2) * RATE))
            if person and random.random() < 0.12:
                stop = at + int(random.uniform(0.3, 2.5) * RATE)  # the person talks while it still plays
            fade = int(random.choice([0.005, 0.05, 0.4]) * RATE)
            music[stop:] = 0
            music[max(0, stop - fade) : stop] *= np.linspace(1, 0, len(music[max(0, stop - fade) : stop]))
            return part + music, "music, stopped"
        duck = db(-random.uniform(5, 22))
        gain = np.ones(length)
        start = at - int(random.uniform(0.0, 0.8) * RATE)
        gain[start:] = duck
        gain = np.convolve(gain, np.full(800, 1 / 800), "same")
        return part + music * gain, "music beneath"

    def _heard(self, sound: Floats, at: int, person: bool, clip: Clip, before: str) -> Scene | None:
        pcm = wide(sound)
        skip = int(self._random.integers(0, BLOCK_SAMPLES))  # blocks begin anywhere
        pcm, at16 = pcm[skip:], at * 2 - skip
        analyser, heard = Analyser(), VoiceActivity().feed(pcm)
        first = at16 // WINDOW_SAMPLES - 2
        windows: list[float] = []
        blocks: list[tuple[Block, Floats]] = []
        begin = onset = -1
        music = before.startswith("music") and self._random.random() < 0.6
        for start in range(0, len(pcm) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
            piece = pcm[start : start + BLOCK_SAMPLES]
            voice = heard[len(windows) : (start + BLOCK_SAMPLES) // WINDOW_SAMPLES]
            windows += voice.tolist()
            blocks.append((analyser.block(piece), voice))
            if begin < 0:
                late = [w if n >= first else 0.0 for n, w in enumerate(windows)]
                sure = np.mean(late[-16:]) > 0.8 if music else sum(w >= 0.5 for w in late[-7:]) >= 5
                if sure:
                    begin = len(blocks) - 1
                    onset = min(begin, _onset(late) * WINDOW_SAMPLES // BLOCK_SAMPLES)
            if begin < 0 and len(blocks) * BLOCK_SAMPLES > at16 + 32000:
                return None
            if begin >= 0 and len(blocks) > begin + AFTER_BLOCKS:
                break
        if begin < 0 or onset < 1:
            return None
        low = max(0, begin + 1 - CONTEXT_BLOCKS)
        voiced = np.zeros(len(blocks), np.float32)
        for number in range(onset, len(blocks)):
            to = (number + 1) * BLOCK_SAMPLES // WINDOW_SAMPLES
            voiced[number] = (
                sum(w >= 0.5 for w in windows[onset * BLOCK_SAMPLES // WINDOW_SAMPLES : to]) * 0.032
            )
        numbers = np.concatenate([numbers_of(block, voice) for block, voice in blocks[low:]])
        return Scene(numbers, begin - low, onset - low, voiced[low:], person, clip.voice, clip.corpus, before)


def _onset(windows: list[float]) -> int:
    """First window of the run of voiced ones that ends now, over gaps of two windows."""
    back, gap = len(windows), 0
    for number in range(len(windows) - 1, -1, -1):
        if windows[number] >= 0.5:
            back, gap = number, 0
        else:
            gap += 1
            if gap > 2:
                break
    return back
