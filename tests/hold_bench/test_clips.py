"""Clips are read from manifests and fall on one side of the split only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.bench.hearing.clips import FOLDERS, load, sound
from tests.bench.hearing.split import held_out

HEADER = "id,file,cls,voice,lang,role,text,onset_s,dur_s,style,licence,source\n"


def folder(path: Path, *voices: str) -> Path:
    path.mkdir()
    lines = [HEADER]
    for voice in voices:
        soundfile.write(path / f"{voice}.flac", np.zeros((1600, 2)), 16000)
        lines.append(f"recording_{voice},{voice}.flac,recording,{voice},it,hold,ciao,,0.1,tts,CC0,made\n")
    lines.append("recording_lost,lost.flac,recording,lost,en,hold,gone,,0.1,tts,CC0,made\n")
    (path / "manifest.csv").write_text("".join(lines), encoding="utf-8")
    return path


def test_a_voice_is_on_one_side_alone(tmp_path: Path) -> None:
    assert held_out("menardi") and not held_out("allison")
    both = folder(tmp_path / "one", "menardi", "allison")
    bench, train = load([both], "bench"), load([both, tmp_path / "nowhere"], "train")
    assert [clip.voice for clip in bench.clips] == ["menardi"]
    assert [clip.voice for clip in train.clips] == ["allison"]
    clip = train.clips[0]
    assert (clip.language, clip.role, clip.onset_s, clip.length_s) == ("it", "hold", 0.0, 0.1)
    assert train.find(clip.id) is clip


def test_other_rates_and_channels_become_one_at_eight_kilohertz(tmp_path: Path) -> None:
    clip = load([folder(tmp_path / "one", "allison")], "train").clips[0]
    assert sound(clip.path).shape == (800,)


def test_no_clips_and_no_such_side_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No clips of the side 'bench'"):
        load([tmp_path], "bench")
    with pytest.raises(ValueError, match="bench or train"):
        load([tmp_path], "both")


def test_the_clips_in_the_repository_are_enough_for_the_bench() -> None:
    library = load([FOLDERS[1]], "bench")
    assert len(library.voices("recording")) >= 12
    assert all(held_out(clip.voice) for clip in library.clips)
    for kind in ("human", "music", "vocals"):
        assert library.of(kind)
