"""Make other voices and singing out of recorded speech with the WORLD vocoder (pyworld).

``moved`` gives an announcer another pitch, vocal tract and speed and keeps the way of speaking. ``songs`` lays a
melody on what people say (pitch held on the notes of a scale, vibrato, vowels stretched, a little reverberation) and
puts it over music: what a recogniser of speech takes for talk and is none. A singer and the track below are always
on the same side of tests/bench/hearing/split.py, which the name ``sung-train-N`` or ``sung-kept-N`` says.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyworld
import soxr

from tests.bench.hearing.split import held_out

if TYPE_CHECKING:
    from gather_voices import Gathering

VOCODER_HZ = 16000
FRAME_S = 0.005
SONG_S = 40.0
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
"""Major pentatonic, semitones: sounds like a tune whatever the order."""


def analysed(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """8 kHz speech as pitch, spectral envelope and aperiodicity of 5 ms frames."""
    wide = np.ascontiguousarray(soxr.resample(sound, 8000, VOCODER_HZ))
    pitch, times = pyworld.dio(wide, VOCODER_HZ, f0_floor=65.0, f0_ceil=450.0)
    pitch = pyworld.stonemask(wide, pitch, times, VOCODER_HZ)
    return (
        pitch,
        pyworld.cheaptrick(wide, pitch, times, VOCODER_HZ),
        pyworld.d4c(wide, pitch, times, VOCODER_HZ),
    )


def spoken(pitch: np.ndarray, envelope: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Back to 8 kHz sound."""
    parts = (np.ascontiguousarray(part, dtype=np.float64) for part in (pitch, envelope, noise))
    return soxr.resample(pyworld.synthesize(*parts, VOCODER_HZ), VOCODER_HZ, 8000)


def moved(sound: np.ndarray, pitch_by: float, formants_by: float, length_by: float) -> np.ndarray:
    """The same sentence with the pitch, the formants and the length multiplied."""
    pitch, envelope, noise = analysed(sound)
    frames = np.clip(np.arange(int(len(pitch) * length_by)) / length_by, 0, len(pitch) - 1).astype(int)
    bins = np.arange(envelope.shape[1])
    source = np.minimum(bins / formants_by, bins[-1])
    low = source.astype(int)
    high = np.minimum(low + 1, bins[-1])
    weight = source - low
    warped = np.exp(np.log(envelope[:, low]) * (1 - weight) + np.log(envelope[:, high]) * weight)
    return spoken(pitch[frames] * pitch_by, warped[frames], noise[frames])


def sung_line(random: np.random.Generator, sound: np.ndarray, stretch: float) -> np.ndarray:
    """One line of song: voiced frames stretched and held on a walk over the scale, consonants as they were."""
    pitch, envelope, noise = analysed(sound)
    voiced = pitch > 0
    if voiced.sum() < 60:
        return np.zeros(0)
    key = float(np.median(pitch[voiced])) * 2 ** (random.integers(0, 5) / 12)
    frames = np.repeat(
        np.arange(len(pitch)), np.where(voiced, random.binomial(2, stretch / 2, len(pitch)) + 1, 1)
    )
    held = voiced[frames].astype(float)
    notes, at, step = np.zeros(len(frames)), 0, int(random.integers(1, 5))
    while at < len(frames):
        lasts = int(random.choice((60, 60, 80, 120, 200)))
        step = int(np.clip(step + random.integers(-2, 3), 0, len(SCALE) - 1))
        notes[at : at + lasts] = SCALE[step]
        at += lasts
    glide = np.ones(16) / 16
    notes = np.convolve(np.pad(notes, 8, mode="edge"), glide, mode="same")[8:-8]
    seconds = np.arange(len(frames)) * FRAME_S
    notes += (
        0.35
        * np.sin(2 * np.pi * 5.6 * seconds)
        * np.clip(np.convolve(held, np.ones(50) / 50, "same") - 0.5, 0, 1)
    )
    return spoken(held * key * 2 ** (notes / 12), envelope[frames], noise[frames])


def roomy(random: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """A hall of 0.9 s under it."""
    tail = random.standard_normal(7200) * np.exp(-np.arange(7200) / 1300) * 0.03
    tail[0] = 1.0
    length = 1 << int(np.ceil(np.log2(len(sound) + len(tail))))
    wet = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(tail, length), length)
    return wet[: len(sound)]


def song(
    random: np.random.Generator, talk: list[np.ndarray], track: np.ndarray, over_db: float
) -> np.ndarray:
    """40 s: lines sung with pauses of a bar between them, over the track."""
    length = int(SONG_S * 8000)
    start = int(random.integers(0, max(1, len(track) - length)))
    bed = np.resize(track[start : start + length], length)
    voice = np.zeros(length)
    at, line = int(random.uniform(0.2, 4.0) * 8000), 0
    stretch = float(random.uniform(0.5, 1.4))
    while at < length - 16000:
        said = talk[line % len(talk)]
        first = int(random.integers(0, max(1, len(said) - 24000)))
        sung = sung_line(random, said[first : first + int(random.uniform(2.0, 3.5) * 8000)], stretch)
        sung = sung[: length - at]
        voice[at : at + len(sung)] += sung
        at += len(sung) + int(random.uniform(0.3, 2.5) * 8000)
        line += 1
    voice = roomy(random, voice)
    active = np.abs(voice) > 1e-3
    voice *= np.sqrt((bed**2).mean() / (voice[active] ** 2).mean()) * 10 ** (over_db / 20)
    return bed + voice


def songs(gathering: Gathering, shared: list[dict[str, str]]) -> None:
    """Fourteen songs for training and six for the benchmark, each its own singer and track."""
    from gather_voices import mono, music

    rows = [*shared, *({**row, "path": str(gathering.folder / row["file"])} for row in gathering.rows)]
    order = sorted(rows, key=lambda row: zlib.crc32(("sung " + row["id"]).encode()))
    for side, wanted in ((False, 14), (True, 6)):
        mine = [row for row in order if held_out(row["voice"]) == side]
        singers = [row for row in mine if row["voice"].startswith("libri-")][:wanted]
        beds = [row for row in mine if row["cls"] == "music"]
        for i, singer in enumerate(singers):
            voice = f"sung-{'kept' if side else 'train'}-{i + 1}"
            bed = beds[i % len(beds)]
            random = np.random.default_rng(zlib.crc32(voice.encode()))
            if held_out(voice) != side:
                raise SystemExit(f"{voice} must be on the side of its singer: name it in split.py")
            sound = music(
                song(random, [mono(Path(singer["path"]))], mono(Path(bed["path"])), random.uniform(0, 6))
            )
            licence = " and ".join(sorted({singer["licence"], bed["licence"]}))
            source = f"made from {singer['voice']} ({singer['source']}) and {bed['voice']} ({bed['source']})"
            gathering.add(
                "vocals", voice, "hold", sound, role="hold", style="sung", licence=licence, source=source
            )
            print(voice, singer["voice"], bed["voice"], flush=True)
