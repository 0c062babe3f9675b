"""The user's voice in a call: the headset joined to legs through a port at the headset's own rate.

The devices are opened when the first leg asks for the voice and closed after the last; that takes up to 0.7 s and is
done as an errand. Without a device the call goes on and the user is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pjsua2 as pj

from engine.audio.format import FRAME_MS
from engine.sip.callbacks import ErrandDone, Post
from engine.sip.errands import Errands
from engine.sip.legs import Emit, Leg
from engine.sip.line import LegId, LineSettings, VoiceChanged
from engine.sip.ports import GetBytes, PutBytes

if TYPE_CHECKING:
    from engine.audio.headset import Headset

HEADSET_RATE_HZ = 48_000
_FRAME_SAMPLES = HEADSET_RATE_HZ * FRAME_MS // 1000
_SILENT_FRAME = bytes(_FRAME_SAMPLES * 2)

NOT_ALLOWED_TEXT = "This line may not use the microphone and the speaker."


class VoicePort(pj.AudioMediaPort):  # type: ignore[misc]
    """Microphone and speaker in the bridge. Made once, never destroyed while the clock runs."""

    def __init__(self, get: GetBytes, put: PutBytes) -> None:
        super().__init__()
        self._get = get
        self._put = put
        self.headset: Headset | None = None
        sound = pj.MediaFormatAudio()
        sound.init(pj.PJMEDIA_FORMAT_PCM, HEADSET_RATE_HZ, 1, FRAME_MS * 1000, 16)
        self.createPort("voice", sound)

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        """20 ms for the speaker."""
        try:
            headset = self.headset
            if headset is not None:
                headset.play(self._get(frame) or _SILENT_FRAME)
        except Exception:
            return

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:
        """20 ms from the microphone."""
        try:
            headset = self.headset
            data = headset.capture(_FRAME_SAMPLES) if headset is not None else _SILENT_FRAME
            self._put(frame, data)
        except Exception:
            return


class Voice:
    """Who is connected to the headset."""

    def __init__(
        self, settings: LineSettings, port: Callable[[], VoicePort], errands: Errands, emit: Emit, post: Post
    ) -> None:
        self._settings = settings
        self._make_port = port
        self._port: VoicePort | None = None
        self._errands = errands
        self._emit = emit
        self._post = post
        self._headset: Headset | None = None
        self._opening = False
        self._legs: dict[LegId, tuple[Leg, bool]] = {}  # with muted

    @property
    def port(self) -> VoicePort | None:
        """The port, once it was needed."""
        return self._port

    def connect(self, leg: Leg, muted: bool) -> None:
        """Join ``leg``, or change whether it hears the microphone. Answered by ``VoiceChanged``."""
        if not self._settings.sound:
            self._say(leg, False, NOT_ALLOWED_TEXT)
            return
        self._legs[leg.id] = (leg, muted)
        if self._headset is not None:
            self._join(leg, muted)
        elif not self._opening:
            self._open()

    def disconnect(self, leg: Leg, tell: bool = True) -> None:
        """Take ``leg`` out; the devices are closed after the last."""
        known = self._legs.pop(leg.id, None)
        leg.set_voice(None, muted=False)
        if tell:
            self._say(leg, False)
        if known is not None and not self._legs and not self._opening:
            self._close()

    def _open(self) -> None:
        self._opening = True
        settings, post = self._settings, self._post

        def open_it() -> Headset:
            from engine.audio.headset import Headset  # not at start: most lines never need it

            headset = Headset(
                settings.microphone,
                settings.speaker,
                rate=HEADSET_RATE_HZ,
                on_lost=lambda sentence: post(ErrandDone(lambda: self._lost(headset, sentence))),
            )
            headset.open()
            return headset

        self._errands.do(open_it, self._opened, self._failed)

    def _opened(self, headset: Headset) -> None:
        self._opening = False
        self._headset = headset
        if not self._legs:
            self._close()
            return
        if self._port is None:
            self._port = self._make_port()
        self._port.headset = headset
        for leg, muted in tuple(self._legs.values()):
            self._join(leg, muted)

    def _failed(self, error: Exception) -> None:
        self._opening = False
        legs, self._legs = tuple(self._legs.values()), {}
        for leg, _ in legs:
            self._say(leg, False, str(error) or "The sound device does not open.")

    def _lost(self, headset: Headset, sentence: str) -> None:
        if headset is not self._headset:
            return
        legs, self._legs = tuple(self._legs.values()), {}
        for leg, _ in legs:
            leg.set_voice(None, muted=False)
            self._say(leg, False, sentence)
        self._close()

    def _close(self) -> None:
        headset, self._headset = self._headset, None
        if self._port is not None:
            self._port.headset = None
        if headset is not None:
            self._errands.do(headset.close, lambda _: None, lambda _: None)

    def _join(self, leg: Leg, muted: bool) -> None:
        leg.set_voice(self._port, muted)
        headset = self._headset
        if headset is not None:
            self._emit(
                VoiceChanged(
                    time.time(), leg.id, True, headset.microphone_name, headset.speaker_name, headset.text
                )
            )

    def _say(self, leg: Leg, connected: bool, error: str = "") -> None:
        if not leg.ended:
            self._emit(VoiceChanged(time.time(), leg.id, connected, error=error))
