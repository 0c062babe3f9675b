"""A telephone line in memory: speaks the ``Line`` protocol, and a test plays the far side.

Nothing happens by itself: the far side rings, answers, speaks and hangs up when the test says so, and sound advances
only by ``far_says``. What our side asks for is in ``sent``; what it does to a leg (hang up, digits, voice, recording)
is answered as the real line does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np

from engine.audio.format import RATE_HZ
from engine.audio.memory_ring import MemoryRing
from engine.audio.ring import RingReader, RingWriter, Samples
from engine.call import EndReason
from engine.sip import reasons
from engine.sip.digits import VALID
from engine.sip.line import (
    MAX_LEGS,
    Answer,
    ConnectVoice,
    Dial,
    DigitMethod,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    LineCommand,
    LineDown,
    LineEvent,
    LineUp,
    Progress,
    RecordingState,
    RecordLeg,
    Refuse,
    Registration,
    RemoveAccount,
    SendDigits,
    SetAccount,
    VoiceChanged,
)


class _Leg:
    def __init__(self, incoming: bool) -> None:
        self.incoming = incoming
        self.answered = False
        self.rang = False
        self.over = False
        self.tap = MemoryRing(60.0)
        self.talk = MemoryRing(30.0)


class MemoryLine:
    """The twin of ``LineProcess``. ``headset``: names of microphone and speaker, or None for no device."""

    def __init__(
        self, name: str = "memory", headset: tuple[str, str] | None = ("Microphone", "Speaker")
    ) -> None:
        self._name = name
        self._headset = headset
        self._handlers: list[Callable[[LineEvent], None]] = []
        self._legs: dict[LegId, _Leg] = {}
        self._up = False
        self._incoming = 0
        self.sent: list[LineCommand] = []
        """Every command, in order."""

    # --- the Line protocol --------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """As ``Line.name``."""
        return self._name

    @property
    def up(self) -> bool:
        """As ``Line.up``."""
        return self._up

    async def start(self) -> LineUp:
        """Up at once."""
        up = LineUp(time.time(), self._name, udp_port=5060)
        if not self._up:
            self._up = True
            self._tell(up)
        return up

    async def stop(self) -> None:
        """Ends every leg."""
        self._up = False
        for leg in tuple(self._legs):
            self._end(leg, reasons.Verdict(EndReason.CANCELLED, "The program was closed."), by_us=True)
        await asyncio.sleep(0)

    def subscribe(self, handler: Callable[[LineEvent], None]) -> None:
        """As ``Line.subscribe``."""
        self._handlers.append(handler)

    def tap(self, leg: LegId) -> RingReader:
        """As ``Line.tap``."""
        return self._legs[leg].tap

    def talk(self, leg: LegId) -> RingWriter:
        """As ``Line.talk``."""
        return self._legs[leg].talk

    def send(self, command: LineCommand) -> None:
        """Take a command; its answer comes on the loop's next turn, as from the real line."""
        self.sent.append(command)
        match command:
            case Dial():
                self._dial(command)
            case SetAccount():
                account = command.account
                if account.register:
                    text = f"Registered at {account.host}."
                    self._soon(Registration(time.time(), account.id, True, text))
            case RemoveAccount():
                self._soon(Registration(time.time(), command.account, False, "The account was removed."))
            case Progress() | Answer() | Refuse() | HangUpLeg() | SendDigits() | ConnectVoice() | RecordLeg():
                if command.leg in self._legs and not self._legs[command.leg].over:
                    self._on_leg(command)

    # --- the far side, played by the test -----------------------------------------------------------------------

    def far_rings(self, leg: LegId, early_media: bool = False) -> None:
        """180, or 183 with sound."""
        self._legs[leg].rang = True
        self._tell(LegRinging(time.time(), leg, early_media))
        if early_media:
            self._tell(LegMedia(time.time(), leg, "PCMU/8000"))

    def far_answers(self, leg: LegId) -> None:
        """200 OK."""
        self._legs[leg].answered = True
        self._tell(LegAnswered(time.time(), leg))
        self._tell(LegMedia(time.time(), leg, "PCMU/8000"))

    def far_says(self, leg: LegId, samples: Samples) -> None:
        """Sound from the far side (int16, 16 kHz): the call clock advances by its length."""
        self._legs[leg].tap.append(samples)

    def far_is_silent(self, leg: LegId, seconds: float) -> None:
        """Silence from the far side for so long."""
        self._legs[leg].tap.append(np.zeros(round(seconds * RATE_HZ), dtype=np.int16))

    def far_hears(self, leg: LegId, seconds: float) -> Samples:
        """What we say in the next ``seconds``, silence filled in where we say nothing."""
        count = round(seconds * RATE_HZ)
        said = self._legs[leg].talk.take(count)
        return np.concatenate((said, np.zeros(count - len(said), dtype=np.int16)))

    def far_hangs_up(self, leg: LegId, code: int = 0, text: str = "") -> None:
        """A BYE after answer; before it, a final status such as 486 (an incoming caller gives up with 0)."""
        state = self._legs[leg]
        what = reasons.Ending(code, text, answered=state.answered, rang=state.rang, incoming=state.incoming)
        self._end(leg, reasons.ending(what), by_us=False, code=code)

    def far_presses(self, leg: LegId, digits: str) -> None:
        """Digits from the far side."""
        for digit in digits:
            self._tell(DigitReceived(time.time(), leg, digit, DigitMethod.RTP_EVENT))

    def far_calls(
        self, from_uri: str = "sip:caller@example.com", to_uri: str = "sip:us@example.com"
    ) -> LegId:
        """Somebody calls us; returns the leg."""
        self._incoming += 1
        leg = LegId(f"{self._name}-in-{self._incoming}")
        self._legs[leg] = _Leg(incoming=True)
        self._tell(LegIncoming(time.time(), leg, from_uri, to_uri))
        return leg

    def lose(self, because: str = "killed", restarting: bool = True) -> None:
        """The line process dies."""
        self._up = False
        lost = reasons.Verdict(
            EndReason.LINE_LOST, "The telephone line was lost, and the call with it. Redial."
        )
        for leg in tuple(self._legs):
            self._end(leg, lost, by_us=False)
        self._tell(LineDown(time.time(), self._name, because, restarting))

    # --- inside -------------------------------------------------------------------------------------------------

    def _dial(self, dial: Dial) -> None:
        live = sum(1 for leg in self._legs.values() if not leg.over)
        self._legs[dial.leg] = _Leg(incoming=False)
        if not self._up:
            down = reasons.Verdict(EndReason.LINE_LOST, "The telephone line is not up. Dial again.")
            asyncio.get_running_loop().call_soon(self._end, dial.leg, down, False)
        elif live >= MAX_LEGS:
            asyncio.get_running_loop().call_soon(
                self._end, dial.leg, reasons.error(reasons.PJ_ETOOMANY, ""), False
            )

    def _on_leg(
        self,
        command: Progress | Answer | Refuse | HangUpLeg | SendDigits | ConnectVoice | RecordLeg,
    ) -> None:
        leg, state, now = command.leg, self._legs[command.leg], time.time()
        match command:
            case Progress():
                pass
            case Answer():
                state.answered = True
                self._soon(LegAnswered(now, leg))
                self._soon(LegMedia(now, leg, "PCMU/8000"))
            case Refuse() | HangUpLeg():
                what = reasons.Ending(0, by_us=True, answered=state.answered, incoming=state.incoming)
                asyncio.get_running_loop().call_soon(self._end, leg, reasons.ending(what), True)
            case SendDigits():
                if VALID.fullmatch(command.digits):
                    self._soon(DigitsSent(now, leg, len(command.digits)))
                else:
                    error = "Only the digits 0 to 9, *, # and A to D can be sent."
                    self._soon(DigitsSent(now, leg, 0, error))
            case ConnectVoice():
                if not command.on:
                    self._soon(VoiceChanged(now, leg, False))
                elif self._headset is None:
                    self._soon(VoiceChanged(now, leg, False, error="No audio device was found."))
                else:
                    self._soon(VoiceChanged(now, leg, True, *self._headset))
            case RecordLeg():
                self._soon(RecordingState(now, leg, command.path))

    def _end(self, leg: LegId, verdict: reasons.Verdict, by_us: bool, code: int = 0) -> None:
        state = self._legs[leg]
        if state.over:
            return
        state.over = True
        self._tell(
            LegEnded(time.time(), leg, verdict.reason, verdict.text, by_us, code, answered=state.answered)
        )

    def _soon(self, event: LineEvent) -> None:
        asyncio.get_running_loop().call_soon(self._tell, event)

    def _tell(self, event: LineEvent) -> None:
        for handler in tuple(self._handlers):
            handler(event)
