"""``holdslayer listen`` on what no recording should be: every one is heard, or refused in one sentence."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.timeline import NAMES
from engine.audio import source
from engine.hearing import bed, vad
from tests.app.conftest import Ran

Holdslayer = Callable[..., Ran]
ROOT = Path(__file__).resolve().parents[2]


def tone(rate: int, seconds: float = 2.0) -> np.ndarray:
    """480 and 620 Hz together, at a third of full scale."""
    at = np.arange(int(rate * seconds)) / rate
    return (0.16 * (np.sin(2 * np.pi * 480 * at) + np.sin(2 * np.pi * 620 * at))).astype(np.float32)


def refused(ran: Ran, part: str) -> None:
    """It ended with code 1 and one sentence."""
    assert ran.code == 1
    assert part in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("holdslayer: ")
    assert ran.err.rstrip().endswith(".")


def heard(ran: Ran) -> set[object]:
    """It ended well; the classes of sound that were told."""
    assert (ran.code, ran.err) == (0, "")
    assert all(line["event"] in NAMES for line in ran.lines)
    return {line["event"] for line in ran.lines}


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 192_000, 7999])
def test_every_rate(holdslayer: Holdslayer, tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "x.wav", tone(rate), rate)
    assert "tone" in heard(holdslayer("listen", "--no-words", "--json", str(tmp_path / "x.wav")))


@pytest.mark.parametrize(
    "coding",
    ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "GSM610", "IMA_ADPCM", "G721_32"],
)
def test_every_coding_of_a_wav(holdslayer: Holdslayer, tmp_path: Path, coding: str) -> None:
    soundfile.write(tmp_path / "x.wav", tone(8000), 8000, subtype=coding)
    heard(holdslayer("listen", "--no-words", "--json", str(tmp_path / "x.wav")))


@pytest.mark.parametrize(
    ("form", "coding", "rate"),
    [
        ("MP3", "MPEG_LAYER_III", 44100),
        ("OGG", "VORBIS", 16000),
        ("OGG", "OPUS", 16000),
        ("AIFF", "PCM_16", 8000),
        ("AU", "ULAW", 8000),
        ("CAF", "PCM_16", 8000),
        ("RF64", "PCM_16", 8000),
    ],
)
def test_other_containers(holdslayer: Holdslayer, tmp_path: Path, form: str, coding: str, rate: int) -> None:
    soundfile.write(tmp_path / "sound", tone(rate), rate, format=form, subtype=coding)
    sound = np.concatenate([block.samples for block in source.from_file(tmp_path / "sound")])
    assert np.percentile(np.abs(sound.astype(int)), 90) == pytest.approx(8400, rel=0.2)
    heard(holdslayer("listen", "--no-words", "--json", str(tmp_path / "sound")))


SOUNDS = {
    "nothing but zeros": np.zeros(24000),
    "a clipped square wave": np.sign(tone(8000)),
    "a constant": np.full(24000, 0.9),
    "jumps between constants": np.repeat([0.9, -0.9] * 6, 2000),
    "no numbers": np.full(24000, np.nan),
    "infinities": np.where(np.arange(24000) % 7, tone(8000, 3.0), np.inf),
    "the largest numbers": np.full((24000, 2), 3e38),
    "one channel without numbers": np.stack([tone(8000, 3.0), np.full(24000, np.nan)], axis=1),
    "six channels": np.tile(tone(8000)[:, None], (1, 6)),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_strange_samples(holdslayer: Holdslayer, tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / "x.wav", SOUNDS[name], 8000, subtype="FLOAT")
    ran = holdslayer("listen", "--no-words", "--json", str(tmp_path / "x.wav"))
    assert "human" not in heard(ran)
    if "channel" in name:
        assert "tone" in heard(ran)


def test_a_file_that_is_damaged_further_on_is_heard_until_there(
    holdslayer: Holdslayer, tmp_path: Path
) -> None:
    path = tmp_path / "x.flac"
    soundfile.write(path, tone(8000, 6.0), 8000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(range(250)) * 8
    path.write_bytes(content)
    ran = holdslayer("listen", "--no-words", "--json", str(path))
    refused(ran, "is damaged after")
    assert ran.lines


@pytest.mark.parametrize("kept", [20, 30, 44, 45, 50])
def test_headers_cut_short(holdslayer: Holdslayer, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    path.write_bytes(path.read_bytes()[:kept])
    ran = holdslayer("listen", "--no-words", "--json", str(path))
    if ran.code:
        refused(ran, "x.wav")


def test_names_that_are_none(holdslayer: Holdslayer, tmp_path: Path) -> None:
    refused(holdslayer("listen", str(tmp_path)), "is a folder")
    refused(holdslayer("listen", str(tmp_path / "missing.wav")), "There is no file")
    refused(holdslayer("listen", str(tmp_path / ("x" * 300))), "cannot be read")
    refused(holdslayer("listen", os.devnull), "no ordinary file")


def test_a_file_that_may_not_be_read(
    holdslayer: Holdslayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(
            errno.EACCES, "Permission denied"
        )  # the superuser, who runs tests, never sees one

    monkeypatch.setattr(Path, "open", refuse)
    refused(holdslayer("listen", "--no-words", str(path)), "you lack the permission")


def test_half_a_sample_too_much(holdslayer: Holdslayer) -> None:
    raw = (tone(8000) * 32767).astype("<i2").tobytes()
    whole = holdslayer("listen", "--no-words", "--json", stdin=raw)
    assert "tone" in heard(whole)
    assert holdslayer("listen", "--no-words", "--json", stdin=raw + b"\x01").lines == whole.lines


@pytest.mark.skipif(sys.platform == "win32", reason="no such shell")
def test_no_stdin_at_all(home: Path) -> None:
    told = subprocess.run(
        ["sh", "-c", 'exec "$0" -m app listen --no-words <&-', sys.executable],
        capture_output=True,
        cwd=ROOT,
        text=True,
    )
    assert told.returncode == 2
    assert "Name a sound file" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.skipif(sys.platform == "win32" or sys.platform == "darwin", reason="Linux has that device")
def test_a_full_disk(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000)
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(
            [sys.executable, "-m", "app", "listen", "--no-words", "--json", str(path)],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
    assert told.returncode == 1
    assert told.stderr == "holdslayer: The output cannot be written: No space left on device.\n"


MODELS = [b"", b"rubbish" * 200]


@pytest.mark.parametrize("content", MODELS)
def test_a_damaged_voice_detector(
    holdslayer: Holdslayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    soundfile.write(tmp_path / "x.wav", tone(8000), 8000)
    model = tmp_path / "silero_vad_v6.onnx"
    model.write_bytes(content)
    monkeypatch.setattr(vad, "model_path", lambda: model)
    vad.session.cache_clear()
    try:
        ran = holdslayer("listen", "--no-words", "--json", str(tmp_path / "x.wav"))
    finally:
        vad.session.cache_clear()
    refused(ran, "silero_vad_v6.onnx is damaged")


@pytest.mark.parametrize("content", [*MODELS, b"[]", b"{}", b'{"mean": 1}', b"null", b"\xff\xfe"])
def test_a_damaged_music_detector(
    holdslayer: Holdslayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    soundfile.write(tmp_path / "x.wav", tone(8000), 8000)
    model = tmp_path / "music_bed.json"
    model.write_bytes(content)
    monkeypatch.setattr(bed, "locate", lambda *_: model)
    bed.network.cache_clear()
    try:
        ran = holdslayer("listen", "--no-words", "--json", str(tmp_path / "x.wav"))
    finally:
        bed.network.cache_clear()
    refused(ran, "music_bed.json is damaged")
