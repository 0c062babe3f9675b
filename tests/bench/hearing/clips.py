"""The sounds that calls are composed of: clips named by a manifest, on the side of the split asked for.

A folder holds ``manifest.csv`` with the columns ``id, file, cls, voice, lang, role, text, onset_s, dur_s, style``
(``cls``: human, recording, music or vocals; ``onset_s``: first word of a person), and the files it names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tests.bench.hearing.split import held_out

ROOT = Path(__file__).resolve().parents[3]
RATE_HZ = 8000
FOLDERS = (ROOT.parent / "shared" / "audio", ROOT / "tests" / "data" / "hold_bench")
"""Where clips are looked for unless told otherwise; a folder that is not there is passed over."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound file. ``onset_s``: where a person's first word begins in it."""

    id: str
    path: Path
    kind: str  # human, recording, music, vocals
    voice: str
    role: str
    text: str
    onset_s: float
    length_s: float
    style: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Library:
    """All clips of one side of the split, in the order of their names."""

    clips: tuple[Clip, ...]

    def of(self, kind: str) -> tuple[Clip, ...]:
        """The clips of a class."""
        return tuple(clip for clip in self.clips if clip.kind == kind)

    def voices(self, kind: str) -> tuple[str, ...]:
        """Speakers or tracks of a class."""
        return tuple(sorted({clip.voice for clip in self.of(kind)}))

    def find(self, name: str) -> Clip:
        """The clip of that id. Raises ``KeyError``."""
        return _index(self)[name]

    def summary(self) -> str:
        """How much there is of each class, in a line."""
        parts = []
        for kind in ("human", "recording", "music", "vocals"):
            clips = self.of(kind)
            minutes = sum(clip.length_s for clip in clips) / 60
            parts.append(f"{kind} {len(clips)} clips, {len(self.voices(kind))} voices, {minutes:.0f} min")
        return "; ".join(parts)


@lru_cache(maxsize=4)
def _index(library: Library) -> dict[str, Clip]:
    return {clip.id: clip for clip in library.clips}


def load(folders: Iterable[Path], side: str) -> Library:
    """The clips of ``side`` ("bench": held-out voices; "train": all others) from every folder that is there.

    Raises ``ValueError`` for an unknown side, ``FileNotFoundError`` when no folder has a manifest.
    """
    if side not in ("bench", "train"):
        raise ValueError(f"There is no side {side!r}; it is bench or train.")
    found: dict[str, Clip] = {}
    looked = []
    for folder in folders:
        looked.append(str(folder))
        manifest = folder / "manifest.csv"
        if not manifest.is_file():
            continue
        with manifest.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                clip = _clip(row, folder)
                if held_out(clip.voice) == (side == "bench") and clip.path.is_file():
                    found.setdefault(clip.id, clip)
    if not found:
        raise FileNotFoundError(f"No clips of the side {side!r} in {', '.join(looked) or 'no folder'}.")
    return Library(tuple(found[name] for name in sorted(found)))


def _clip(row: dict[str, str], folder: Path) -> Clip:
    return Clip(
        id=row["id"],
        path=folder / row["file"],
        kind=row["cls"],
        voice=row["voice"],
        role=row.get("role") or "",
        text=row.get("text") or "",
        onset_s=float(row.get("onset_s") or 0.0),
        length_s=float(row["dur_s"]),
        style=row.get("style") or "",
        language=row.get("lang") or "en",
    )


@lru_cache(maxsize=256)
def sound(path: Path) -> Floats:
    """The samples of a file: mono, 8 kHz, full scale 1.0."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate != RATE_HZ:
        mono = soxr.resample(mono, rate, RATE_HZ)
    return np.asarray(mono, np.float32)
