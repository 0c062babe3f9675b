"""Recording a leg in two channels, aligned to the sample.

    talk ring, microphone, tones  ->  bridge mixes  ->  RecordPort  ->  right channel
    far side                      ->  LegPort.heard                ->  left channel

Within one tick of the bridge the ports are served in the order they were made, and a ``RecordPort`` is made after the
``LegPort``s: when it is called, ``LegPort.heard`` is the frame of the same 20 ms. Writing to the disk is the recorder's
own thread's business.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pjsua2 as pj

from engine.audio.format import FRAME_BYTES
from engine.audio.recorder import RecordingError, TwoChannelRecorder
from engine.sip.ports import SILENCE, GetBytes, LegPort, sound_format


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
            data = self._get(frame.buf)
            ours = np.frombuffer(data, dtype=np.int16) if len(data) == FRAME_BYTES else SILENCE
            recorder.write(far.heard, ours)
        except Exception:
            return


def open_recorder(path: str) -> TwoChannelRecorder:
    """Errand: make the file. Raises ``RecordingError``."""
    return TwoChannelRecorder(Path(path))


def close_recorder(recorder: TwoChannelRecorder) -> str:
    """Errand: write the rest and close. Returns what is wrong with the recording, or ""."""
    try:
        recorder.close()
    except RecordingError as error:
        return str(error)
    return ""
