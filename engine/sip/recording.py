"""Recording a leg in two channels, aligned to the sample.

    talk ring, microphone, tones  ->  bridge mixes  ->  RecordPort  ->  right channel
    far side                      ->  LegPort.heard                ->  left channel

Within one tick of the bridge the ports are served in the order they were made, and a ``RecordPort`` is made after the
``LegPort``s: when it is called, ``LegPort.heard`` is the frame of the same 20 ms. Writing to the disk is the recorder's
own thread's business.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pjsua2 as pj

from engine.audio.format import FRAME_BYTES
from engine.audio.recorder import TwoChannelRecorder
from engine.sip.errands import Errands
from engine.sip.line import LineEvent, RecordingState
from engine.sip.ports import SILENCE, GetBytes, LegPort, sound_format

if TYPE_CHECKING:
    from engine.sip.legs import Leg


class RecordPort(pj.AudioMediaPort):  # type: ignore[misc]
    """Takes our side of a leg and writes both. One of a pool that only grows."""

    def __init__(self, name: str, get: GetBytes) -> None:
        super().__init__()
        self._get = get
        self._far: LegPort | None = None
        self._recorder: TwoChannelRecorder | None = None
        self.createPort(name, sound_format())

    @property
    def recorder(self) -> TwoChannelRecorder | None:
        """What it writes to now."""
        return self._recorder

    def begin(self, far: LegPort, recorder: TwoChannelRecorder) -> None:
        """Record from the next frame on."""
        self._far = far
        self._recorder = recorder

    def finish(self) -> TwoChannelRecorder | None:
        """Record no more; returns the recorder, to be closed elsewhere."""
        recorder, self._recorder = self._recorder, None
        self._far = None
        return recorder

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        """20 ms of our side."""
        try:
            recorder, far = self._recorder, self._far
            if recorder is None or far is None:
                return
            data = self._get(frame)
            ours = np.frombuffer(data, dtype=np.int16) if len(data) == FRAME_BYTES else SILENCE
            recorder.write(far.heard, ours)
        except Exception:
            return


class Recordings:
    """Which legs are recorded, and the ports that do it."""

    def __init__(self, errands: Errands, emit: Callable[[LineEvent], None], get: GetBytes) -> None:
        self._errands = errands
        self._emit = emit
        self._get = get
        self._free: deque[RecordPort] = deque()
        self.ports: list[RecordPort] = []
        """Every port made so far."""
        self.closing = 0
        """Recordings whose file is being finished now."""

    def record(self, leg: Leg, path: str) -> None:
        """Record ``leg`` into ``path`` from now on, or no more when it is empty. Answered by ``RecordingState``."""
        leg.record_wishes += 1
        wish = leg.record_wishes
        if leg.record is not None:
            self.stop(leg, lambda: None)
        if not path:
            return

        def began(recorder: TwoChannelRecorder) -> None:
            if leg.ended or leg.record_wishes != wish:  # over, or something else is wanted meanwhile
                self._errands.do(recorder.close, lambda _: None, lambda _: None)
                return
            port = self._free_port()
            port.begin(leg.port, recorder)
            leg.set_record(port)
            self._emit(RecordingState(time.time(), leg.id, path))

        def failed(error: Exception) -> None:
            if not leg.ended:
                self._emit(RecordingState(time.time(), leg.id, "", str(error)))

        self._errands.do(lambda: TwoChannelRecorder(Path(path)), began, failed)

    def stop(self, leg: Leg, then: Callable[[], None]) -> None:
        """Close the leg's recording, if there is one, and say so; ``then`` whatever comes next."""
        port = leg.set_record(None)
        recorder = port.finish() if port is not None else None
        if port is None or recorder is None:
            then()
            return
        self._free.append(port)
        self.closing += 1

        def closed(problem: str) -> None:
            self.closing -= 1
            self._emit(RecordingState(time.time(), leg.id, "", problem))
            then()

        self._errands.do(recorder.close, lambda _: closed(""), lambda error: closed(str(error)))

    def _free_port(self) -> RecordPort:
        if self._free:
            return self._free.popleft()
        port = RecordPort(f"record-{len(self.ports)}", self._get)
        self.ports.append(port)
        return port
