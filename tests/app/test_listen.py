"""``holdslayer listen``: on files, on pipes, on what is neither."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.timeline import NAMES
from tests.app.conftest import Ran

Holdslayer = Callable[..., Ran]
ROOT = Path(__file__).resolve().parents[2]


def busy(rate: int, seconds: float = 6.0) -> np.ndarray:
    """480 and 620 Hz, half a second on, half a second off (the North American busy tone)."""
    at = np.arange(int(rate * seconds)) / rate
    both = np.sin(2 * np.pi * 480 * at) + np.sin(2 * np.pi * 620 * at)
    return (0.2 * both * (at % 1.0 < 0.5)).astype(np.float32)


def tones(lines: list[dict[str, object]]) -> set[object]:
    return {line["tone"] for line in lines if line["event"] == "tone"}


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("x.wav", 8000, 1, "PCM_16"),
        ("x.wav", 44100, 2, "PCM_24"),
        ("x.wav", 8000, 1, "ULAW"),
        ("x.flac", 48000, 2, "PCM_16"),
    ],
)
def test_files(
    holdslayer: Holdslayer, tmp_path: Path, name: str, rate: int, channels: int, subtype: str
) -> None:
    path = tmp_path / name
    soundfile.write(path, np.tile(busy(rate)[:, None], (1, channels)), rate, subtype=subtype)
    ran = holdslayer("listen", "--no-words", "--json", str(path))
    assert (ran.code, ran.err) == (0, "")
    assert "busy" in tones(ran.lines)
    for line in ran.lines:
        assert list(line)[:2] == ["t", "event"]
        assert line["event"] in NAMES
    times = [float(str(line["t"])) for line in ran.lines]
    assert times == sorted(times)
    assert 0 < times[-1] <= 6.0
    shown = holdslayer("listen", "--no-words", str(path))
    assert "tone: busy" in shown.out


def test_raw_sound_on_a_pipe(holdslayer: Holdslayer) -> None:
    raw = (busy(8000) * 32767).astype("<i2").tobytes()
    ran = holdslayer("listen", "--no-words", "--json", "-", stdin=raw)
    assert "busy" in tones(ran.lines)
    assert holdslayer("listen", "--no-words", "--json", stdin=raw).lines == ran.lines


def test_a_pipe_is_answered_while_it_is_open(home: Path) -> None:
    raw = (busy(8000) * 32767).astype("<i2").tobytes()
    with subprocess.Popen(
        [sys.executable, "-m", "app", "listen", "--no-words", "--json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(raw)
        process.stdin.flush()
        seen: set[object] = set()
        while "busy" not in seen:  # the pipe is still open: each line must have been flushed
            line = json.loads(process.stdout.readline())
            seen.add(line.get("tone"))
        process.stdin.close()
        process.stdout.read()
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_nobody_reads_any_more(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, busy(8000, 20.0), 8000)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "app", "listen", "--no-words", "--json", str(path)],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"no sound", "not a sound file"),
        (b"RIFF$\x00\x00\x00WAVEfmt ", "not a sound file"),
    ],
)
def test_files_that_are_no_sound(holdslayer: Holdslayer, tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    ran = holdslayer("listen", "--json", str(path))
    assert (ran.code, ran.out) == (1, "")
    assert part in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "part"), [(b"", "No sound"), (b"\x00", "No sound"), (b"RIFF0000WAVE", "give its name")]
)
def test_pipes_that_are_no_sound(holdslayer: Holdslayer, content: bytes, part: str) -> None:
    ran = holdslayer("listen", "--json", stdin=content)
    assert (ran.code, ran.out) == (1, "")
    assert part in ran.err


@pytest.mark.parametrize("samples", [1, 100, 1600])
def test_very_short_files(holdslayer: Holdslayer, tmp_path: Path, samples: int) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(samples), 8000)
    ran = holdslayer("listen", "--no-words", "--json", str(path))
    assert (ran.code, ran.err) == (0, "")
    assert all(line["event"] in NAMES for line in ran.lines)
