"""One leg in the line process: a call of the library, its port, its digits. Used by the SIP thread only."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pjsua2 as pj

from engine.audio.format import RATE_HZ
from engine.sip import reasons
from engine.sip.callbacks import CallMoved, LegCall
from engine.sip.digits import DIGIT_MS, DigitQueue
from engine.sip.line import (
    DigitMethod,
    DigitsSent,
    LegAnswered,
    LegEnded,
    LegId,
    LegMedia,
    LegRinging,
    LineEvent,
)
from engine.sip.ports import LegPort
from engine.sip.recording import RecordPort

Emit = Callable[[LineEvent], None]

HANG_UP_PATIENCE_S = 2.0
"""How long the far side may take to confirm our BYE before the leg is told as ended all the same."""
NO_REPLY_S = 10.0
"""A server that has not said a word to an INVITE for so long is not there. (The library itself waits 32 s: RFC 3261,
timer B; a server that is there says 100 Trying within 0.2 s.)"""
SAID_ALL_S = 2.0
"""How long our port stays joined to a call after the last word: silence that is not mixed costs nothing (a quarter of
what a waiting call takes in this process), and the library sends it all the same, a packet every 20 ms."""
_TOO_LATE_TEXT = "The call ended before all digits had gone out."


class Leg:
    """State of one leg. ``ended`` once ``LegEnded`` is out."""

    def __init__(
        self, leg: LegId, call: LegCall, port: LegPort, place: int, emit: Emit, incoming: bool
    ) -> None:
        self.id = leg
        self.call = call
        self.port = port
        self.place = place
        self.incoming = incoming
        self.ended = False
        self.sound: pj.AudioMedia | None = None  # the call's end in the bridge, while media flows
        self.digits = DigitQueue(self._play_digit, self._digits_done)
        self._emit = emit
        self._answered = False
        self._rang = False
        self._told_early_media = False
        self._began_at = time.monotonic()
        self._hung_up_at = 0.0
        self._no_reply = False
        self._told_media: tuple[str, bool] | None = None
        self._tones: pj.ToneGenerator | None = None
        self._voice: pj.AudioMediaPort | None = None
        self._muted = False
        self._says_until = 0.0  # monotonic; 0: nothing is being said
        self._last: LegEnded | None = None
        self.record: RecordPort | None = None
        self.record_wishes = 0

    # --- what SIP says ----------------------------------------------------------------------------------------

    def moved(self, note: CallMoved) -> None:
        """The library's call changed its state."""
        if self.ended:
            return
        if note.state == pj.PJSIP_INV_STATE_EARLY and not self.incoming:
            self._ringing(note.early_media)
        elif note.state == pj.PJSIP_INV_STATE_CONFIRMED and not self._answered:
            self._answered = True
            self._emit(LegAnswered(time.time(), self.id))
        elif note.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            what = reasons.Ending(
                code=note.code,
                text=note.text,
                by_us=self._hung_up_at > 0,
                answered=self._answered,
                rang=self._rang,
                incoming=self.incoming,
                local=note.local,
                status=note.status,
            )
            if self._no_reply:
                self.end(reasons.NO_REPLY, 408)
            else:
                self.end(reasons.ending(what), note.code)

    def _ringing(self, early_media: bool) -> None:
        if self._rang and (self._told_early_media or not early_media):
            return
        self._rang = True
        self._told_early_media = early_media
        self._emit(LegRinging(time.time(), self.id, early_media))

    def end(self, verdict: reasons.Verdict, code: int) -> None:
        """The leg is over; the port is free for another. ``LegEnded`` waits for ``tell_end``."""
        if self.ended:
            return
        self.digits.give_up(_TOO_LATE_TEXT)
        self.ended = True
        self._part()
        self.port.take_back()
        by_us = self._hung_up_at > 0
        self._last = LegEnded(time.time(), self.id, verdict.reason, verdict.text, by_us, code, self._answered)

    def _part(self) -> None:
        """Take our ports out of a call that goes on dying by itself; they belong to other legs soon."""
        sound, self.sound = self.sound, None
        if sound is None or self.call.over:
            return
        with contextlib.suppress(pj.Error):
            sound.stopTransmit(self.port)
            for source in self._sources():
                source.stopTransmit(sound)

    def tell_end(self) -> None:
        """Send ``LegEnded``, after everything else that is to be said of the leg."""
        last, self._last = self._last, None
        if last is not None:
            self._emit(last)

    # --- what is asked ----------------------------------------------------------------------------------------

    def hang_up(self, code: int = 0) -> None:
        """End the leg in whatever state it is; ``code``: final status to an incoming leg not yet answered."""
        if self.ended or self.call.over or self._hung_up_at:
            return
        self._hung_up_at = time.monotonic()
        how = pj.CallOpParam()
        how.statusCode = code
        with contextlib.suppress(pj.Error):  # then it ends by itself, or by the clock below
            self.call.hangup(how)

    def answer(self, code: int) -> None:
        """Answer an incoming leg: provisionally or for good."""
        if self.ended or self.call.over or not self.incoming:
            return
        how = pj.CallOpParam()
        how.statusCode = code
        with contextlib.suppress(pj.Error):  # answered already, or given up by the caller
            self.call.answer(how)

    def tick(self, now: float) -> None:
        """Digits that are due; a BYE that nobody confirms."""
        self.digits.tick(now)
        self._open_mouth(now)
        if self._hung_up_at and now - self._hung_up_at > HANG_UP_PATIENCE_S:
            what = reasons.Ending(0, by_us=True, answered=self._answered, incoming=self.incoming)
            self.end(reasons.ending(what), 0)
        elif self._began_at and now - self._began_at > NO_REPLY_S:
            self._began_at = 0.0
            self._give_up_on_silence()

    def _give_up_on_silence(self) -> None:
        if self.incoming or self._rang or self._answered or self.ended or self.call.over:
            return
        with contextlib.suppress(pj.Error):
            if int(self.call.getInfo().lastStatusCode) < 100:
                self._no_reply = True
                self.call.hangup(pj.CallOpParam())

    # --- media ------------------------------------------------------------------------------------------------

    def connect_media(self) -> bool:
        """Join the port (again) to the call's sound: every change of media may have moved it in the bridge.

        Returns whether sound flows now.
        """
        if self.ended or self.call.over:
            return False
        self.sound = None
        try:
            info = self.call.getInfo()
            index, status = _audio(info)
            # On hold by the far side there may still be its music to hear.
            held = status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
            if status == pj.PJSUA_CALL_MEDIA_ACTIVE or held:
                self.sound = self._find_sound(held)
            if self.sound is not None:
                self._join()
                if info.state == pj.PJSIP_INV_STATE_EARLY and not self.incoming:
                    self._ringing(early_media=True)
            if self.sound is not None or held:
                self._tell_media(index, held)
        except pj.Error:
            return False  # the call ended meanwhile; that is told by itself
        return self.sound is not None

    def _find_sound(self, held: bool) -> pj.AudioMedia | None:
        try:
            return self.call.getAudioMedia(-1)
        except pj.Error:
            if held:
                return None  # on hold without any sound
            raise

    def _join(self) -> None:
        """Everything that is heard and said, joined in the bridge. Joining twice does no harm."""
        sound = self.sound
        if sound is None:
            return
        sound.startTransmit(self.port)
        if self._voice is not None:
            sound.startTransmit(self._voice)
        for source in self._sources():
            source.startTransmit(sound)
            if self.record is not None:
                source.startTransmit(self.record)

    def _sources(self) -> list[pj.AudioMedia]:
        """What our side is made of."""
        voice = None if self._muted else self._voice
        port = self.port if self._says_until or self.record is not None else None
        return [source for source in (port, self._tones, voice) if source is not None]

    @property
    def busy(self) -> bool:
        """Something is to be done soon: words or digits are on their way."""
        return self._says_until > 0 or self.digits.waiting

    def _open_mouth(self, now: float) -> None:
        """Join our port to the call while there is something to say."""
        if self.ended or self.sound is None or self.call.over:
            return
        if self.port.has_words:
            began, self._says_until = not self._says_until, now + SAID_ALL_S
            if began:
                with contextlib.suppress(pj.Error):
                    self._join()
        elif self._says_until and now > self._says_until:
            self._says_until = 0.0
            self._shut_mouth()

    def _shut_mouth(self) -> None:
        """Take our port out of the call when nothing is said and nothing recorded."""
        silent = not self._says_until and self.record is None
        if silent and not self.ended and self.sound is not None and not self.call.over:
            with contextlib.suppress(pj.Error):
                self.port.stopTransmit(self.sound)

    def set_voice(self, voice: pj.AudioMediaPort | None, muted: bool) -> None:
        """Join the headset's port, or take it out; ``muted``: it hears and is not heard."""
        before = self._voice
        if before is not None:
            with contextlib.suppress(pj.Error):
                if self.record is not None:
                    before.stopTransmit(self.record)
                if self.sound is not None and not self.call.over:
                    before.stopTransmit(self.sound)
                    if voice is None:
                        self.sound.stopTransmit(before)
        self._voice, self._muted = voice, muted
        if not self.ended and not self.call.over:
            with contextlib.suppress(pj.Error):
                self._join()

    def set_record(self, record: RecordPort | None) -> RecordPort | None:
        """Have our side recorded by ``record``; returns the port that did so before."""
        sources = self._sources()
        before, self.record = self.record, record
        if before is not None:
            for source in sources:
                with contextlib.suppress(pj.Error):
                    source.stopTransmit(before)
            self._shut_mouth()
        if not self.ended and not self.call.over:
            with contextlib.suppress(pj.Error):
                self._join()
        return before

    def _tell_media(self, index: int, held: bool) -> None:
        stream = self.call.getStreamInfo(index)
        codec = f"{stream.codecName}/{stream.codecClockRate}"
        if self._told_media != (codec, held):
            self._told_media = (codec, held)
            self._emit(LegMedia(time.time(), self.id, codec, held))

    # --- digits -----------------------------------------------------------------------------------------------

    def _play_digit(self, digit: str, method: DigitMethod) -> None:
        if self.ended or self.call.over or self._hung_up_at:
            raise ValueError(_TOO_LATE_TEXT)
        if self.sound is None and method is not DigitMethod.SIP_INFO:
            raise ValueError("There is no sound on the call yet, so digits cannot be sent.")
        try:
            if method is DigitMethod.IN_BAND:
                self._play_tone(digit)
                return
            what = pj.CallSendDtmfParam()
            what.digits = digit
            what.duration = DIGIT_MS
            what.method = (
                pj.PJSUA_DTMF_METHOD_SIP_INFO
                if method is DigitMethod.SIP_INFO
                else pj.PJSUA_DTMF_METHOD_RFC2833
            )
            self.call.sendDtmf(what)
        except pj.Error as error:
            if method is DigitMethod.RTP_EVENT and self.sound is not None:
                self._play_tone(digit)  # the far side does not know RTP events: as sound, then
                return
            raise ValueError(f"The digits could not be sent: {error.reason}.") from None

    def _play_tone(self, digit: str) -> None:
        if self._tones is None:
            self._tones = pj.ToneGenerator()
            self._tones.createToneGenerator(RATE_HZ, 1)
            self._join()
        tone = pj.ToneDigit()
        tone.digit = digit
        tone.on_msec = DIGIT_MS
        tone.off_msec = 80
        tone.volume = 0  # the library's own level
        tones = pj.ToneDigitVector()
        tones.append(tone)
        self._tones.playDigits(tones)

    def _digits_done(self, count: int, error: str) -> None:
        self._emit(DigitsSent(time.time(), self.id, count, error))

    def free(self) -> None:
        """Destroy what the leg made, once it has ended."""
        if self._tones is not None:
            pj.ToneGenerator.__swig_destroy__(self._tones)
            self._tones = None


def _audio(info: pj.CallInfo) -> tuple[int, int]:
    """Index and status of the first audio medium."""
    for medium in info.media:
        if medium.type == pj.PJMEDIA_TYPE_AUDIO:
            return int(medium.index), int(medium.status)
    return -1, int(pj.PJSUA_CALL_MEDIA_NONE)
