"""A small library of clips that lie in tests/data/audio, for composing calls."""

from __future__ import annotations

from pathlib import Path

import soundfile

from tests.bench.hearing.clips import Clip, Library

CLIPS = Path(__file__).resolve().parents[1] / "data" / "audio"
_RECORDINGS = ("recording_allison_hold_2", "recording_flite-rms_hold_1", "recording_menardi_hold")
_ROLES = ("hold", "position", "notice", "greeting", "menu", "transfer", "advert", "agentlike", "web")
_HUMANS = ("human_librispeech-1737", "human_librispeech-3486", "human_so762-0739")
_MUSIC = ("music_moh-manolo_camp-morning_coffee", "music_singularity-Awakening")
_VOCALS = ("vocals_karissa-hobbs-lets-go-fishin",)


def clip(name: str, kind: str, role: str = "", onset_s: float = 0.0) -> Clip:
    """A clip of tests/data/audio, in whatever role."""
    path = CLIPS / f"{name}.flac"
    ident = f"{name}-{role}" if role else name
    length_s = soundfile.info(path).duration
    return Clip(ident, path, kind, name, role, f"text of {ident}", onset_s, length_s, "")


def library() -> Library:
    """Three announcers in every role, three persons, two tracks, one song."""
    made = [clip(name, "recording", role) for name in _RECORDINGS for role in _ROLES]
    made += [clip(name, "human", onset_s=0.25) for name in _HUMANS]
    made += [clip(name, "music") for name in _MUSIC]
    made += [clip(name, "vocals") for name in _VOCALS]
    return Library(tuple(sorted(made, key=lambda c: c.id)))
