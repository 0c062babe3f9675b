"""Recording of a call: a stereo WAV, them on the left and us on the right, playable whatever happens to us.

The header is brought up to date after every piece of sound (five times a second), so a process that is killed leaves
a file any player opens, short of the last 0.2 s or so. Every few seconds the file is also forced to the disk, for
when the power goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import threading
import time
from collections import deque
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ

WRITE_EVERY_S = 0.2
"""How often the writer thread takes what was queued to the file; what a killed process loses at most."""

SYNC_EVERY_S = 5.0
"""How often the file is forced to the disk; what a power cut costs at most."""

QUEUE_LIMIT_S = 60.0
"""How much sound may wait for a slow disk before the recording is given up."""

_FRAME_BYTES = 4  # two channels of int16
_HEADER_BYTES = 44
_MAX_DATA_BYTES = (
    (0xFFFFFFFF - _HEADER_BYTES) // _FRAME_BYTES * _FRAME_BYTES
)  # RIFF sizes are 32 bits: 18 h at 16 kHz

_REASONS = {
    errno.ENOSPC: "the disk is full. Make room on it, or choose another folder for recordings",
    errno.EDQUOT: "your share of the disk is used up. Make room, or choose another folder for recordings",
    errno.EFBIG: "the file may not grow any further. Choose a folder on another disk for recordings",
    errno.EACCES: "that folder may not be written to. Choose another folder for recordings",
    errno.EPERM: "that folder may not be written to. Choose another folder for recordings",
    errno.EROFS: "that disk is read-only. Choose another folder for recordings",
    errno.EEXIST: "there is a file of that name already. Move it away first",
    errno.ENOTDIR: "a part of that path is a file, not a folder. Choose another folder for recordings",
    errno.EISDIR: "that is a folder. Give the name of a file in it",
    errno.ENAMETOOLONG: "that name is too long. Choose a shorter one",
    errno.EIO: "the disk reports an error. Check it, or choose another folder for recordings",
}


class RecordingError(Exception):
    """A call cannot be recorded, or not any further. ``str()`` is a sentence for a person: why and what to do."""


def _sentence(error: OSError, doing: str) -> str:
    reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error))
    return f"{doing}: {reason}."


def wav_header(rate: int, data_bytes: int) -> bytes:
    """The 44 bytes before the samples of a stereo 16-bit PCM WAV with ``data_bytes`` of them."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        _HEADER_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,  # PCM
        2,
        rate,
        rate * _FRAME_BYTES,
        _FRAME_BYTES,
        16,
        b"data",
        data_bytes,
    )


class TwoChannelRecorder:
    """Writes ``path`` from now until ``close()``; makes its folder; the file is for its owner only (mode 0600).

    Raises ``RecordingError`` when the file cannot be made. ``write`` may be called from one thread, the sound clock's
    included: it copies the frame and returns (some 5 us), never waits, never raises for what the disk does. The file
    belongs to a thread of this object. When writing fails later, ``problem`` becomes a sentence, what was written up
    to then stays playable, further frames are dropped, and ``close()`` raises ``RecordingError``.
    """

    def __init__(self, path: str | Path, rate: int = RATE_HZ) -> None:
        self.path = Path(path)
        self.rate = rate
        self._queue: deque[bytes] = deque()
        self._queued_frames = 0  # counted by write() only
        self._taken_frames = 0  # counted by the writer thread only
        self._data_bytes = 0
        self._problem = ""
        self._broken = False
        self._end = threading.Event()
        self._synced_at_s = time.monotonic()
        self._file = self._create()
        self._thread = threading.Thread(target=self._run, name=f"recorder {self.path.name}", daemon=True)
        self._thread.start()

    def _create(self) -> FileIO:
        doing = f"The call cannot be recorded to {self.path}"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = (
                os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            )
            file = FileIO(os.open(self.path, flags, 0o600), "r+")
        except OSError as error:
            raise RecordingError(_sentence(error, doing)) from error
        try:
            _write_all(file, wav_header(self.rate, 0))
        except OSError as error:
            file.close()
            self.path.unlink(missing_ok=True)
            raise RecordingError(_sentence(error, doing)) from error
        return file

    @property
    def problem(self) -> str:
        """Why the recording stopped growing, as a sentence; empty while all is well."""
        return self._problem

    @property
    def seconds(self) -> float:
        """How much sound is in the file."""
        return self._data_bytes / _FRAME_BYTES / self.rate

    def write(self, theirs: NDArray[np.int16], ours: NDArray[np.int16]) -> None:
        """Append a frame of both sides (equal lengths, any length). Quick; see the class.

        Raises ``ValueError`` on unequal lengths: a fault of the caller.
        """
        if len(theirs) != len(ours):
            raise ValueError(
                f"the two sides of a frame differ in length: {len(theirs)} and {len(ours)} samples"
            )
        if self._problem or self._end.is_set():
            return
        if self._queued_frames - self._taken_frames > QUEUE_LIMIT_S * self.rate:
            self._problem = f"The recording {self.path} stopped: the disk is too slow. Choose another folder."
            return
        both = np.empty((len(theirs), 2), "<i2")
        both[:, 0] = theirs
        both[:, 1] = ours
        self._queue.append(both.tobytes())
        self._queued_frames += len(theirs)

    def close(self) -> None:
        """Write the rest, bring the header up to date and close; waits for the disk. A second call does nothing.

        Raises ``RecordingError`` when not all of the call is in the file.
        """
        if self._end.is_set():
            return
        self._end.set()
        self._thread.join()
        if self._problem:
            raise RecordingError(self._problem)

    def _run(self) -> None:
        while not self._end.wait(WRITE_EVERY_S):
            self._take()
        self._take()
        with contextlib.suppress(OSError):  # whatever it is, the header was the last good one
            os.fsync(self._file.fileno())
        self._file.close()

    def _take(self) -> None:
        pieces = []
        while self._queue:
            pieces.append(self._queue.popleft())
        if not pieces or self._broken:
            return
        data = b"".join(pieces)
        self._taken_frames += len(data) // _FRAME_BYTES
        if self._data_bytes + len(data) > _MAX_DATA_BYTES:
            self._fail(f"The recording {self.path} stopped: a WAV file cannot grow beyond 4 GB.")
            return
        try:
            self._append(data)
        except OSError as error:
            self._fail(_sentence(error, f"The recording {self.path} stopped after {self.seconds:.0f} s"))

    def _append(self, data: bytes) -> None:
        self._file.seek(_HEADER_BYTES + self._data_bytes)
        try:
            _write_all(self._file, data)
            self._data_bytes += len(data)
        except OSError:
            # Part of it may have fitted: keep the whole frames of that.
            reached = self._file.seek(0, os.SEEK_END) - _HEADER_BYTES
            self._data_bytes = max(self._data_bytes, reached // _FRAME_BYTES * _FRAME_BYTES)
            raise
        finally:
            self._file.seek(0)
            _write_all(self._file, wav_header(self.rate, self._data_bytes))
        if time.monotonic() - self._synced_at_s >= SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced_at_s = time.monotonic()

    def _fail(self, sentence: str) -> None:
        self._broken = True  # nothing more, or the file would have a hole
        self._problem = sentence


def _write_all(file: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]
