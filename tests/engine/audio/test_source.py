"""Sound from files and pipes, whatever they hold."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio import source
from engine.audio.source import SourceError


def tone(rate: int, seconds: float = 1.0, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 16000 / len(samples))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize(
    ("name", "subtype", "channels"),
    [
        ("x.wav", "PCM_16", 1),
        ("x.wav", "PCM_24", 2),
        ("x.wav", "ULAW", 1),
        ("x.wav", "FLOAT", 6),
        ("x.flac", "PCM_16", 2),
    ],
)
def test_any_rate_width_and_channels(
    tmp_path: Path, rate: int, name: str, subtype: str, channels: int
) -> None:
    path = tmp_path / name
    soundfile.write(path, np.tile(tone(rate)[:, None], (1, channels)), rate, subtype=subtype)
    blocks = list(source.from_file(path))
    whole = np.concatenate([block.samples for block in blocks])
    assert whole.dtype == np.int16
    assert abs(len(whole) - 16000) <= 2
    assert blocks[-1].consumed_s == pytest.approx(1.0)
    assert blocks[0].consumed_s <= source.BLOCK_S
    assert abs(loudest_hz(whole) - 440) < 2
    assert 15000 < np.abs(whole[2000:-2000]).max() < 17500


def test_a_pipe_brings_what_it_has() -> None:
    samples = (tone(8000) * 32767).astype("<i2").tobytes()

    class Pipe:
        """Brings odd pieces: 1, 2, 3 ... bytes at a time."""

        def __init__(self) -> None:
            self.at, self.size = 0, 0

        def read1(self, size: int = -1, /) -> bytes:
            self.size = min(self.size + 1, size)
            piece = samples[self.at : self.at + self.size]
            self.at += len(piece)
            return piece

    blocks = list(source.from_raw(Pipe()))
    whole = np.concatenate([block.samples for block in blocks])
    assert len(whole) == 16000
    assert abs(loudest_hz(whole) - 440) < 2
    assert blocks[-1].consumed_s == 1.0
    assert blocks[0].consumed_s == 1 / 8000
    at_once = np.concatenate([block.samples for block in source.from_raw(io.BytesIO(samples))])
    assert np.abs(at_once.astype(int) - whole).max() <= 1


def test_one_sample_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(1), 8000)
    assert list(source.from_file(path))[-1].consumed_s == 1 / 8000


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"hello", "not a sound file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not a sound file"),
        (b"fLaC" + bytes(50), "not a sound file"),
    ],
)
def test_what_is_no_sound(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=part) as refusal:
        list(source.from_file(path))
    assert str(refusal.value).endswith(".")


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        list(source.from_file(tmp_path / "missing.wav"))
    with pytest.raises(SourceError, match="folder"):
        list(source.from_file(tmp_path))


def test_a_header_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(0), 8000)
    with pytest.raises(SourceError, match="no sound"):
        list(source.from_file(path))


def test_a_cut_off_file_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(8000), 8000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:8044])
    assert list(source.from_file(path))[-1].consumed_s == pytest.approx(0.5, abs=0.01)


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.array([np.nan, np.inf, -np.inf, 0.5] * 4000, np.float32), 16000, subtype="FLOAT")
    whole = np.concatenate([block.samples for block in source.from_file(path)])
    assert (whole[:4] == [0, 32767, -32768, 16384]).all()


@pytest.mark.parametrize(
    ("content", "part"), [(b"", "No sound"), (b"\x01", "No sound"), (b"RIFF....WAVEfmt ", "give its name")]
)
def test_pipes_without_raw_sound(content: bytes, part: str) -> None:
    with pytest.raises(SourceError, match=part):
        list(source.from_raw(io.BytesIO(content)))


def test_a_pipe_that_cannot_be_read() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(SourceError, match="The pipe cannot be read: Input/output error"):
        list(source.from_raw(Broken()))


def test_hours_of_sound_are_never_held_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(8000), 8000, subtype="PCM_16")
    hours = 6 * 3600 * 8000 * 2  # bytes; the file is sparse and takes no room
    header = bytearray(path.read_bytes()[:44])
    header[4:8] = (36 + hours).to_bytes(4, "little")
    header[40:44] = hours.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(44 + hours)
    blocks = source.from_file(path)
    next(blocks)
    tracemalloc.start()
    try:
        last = [next(blocks) for _ in range(1000)][-1]  # a hundred seconds
        # The blocks themselves are kept here: 1000 of 0.1 s at 16 kHz, two bytes a sample, are 3.2 MB.
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()
        blocks.close()  # type: ignore[attr-defined]
    assert last.consumed_s == pytest.approx(100.1)


@settings(max_examples=60)
@given(st.binary(max_size=400), st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"FORM"]))
def test_rubbish_is_refused_with_a_sentence(content: bytes, magic: bytes) -> None:
    try:
        for block in source.from_bytes(magic + content, "it"):
            assert block.samples.dtype == np.int16
    except SourceError as refusal:
        assert str(refusal)
