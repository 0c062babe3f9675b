"""Scenes to train the music detector on: hold music, announcers, songs, people and lines, with what is true when.

A scene is 20 s of a call at 8 kHz. Voices and music come and go on timelines of their own: music fades in or breaks
off, ducks beneath an announcer or falls silent for him; people speak into the music, right after it, or with none. Song
is the tracks with vocals, and speech resynthesised on notes (WORLD vocoder; plain speech goes through the vocoder as
well, or its traces would mean song). A third of the music is generated, because tracks are few. All of it passes a
telephone line: room, coloured noise or hum at 15 to 40 dB, G.711 or GSM, loss up to 5 %, level -12 to +6 dB.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from music_bed_line import RATE, Random, Sound, coloured, over_the_line, room

SCENE_S = 20.0
BLOCK = RATE // 10


@dataclass
class Stock:
    """Clips by kind, each (name of voice or track, sound)."""

    people: list[tuple[str, Sound]] = field(default_factory=list)
    announcers: list[tuple[str, Sound]] = field(default_factory=list)
    music: list[tuple[str, Sound]] = field(default_factory=list)
    songs: list[tuple[str, Sound]] = field(default_factory=list)
    made: list[Sound] = field(default_factory=list)  # generated music
    sung: list[Sound] = field(default_factory=list)  # speech put on notes
    spoken: list[Sound] = field(default_factory=list)  # speech through the same vocoder


def load(folders: list[Path], wanted: Callable[[str], bool], per_voice: int = 40) -> Stock:
    """The clips of the manifests whose voice or track is wanted."""
    stock = Stock()
    of = {
        "human": stock.people,
        "recording": stock.announcers,
        "announcer": stock.announcers,
        "music": stock.music,
        "vocals": stock.songs,
    }
    count: dict[str, int] = {}
    for folder in folders:
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")):
            voice = row["voice"]
            count[voice] = count.get(voice, 0) + 1
            if row["cls"] in of and wanted(voice) and count[voice] <= per_voice:
                sound, rate = soundfile.read(folder / row["file"], dtype="float32")
                sound = sound if sound.ndim == 1 else sound.mean(axis=1)
                of[row["cls"]].append((voice, sound if rate == RATE else soxr.resample(sound, rate, RATE)))
    return stock


# --- what is made here ----------------------------------------------------------------------------------------------


def music_of_notes(random: Random, seconds: float) -> Sound:
    """Chords, a bass, an arpeggio, a melody and drums on instruments drawn by chance. Level -26 dB."""
    length = int(seconds * RATE)
    sound = np.zeros(length + 4 * RATE, np.float64)
    beat_s = 60.0 / random.uniform(60, 140)
    key = random.uniform(40, 52)  # semitones above 8.2 Hz, as MIDI counts
    scale = [0, 2, 4, 5, 7, 9, 11] if random.random() < 0.6 else [0, 2, 3, 5, 7, 8, 10]

    def note(
        at_s: float, pitch: float, long_s: float, voice: tuple[float, float, float, float], loud: float
    ) -> None:
        slope, attack_s, decay_s, vibrato = voice
        t = np.arange(int(min(long_s, 4.0) * RATE)) / RATE
        first = 8.1758 * 2 ** (pitch / 12)
        phase = 2 * np.pi * first * (t + vibrato * 0.001 * np.sin(2 * np.pi * 5.5 * t))
        tone = sum(
            k**-slope * np.sin(k * phase + k) for k in range(1, min(24, int(3600 / first) + 1))
        ) + np.zeros_like(t)
        shape = (
            np.minimum(1.0, t / attack_s) * np.exp(-t / decay_s) * np.minimum(1.0, (t[-1] - t) / 0.03 + 0.01)
        )
        start = int(at_s * RATE)
        if start + len(t) < len(sound):
            sound[start : start + len(t)] += loud * tone * shape

    def instrument() -> tuple[float, float, float, float]:
        return (
            float(random.uniform(0.5, 2.2)),
            float(random.choice([0.005, 0.02, 0.15, 0.4])),
            float(random.choice([0.25, 0.6, 1.5, 6.0])),
            float(random.choice([0.0, 0.0, 1.5])),
        )

    layers = random.random(5) < (0.75, 0.6, 0.55, 0.55, 0.5)
    if not layers[:4].any():
        layers[0] = True
    voices = [instrument() for _ in range(4)]
    roots = [0, *random.integers(0, 7, 3)]
    steps = int(random.choice([2, 3, 4]))
    at_s, bar = 0.0, 0
    while at_s < seconds:
        root = int(roots[bar % 4])
        chord = [key + 12 + scale[(root + i) % 7] + 12 * ((root + i) // 7) for i in (0, 2, 4)]
        if layers[0]:
            for pitch in chord:
                note(at_s, pitch + 12, beat_s * 4, voices[0], 0.3)
        for count in range(4):
            when_s = at_s + count * beat_s
            if layers[1]:
                note(when_s, chord[0] - 12, beat_s, voices[1], 0.6)
            if layers[2]:
                for part in range(steps):
                    pitch = chord[int(random.integers(0, 3))] + 12 * int(random.integers(1, 3))
                    note(when_s + part * beat_s / steps, pitch, beat_s, voices[2], 0.35)
            if layers[3] and random.random() < 0.7:
                pitch = key + 24 + scale[int(random.integers(0, 7))]
                note(when_s, pitch, beat_s * random.choice([0.5, 1, 2]), voices[3], 0.5)
            if layers[4]:
                start = int(when_s * RATE)
                hit = random.normal(0, 1, 1200) * np.exp(-np.arange(1200) / random.choice([150, 400]))
                sound[start : start + 1200] += hit * (0.5 if count % 2 else 0.2)
                kick = np.sin(2 * np.pi * 90 * np.arange(1600) / RATE) * np.exp(-np.arange(1600) / 500)
                sound[start : start + 1600] += kick * (0.8 if count % 2 == 0 else 0.0)
        at_s += 4 * beat_s
        bar += 1
    sound = sound[:length]
    if random.random() < 0.5:
        sound = room(random, sound, 0.6)
    return np.asarray(sound / (sound.std() + 1e-9) * 10 ** (-26 / 20), np.float32)


def through_vocoder(random: Random, sound: Sound, singing: bool) -> Sound:
    """Speech taken apart and put together by WORLD: as it was, or slowed down and on the notes of a scale."""
    import pyworld

    wide = soxr.resample(np.asarray(sound[: 5 * RATE], np.float64), RATE, 16000)
    pitch, at_s = pyworld.dio(wide, 16000)
    pitch = pyworld.stonemask(wide, pitch, at_s, 16000)
    shape = pyworld.cheaptrick(wide, pitch, at_s, 16000)
    noise = pyworld.d4c(wide, pitch, at_s, 16000)
    if not (pitch > 0).any():
        return sound
    if singing:
        slow = random.uniform(1.3, 3.0)
        advance = np.where(pitch > 0, slow, 1.0).cumsum()
        frames = np.interp(np.arange(0.0, advance[-1]), advance, np.arange(len(pitch)))
        frames = np.clip(np.rint(frames), 0, len(pitch) - 1).astype(int)
        shape, noise, voiced = shape[frames], noise[frames], pitch[frames] > 0
        tonic = np.median(pitch[pitch > 0]) * 2 ** random.uniform(-0.1, 0.6)
        scale, notes = (0, 2, 4, 5, 7, 9, 11, 12), np.zeros(len(frames))
        at, step = 0, int(random.integers(0, 7))
        while at < len(notes):
            long = int(random.uniform(0.18, 0.9) / 0.005)
            step = int(np.clip(step + random.integers(-2, 3), 0, 7))
            notes[at : at + long] = scale[step]
            at += long
        glide = int(random.uniform(0.03, 0.1) / 0.005)
        notes = np.convolve(np.pad(notes, glide, mode="edge"), np.full(glide, 1 / glide), "same")[
            glide:-glide
        ]
        vibrato = random.uniform(0.0, 0.6) * np.sin(
            2 * np.pi * random.uniform(4.8, 6.2) * np.arange(len(notes)) * 0.005
        )
        pitch = np.where(voiced, tonic * 2 ** ((notes + vibrato) / 12), 0.0)
    made = pyworld.synthesize(pitch, np.ascontiguousarray(shape), np.ascontiguousarray(noise), 16000)
    return np.asarray(soxr.resample(made, 16000, RATE), np.float32)


def make(random: Random, stock: Stock, tracks: int, voices: int) -> None:
    """Fill in what is made: so many tracks of generated music, and voices through the vocoder."""
    stock.made = [music_of_notes(random, 40.0) for _ in range(tracks)]
    pool = stock.people + stock.announcers[::4]
    for number in range(voices):
        _, sound = pool[int(random.integers(0, len(pool)))]
        singing = number % 3 != 2
        (stock.sung if singing else stock.spoken).append(through_vocoder(random, sound, singing))


# --- scenes -------------------------------------------------------------------------------------------------------


def _pick(random: Random, pool: list[tuple[str, Sound]]) -> Sound:
    """One of a voice or track drawn first, so that a voice with many clips counts once."""
    names = sorted({name for name, _ in pool})
    name = names[int(random.integers(0, len(names)))]
    of = [sound for owner, sound in pool if owner == name]
    return of[int(random.integers(0, len(of)))]


def _cut(random: Random, sound: Sound, length: int) -> Sound:
    if len(sound) <= length:
        return np.resize(sound, length)
    start = int(random.integers(0, len(sound) - length))
    return sound[start : start + length]


def _faster(random: Random, sound: Sound, least: float, most: float) -> Sound:
    return np.asarray(soxr.resample(sound, RATE * float(random.uniform(least, most)), RATE, quality="LQ"))


def _levels(sound: Sound) -> Sound:
    """Level of each block of 0.1 s, in dB."""
    blocks = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.asarray(10 * np.log10((blocks**2).mean(axis=1) + 1e-12))


def _spread(flags: Sound, before: int, after: int) -> Sound:
    wide = flags.copy()
    for shift in range(1, after + 1):
        wide[shift:] |= flags[:-shift]
    for shift in range(1, before + 1):
        wide[:-shift] |= flags[shift:]
    return wide


def _closed(flags: Sound, gap: int) -> Sound:
    """Gaps up to so many blocks filled."""
    padded = np.pad(flags, gap)
    return ~_spread(~_spread(padded, gap, 0), 0, gap)[gap:-gap] if gap else flags


def _gate(random: Random, length: int) -> tuple[Sound, list[int]]:
    """Music on and off: gain of each sample, and where it stops."""
    gain, stops = np.zeros(length), []
    at = 0
    on = random.random() < 0.7
    while at < length:
        long = int((random.uniform(4, 16) if on else random.uniform(1.5, 7)) * RATE)
        if on:
            end = min(length, at + long)
            gain[at:end] = 1.0
            fade_in = int(random.choice([0.0, 0.03, 0.5, 2.5]) * RATE)
            fade_out = int(random.choice([0.0, 0.02, 0.3, 1.0]) * RATE)
            if at and fade_in:
                part = min(fade_in, end - at)
                gain[at : at + part] *= np.linspace(0, 1, part) ** 2
            if end < length:
                part = min(fade_out, end - at)
                gain[end - part : end] *= np.linspace(1, 0, part) ** 2 if part else 1.0
                stops.append(end)
        at += long
        on = not on
    return gain, stops


def _tones(random: Random, length: int) -> Sound:
    """Signals of exchanges and machines, none of which is music."""
    t = np.arange(length) / RATE
    kind = int(random.integers(0, 4))
    if kind == 3:
        first = random.uniform(90, 240)
        sound = np.asarray(
            sum(np.sin(2 * np.pi * first * k * t + k) / k for k in range(1, int(3400 / first)))
        )
        on = (t > random.uniform(0, 4)) & (t < random.uniform(6, 20))
    else:
        choices: list[tuple[tuple[float, ...], tuple[float, ...]]] = [
            ((440, 480), (2, 4)),
            ((400, 450), (0.4, 0.2, 0.4, 2)),
            ((425,), (1, 4)),
            ((480, 620), (0.5, 0.5)),
            ((425,), (0.25, 0.25)),
            ((1100,), (0.5, 3)),
            ((2100,), (3, 2)),
            ((697, 1209), (0.1, 0.3)),
            ((1000,), (0.4, 5)),
        ]
        hz, cadence = choices[int(random.integers(0, len(choices)))]
        sound = np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz))
        edges = np.cumsum(np.tile(cadence, int(20 / sum(cadence)) + 1))
        on = np.searchsorted(edges, t, side="right") % 2 == 0
    return sound / (np.abs(sound).max() + 1e-9) * 10 ** (random.uniform(-30, -8) / 20) * on


def scene(random: Random, stock: Stock) -> tuple[Sound, Sound, Sound, str]:
    """Sound (int16, 16 kHz), truth (blocks, 3: music, talking, singing), weight of each truth, kind of scene."""
    length = int(SCENE_S * RATE)
    count = length // BLOCK
    kind = str(random.choice(["hold", "song", "sung", "talk", "noise"], p=[0.5, 0.14, 0.1, 0.18, 0.08]))
    if (kind == "song" and not stock.songs) or (kind == "sung" and not stock.sung):
        kind = "hold"
    music = gain = np.zeros(length)
    stops: list[int] = []
    if kind in ("hold", "song", "sung"):
        if kind == "song":
            track = _pick(random, stock.songs)
        elif stock.made and random.random() < 0.3:
            track = stock.made[int(random.integers(0, len(stock.made)))]
        else:
            track = _pick(random, stock.music)
        track = _cut(random, track, int(1.3 * length))
        if random.random() < 0.7:
            track = _faster(random, track, 0.8, 1.25)
        music = np.resize(track, length) * 10 ** (random.uniform(-8, 3) / 20)
        gain, stops = _gate(random, length)
    voice, sung = np.zeros(length), np.zeros(length)
    talking, singing = np.zeros(count, bool), np.zeros(count, bool)

    def put(onto: Sound, flags: Sound, sound: Sound, start: int) -> int:
        start = max(0, start)
        end = min(length, start + len(sound))
        if end <= start:
            return end
        onto[start:end] += sound[: end - start]
        alone = np.zeros(length)
        alone[start:end] = sound[: end - start]
        level = _levels(alone)
        flags |= _closed(level > level.max() - 28.0, 4)
        return end

    def one_voice(person: bool) -> Sound:
        if stock.spoken and random.random() < 0.12:
            sound = stock.spoken[int(random.integers(0, len(stock.spoken)))]
        else:
            sound = _pick(random, stock.people if person else stock.announcers)
        if random.random() < 0.4:
            sound = _faster(random, sound, 0.9, 1.12)
        if random.random() < 0.4:
            sound = room(random, sound)
        return sound * 10 ** (random.uniform(-8, 3) / 20)

    if kind != "noise":
        at = int(random.uniform(-1, 6) * RATE) if kind != "talk" else int(random.uniform(-2, 3) * RATE)
        chatty = kind in ("hold", "talk") or random.random() < 0.4
        while at < length and chatty:
            sound = one_voice(random.random() < 0.6)
            if at < 0:
                sound, at = sound[-at:], 0
            if random.random() < 0.4:
                sound = sound[: int(random.uniform(0.4, 2.5) * RATE)]
            end = put(voice, talking, sound, at)
            if kind != "talk" and random.random() < 0.6:  # the music ducks, or falls silent, for the voice
                ramp = int(random.uniform(0.02, 0.5) * RATE)
                low = 0.0 if random.random() < 0.25 else 10 ** (-random.uniform(4, 15) / 20)
                lower = np.ones(length)
                lower[max(0, at - ramp) : end + ramp] = low
                gain = (
                    gain
                    * np.convolve(np.pad(lower, ramp, mode="edge"), np.full(ramp, 1 / ramp), "same")[
                        ramp:-ramp
                    ]
                )
            at = end + int(random.choice([0.1, 0.5, 2.0, 5.0]) * random.uniform(0.5, 2) * RATE)
        for stop in stops:  # a person, right as the music stops
            if random.random() < 0.6 and not talking[stop // BLOCK : stop // BLOCK + 30].any():
                put(voice, talking, one_voice(True), stop + int(random.uniform(-1.0, 0.8) * RATE))
    if kind == "sung":
        at = int(random.uniform(0, 4) * RATE)
        while at < length:
            sound = stock.sung[int(random.integers(0, len(stock.sung)))]
            sound = room(random, sound, 0.6) if random.random() < 0.6 else sound
            sound = (
                sound
                * (np.abs(gain[at : at + len(sound)]).max() if at < length else 0)
                * 10 ** (random.uniform(-5, 4) / 20)
            )
            if np.abs(sound).max() > 1e-4:
                at = put(sung, singing, sound, at)
            at += int(random.uniform(0.2, 3) * RATE)
        singing &= ~talking
    alone = music * gain
    sound = alone + voice + sung
    other = np.zeros(length)
    if kind == "noise" or random.random() < 0.06:
        choice = random.random()
        if choice < 0.4:
            other = _tones(random, length)
        elif choice < 0.7:
            long = int(random.uniform(1, 6) * RATE)
            steps = np.resize(np.repeat(10 ** (random.uniform(-65, -24, 20) / 20), long), length)
            other = coloured(random, length) * steps
        else:
            babble = sum(_cut(random, _pick(random, stock.people), length) for _ in range(5))
            other = np.asarray(babble) * 10 ** (random.uniform(-30, -14) / 20)
            for start in random.integers(0, length - 400, 30):  # keys, cups, chairs
                other[start : start + 400] += random.normal(0, 0.03, 400) * np.exp(-np.arange(400) / 60)
    level = np.array([_levels(alone)]).reshape(-1)
    heard = np.array([level[max(0, i - 3) : i + 4].max() for i in range(count)])
    truth = np.stack([heard > -54.0, talking, singing], axis=1).astype(np.float32)
    weight = np.ones_like(truth)
    weight[(heard > -62.0) & (heard <= -48.0), 0] = 0.2
    masked = heard < _levels(voice + other) - 27.0  # nobody could tell
    weight[masked & (truth[:, 0] > 0), 0] = 0.1
    if kind == "song":
        weight[:, 2] = np.where(
            talking | (heard < -54.0), weight[:, 2], -1.0
        )  # settled by the voice detector
    if kind == "noise":
        weight[:, 1] = 0.5
    return over_the_line(random, sound + other), truth, weight, kind


def inner(name: str) -> bool:
    """Of the voices and tracks that may be trained on, one in four is kept to see how it goes."""
    return zlib.crc32(("inner " + name).encode()) % 4 == 0
