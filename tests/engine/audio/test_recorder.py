"""The two-channel recorder, with real files, a killed process and disks that refuse."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio.format import FRAME_SAMPLES, RATE_HZ
from engine.audio.recorder import RecordingError, TwoChannelRecorder, wav_header

ROOT = Path(__file__).parents[3]


def _frame(value: int) -> np.ndarray:
    return np.full(FRAME_SAMPLES, value, np.int16)


def _read(path: Path) -> np.ndarray:
    """By a player that trusts the header."""
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert rate == RATE_HZ
    with wave.open(str(path)) as same:
        assert (same.getnchannels(), same.getsampwidth(), same.getnframes()) == (2, 2, len(samples))
    return samples


def test_them_left_us_right_every_sample(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for it" / "call.wav"
    recorder = TwoChannelRecorder(path)
    rng = np.random.default_rng(1)
    theirs = rng.integers(-32768, 32767, 50 * FRAME_SAMPLES, np.int16, endpoint=True)
    ours = rng.integers(-32768, 32767, 50 * FRAME_SAMPLES, np.int16, endpoint=True)
    for start in range(0, len(theirs), FRAME_SAMPLES):
        recorder.write(theirs[start : start + FRAME_SAMPLES], ours[start : start + FRAME_SAMPLES])
    recorder.close()
    recorder.close()
    got = _read(path)
    assert np.array_equal(got[:, 0], theirs)
    assert np.array_equal(got[:, 1], ours)
    assert recorder.seconds == 1.0
    assert recorder.problem == ""


def test_a_frame_may_be_overwritten_by_its_owner_at_once(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    frame = _frame(7)
    recorder.write(frame, frame)
    frame[:] = 9
    recorder.close()
    assert (_read(recorder.path) == 7).all()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        recorder = TwoChannelRecorder(tmp_path / "call.wav")
    finally:
        os.umask(before)
    recorder.close()
    assert stat.S_IMODE(recorder.path.stat().st_mode) == 0o600


def test_an_empty_recording_is_a_valid_file(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    recorder.close()
    assert len(_read(recorder.path)) == 0


def test_unequal_sides_are_a_fault_of_the_caller(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    with pytest.raises(ValueError, match="320 and 160 samples"):
        recorder.write(_frame(1), _frame(1)[:160])
    recorder.close()


def test_frames_after_close_are_dropped(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    recorder.close()
    recorder.write(_frame(1), _frame(2))
    assert len(_read(recorder.path)) == 0


def test_killed_in_mid_recording_it_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    program = (
        "import sys, time, numpy as np\n"
        "from engine.audio.recorder import TwoChannelRecorder\n"
        "recorder = TwoChannelRecorder(sys.argv[1])\n"
        "n = 0\n"
        "while True:\n"
        "    ramp = (np.arange(n, n + 320) % 30000).astype(np.int16)\n"
        "    recorder.write(ramp, -ramp)\n"
        "    n += 320\n"
        "    time.sleep(0.001)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=ROOT)
    try:
        give_up_at = time.monotonic() + 30
        while not path.exists() or path.stat().st_size < 400_000:
            assert time.monotonic() < give_up_at, "the child wrote nothing"
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    got = _read(path)
    # Everything but what came after the last header, which is at most one round of the writer.
    assert path.stat().st_size - 44 - len(got) * 4 < 100_000
    assert len(got) > 50_000
    expected = (np.arange(len(got)) % 30000).astype(np.int16)
    assert np.array_equal(got[:, 0], expected)
    assert np.array_equal(got[:, 1], -expected)


def test_a_disk_that_fills_up_keeps_what_fitted(tmp_path: Path) -> None:
    """A real refusal of the system: the process may not let a file grow beyond 100 000 bytes."""
    path = tmp_path / "call.wav"
    program = (
        "import resource, signal, sys, numpy as np\n"
        "from engine.audio.recorder import TwoChannelRecorder, RecordingError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "recorder = TwoChannelRecorder(sys.argv[1])\n"
        "for n in range(100):\n"
        "    recorder.write(np.full(320, n, np.int16), np.full(320, -n, np.int16))\n"
        "try:\n"
        "    recorder.close()\n"
        "except RecordingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "stopped after" in done.stdout and "may not grow any further" in done.stdout
    got = _read(path)
    assert len(got) == (100_000 - 44) // 4
    assert np.array_equal(got[:, 0], np.repeat(np.arange(100, dtype=np.int16), 320)[: len(got)])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EIO, "the disk reports an error"),
        (errno.EROFS, "read-only"),
    ],
)
def test_a_refusal_becomes_a_sentence_and_the_caller_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    recorder.write(_frame(1), _frame(2))
    while recorder.seconds == 0.0:
        time.sleep(0.01)

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("engine.audio.recorder._write_all", refuse)
        recorder.write(_frame(3), _frame(4))
        while not recorder.problem:
            time.sleep(0.01)
    recorder.write(_frame(5), _frame(6))  # dropped, not raised: the caller is a clock
    with pytest.raises(RecordingError, match=words):
        recorder.close()
    assert len(_read(recorder.path)) == FRAME_SAMPLES


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"precious")
    with pytest.raises(RecordingError, match="there is a file of that name already"):
        TwoChannelRecorder(path)
    assert path.read_bytes() == b"precious"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RecordingError, match=r"Choose another folder|Move it away"):
        TwoChannelRecorder(tmp_path / "file" / "call.wav")


def test_a_folder_that_may_not_be_written_to_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("engine.audio.recorder.os.open", refuse)
    with pytest.raises(RecordingError, match=r"may not be written to\. Choose another folder"):
        TwoChannelRecorder(tmp_path / "call.wav")


def test_a_disk_that_is_too_slow_ends_the_recording_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.audio.recorder.QUEUE_LIMIT_S", 1.0)
    monkeypatch.setattr("engine.audio.recorder.WRITE_EVERY_S", 3600.0)  # a disk that takes an hour
    recorder = TwoChannelRecorder(tmp_path / "call.wav")
    for _ in range(100):
        recorder.write(_frame(1), _frame(2))
    assert "too slow" in recorder.problem
    with pytest.raises(RecordingError, match="too slow"):
        recorder.close()
    assert len(_read(recorder.path)) == RATE_HZ + FRAME_SAMPLES


def test_the_header_is_what_the_wave_module_writes(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "by wave.wav"), "wb") as other:
        other.setnchannels(2)
        other.setsampwidth(2)
        other.setframerate(16_000)
        other.writeframes(bytes(400))
    assert (tmp_path / "by wave.wav").read_bytes()[:44] == wav_header(16_000, 400)
