"""Sound between the conference bridge and the rings, 20 ms at a time, on the library's clock thread.

    call  ->  LegPort.onFrameReceived   ->  tap ring  (and the recorder, if one listens)
    call  <-  LegPort.onFrameRequested  <-  talk ring

A bridged port is called every 20 ms whether anything is connected or not, and that is the call clock: an empty frame
is 20 ms of silence. Frames are C++ vectors; reading them through SWIG costs 290 us, through their begin and end
pointers 2 us, so that is done after a self-test at start. Ports are made once and never destroyed while the clock runs:
the clock thread could be inside one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pjsua2 as pj

from engine.audio.format import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, RATE_HZ
from engine.audio.memory_ring import MemoryRing
from engine.audio.ring import Samples

_Pointers = (
    ctypes.c_size_t * 3
)  # std::vector of libstdc++, libc++ and MSVC alike: begin, end, end of capacity
SILENCE: Samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
SILENCE.setflags(write=False)

GetBytes = Callable[[pj.ByteVector], bytes]
PutBytes = Callable[[pj.ByteVector, bytes], None]


def _get_direct(vector: pj.ByteVector) -> bytes:
    begin, end, _ = _Pointers.from_address(int(vector.this))
    return ctypes.string_at(begin, end - begin)


def _put_direct(vector: pj.ByteVector, data: bytes) -> None:
    vector.resize(len(data))
    ctypes.memmove(_Pointers.from_address(int(vector.this))[0], data, len(data))


def _get_slowly(vector: pj.ByteVector) -> bytes:
    return bytes(vector)


def _put_slowly(vector: pj.ByteVector, data: bytes) -> None:
    vector.resize(len(data))
    for place, value in enumerate(data):
        vector[place] = value


def frame_access() -> tuple[GetBytes, PutBytes]:
    """How to get at a frame's bytes: directly when the self-test shows that the vector is laid out as expected."""
    probe = pj.ByteVector([1, 2, 3, 4])
    begin, end, capacity_end = _Pointers.from_address(int(probe.this))
    if end - begin == 4 and capacity_end >= end and _get_direct(probe) == b"\x01\x02\x03\x04":
        _put_direct(probe, b"\x05\x06\x07\x08\x09")
        if list(probe) == [5, 6, 7, 8, 9]:
            return _get_direct, _put_direct
    return _get_slowly, _put_slowly


def sound_format() -> pj.MediaFormatAudio:
    """16 kHz mono, 16 bit, 20 ms: the bridge resamples whatever the codec has."""
    sound = pj.MediaFormatAudio()
    sound.init(pj.PJMEDIA_FORMAT_PCM, RATE_HZ, 1, FRAME_MS * 1000, 16)
    return sound


class LegPort(pj.AudioMediaPort):  # type: ignore[misc]
    """Both ends of one leg's sound. One of a fixed pool: lent to a leg, then to the next."""

    def __init__(self, name: str, get: GetBytes, put: PutBytes) -> None:
        super().__init__()
        self._get = get
        self._put = put
        self._tap: MemoryRing | None = None
        self._talk: MemoryRing | None = None
        self.heard: Samples = SILENCE
        """The last frame from the far side, for the recorder's port, which is called later in the same tick."""
        self.createPort(name, sound_format())

    def lend(self, tap: MemoryRing, talk: MemoryRing) -> None:
        """The tap's clock starts with the next frame."""
        self.heard = SILENCE
        self._talk = talk
        self._tap = tap

    def take_back(self) -> None:
        """No sound flows any more."""
        self._tap = None
        self._talk = None
        self.heard = SILENCE

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        """20 ms from the far side."""
        try:
            tap = self._tap
            if tap is None:
                return
            data = self._get(frame.buf)
            self.heard = np.frombuffer(data, dtype=np.int16) if len(data) == FRAME_BYTES else SILENCE
            tap.append(self.heard)
        except Exception:
            return

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:
        """20 ms for the far side."""
        try:
            talk = self._talk
            said = talk.take(FRAME_SAMPLES) if talk is not None else SILENCE[:0]
            if not len(said):
                frame.type = pj.PJMEDIA_FRAME_TYPE_NONE
                frame.size = 0
                return
            data = said.tobytes()
            if len(data) < FRAME_BYTES:
                data += bytes(FRAME_BYTES - len(data))
            self._put(frame.buf, data)
            frame.size = FRAME_BYTES
            frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        except Exception:
            return
