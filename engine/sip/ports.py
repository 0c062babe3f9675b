"""Sound between the conference bridge and the rings, 20 ms at a time, on the library's clock thread.

    call  ->  LegPort.onFrameReceived   ->  tap ring  (and the recorder, if one listens)
    call  <-  LegPort.onFrameRequested  <-  talk ring

A bridged port is called every 20 ms whether anything is connected or not, and that is the call clock: an empty frame
is 20 ms of silence. Frames hold C++ vectors; reading them through SWIG costs 290 us, through their begin and end
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

SILENCE: Samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
SILENCE.setflags(write=False)

GetBytes = Callable[[pj.MediaFrame], bytes]
"""What a frame holds; empty for a frame without sound."""
PutBytes = Callable[[pj.MediaFrame, bytes], None]
"""Make a frame hold sound."""


class _Frame(ctypes.Structure):
    """``pj::MediaFrame`` (pjsua2/media.hpp): type, vector (begin, end, end of capacity), size."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("begin", ctypes.c_size_t),
        ("end", ctypes.c_size_t),
        ("capacity_end", ctypes.c_size_t),
        ("size", ctypes.c_uint),
    )


def _get_direct(frame: pj.MediaFrame) -> bytes:
    inside = _Frame.from_address(int(frame.this))
    begin = inside.begin
    return ctypes.string_at(begin, inside.end - begin)


def _put_direct(frame: pj.MediaFrame, data: bytes) -> None:
    inside = _Frame.from_address(int(frame.this))
    if inside.end - inside.begin != len(data):
        frame.buf.resize(len(data))
    ctypes.memmove(inside.begin, data, len(data))
    inside.size = len(data)
    inside.type = pj.PJMEDIA_FRAME_TYPE_AUDIO


def _get_slowly(frame: pj.MediaFrame) -> bytes:
    return bytes(frame.buf)


def _put_slowly(frame: pj.MediaFrame, data: bytes) -> None:
    frame.buf = pj.ByteVector(data)
    frame.size = len(data)
    frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO


def frame_access() -> tuple[GetBytes, PutBytes]:
    """How to get at a frame's bytes: directly when the self-test shows that it is laid out as expected."""
    probe = pj.MediaFrame()
    probe.buf = pj.ByteVector([1, 2, 3, 4])
    probe.size, probe.type = 4321, pj.PJMEDIA_FRAME_TYPE_EXTENDED
    inside = _Frame.from_address(int(probe.this))
    if (
        int(probe.buf.this) - int(probe.this) == _Frame.begin.offset
        and (inside.type, inside.size) == (pj.PJMEDIA_FRAME_TYPE_EXTENDED, 4321)
        and inside.end - inside.begin == 4
        and inside.capacity_end >= inside.end
        and _get_direct(probe) == b"\x01\x02\x03\x04"
    ):
        _put_direct(probe, b"\x05\x06\x07\x08\x09")
        if (list(probe.buf), probe.size, probe.type) == ([5, 6, 7, 8, 9], 5, pj.PJMEDIA_FRAME_TYPE_AUDIO):
            return _get_direct, _put_direct
    return _get_slowly, _put_slowly


def keep_thread_state() -> None:
    """Keep the interpreter's state of the calling thread, which is not Python's, until the process ends.

    Each callback enters the interpreter by ``PyGILState_Ensure`` and leaves it by ``PyGILState_Release``, and the last
    release of a thread frees its state: for every frame a state and its stack were mapped and unmapped. One entry more
    than exits keeps them.
    """
    ctypes.pythonapi.PyGILState_Ensure()


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
        self._kept = False
        self.heard: Samples = SILENCE
        """The last frame from the far side, for the recorder's port, which is called later in the same tick."""
        self.createPort(name, sound_format())

    def lend(self, tap: MemoryRing, talk: MemoryRing) -> None:
        """The tap's clock starts with the next frame."""
        self.heard = SILENCE
        self._talk = talk
        self._tap = tap

    @property
    def has_words(self) -> bool:
        """Something waits to be said."""
        talk = self._talk
        return talk is not None and talk.written > talk.played

    def take_back(self) -> None:
        """No sound flows any more."""
        self._tap = None
        self._talk = None
        self.heard = SILENCE

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        """20 ms from the far side."""
        try:
            if not self._kept:
                self._kept = True
                keep_thread_state()
            tap = self._tap
            if tap is None:
                return
            data = self._get(frame)
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
            self._put(frame, data)
        except Exception:
            return
