"""The SIP thread: it owns every object of the SIP library, from creation to destruction.

    pipe  ->  reader thread  ->  wishes  \\
                                          SIP thread: libHandleEvents, notes, wishes, clocks  ->  pipe
    callbacks (any thread)   ->  notes   /

Nothing else calls the library.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import threading
import time
import traceback
import uuid
from collections import deque
from multiprocessing.connection import Connection
from typing import Any, assert_never

import pjsua2 as pj

from engine.audio.shared_ring import SoundBlock
from engine.call import EndReason
from engine.sip import callbacks, endpoint, reasons, wire
from engine.sip.accounts import RTP_PORT_BASE, RTP_PORT_SPAN, Accounts
from engine.sip.callbacks import LegCall, LineLog, Note
from engine.sip.errands import Errands
from engine.sip.legs import Leg
from engine.sip.line import (
    MAX_LEGS,
    Answer,
    ConnectVoice,
    Dial,
    DigitReceived,
    HangUpLeg,
    LegEnded,
    LegId,
    LegIncoming,
    LineError,
    LineEvent,
    LineUp,
    Progress,
    RecordLeg,
    Refuse,
    RemoveAccount,
    SendDigits,
    SetAccount,
)
from engine.sip.ports import LegPort, frame_access
from engine.sip.recording import Recordings
from engine.sip.voice import Voice, VoicePort

POLL_MS = 5
IDLE_POLL_MS = 40
"""While nothing is said and no digits are sent, only a wish can be late by that, and the thread costs a sixth. (What
comes by network wakes it.)"""
GRAVEYARD_S = 3.0
"""How long a finished call's Python object is kept at least: the library may still mention it for a moment."""
ALIVE_EVERY_S = 1.0
COLLECT_EVERY_S = 20.0
STOP_PATIENCE_S = 1.0


class SipThread:
    """The SIP thread's state and loop."""

    def __init__(self, pipe: Connection, set_up: wire.SetUp) -> None:
        self._pipe = pipe
        self._settings = set_up.settings
        self._wishes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._notes: deque[Note] = deque()
        self._out: deque[Any] = deque()
        self._legs: dict[LegId, Leg] = {}
        self._graveyard: deque[tuple[float, LegCall]] = deque()
        self._stopping = False
        self._alive_at = self._collect_at = 0.0
        self._incoming_places = deque(
            range(wire.OUTGOING_PLACES, wire.OUTGOING_PLACES + wire.INCOMING_PLACES)
        )

        self._block = SoundBlock.attach(set_up.sound_block)
        self._log = LineLog(lambda level, text: self._out.append(wire.LogLine(level, text)))
        try:
            self._endpoint = endpoint.create(self._settings, self._log)
            self._transports = endpoint.Transports(self._endpoint, self._settings, set_up.fixed_ports)
            endpoint.start(self._endpoint)
            get, put = frame_access()
            self._free_ports = deque(LegPort(f"leg-{index}", get, put) for index in range(MAX_LEGS))
            rtp_port = RTP_PORT_BASE + (os.getpid() * 32) % RTP_PORT_SPAN
            self._accounts = Accounts(
                self._settings, self._transports, rtp_port, self._new_leg, self._notes.append, self._emit
            )
        except pj.Error as error:
            raise LineError(EndReason.FAILED, f"The SIP library could not start: {error.reason}.") from None
        self._errands = Errands(self._notes.append)
        self._errands.start()
        self._recordings = Recordings(self._errands, self._emit, get)
        self._voice = Voice(
            self._settings, lambda: VoicePort(get, put), self._errands, self._emit, self._notes.append
        )
        for account in set_up.accounts:
            self._accounts.set(account)
        gc.collect()
        gc.freeze()
        transports = self._transports
        self._say(
            wire.Ready(
                LineUp(
                    time.time(),
                    self._settings.name,
                    transports.udp_port,
                    transports.tcp_port,
                    transports.tls_port,
                    os.getpid(),
                )
            )
        )
        threading.Thread(target=self._read_pipe, name="pipe", daemon=True).start()

    # --- the loop ---------------------------------------------------------------------------------------------

    def loop(self) -> None:
        """Run until told to stop or the pipe breaks."""
        while not self._stopping:
            self._turn()
        self._shut_down()

    def _turn(self) -> None:
        busy = any(leg.busy for leg in self._legs.values())
        self._endpoint.libHandleEvents(POLL_MS if busy else IDLE_POLL_MS)
        self._take_notes()
        while not self._wishes.empty():
            wish = self._wishes.get_nowait()
            try:
                self._grant(wish)
            except Exception as error:
                self._fault(f"carrying out {type(wish).__name__}", error)
                if isinstance(wish, wire.OpenLeg):
                    self._refuse_dial(
                        wish.dial.leg, EndReason.FAILED, f"The call could not be made: {error!r}."
                    )
        now = time.monotonic()
        for leg in tuple(self._legs.values()):
            leg.tick(now)
            if leg.ended:
                self._bury(leg)
        self._accounts.tick(now)
        while self._graveyard and now - self._graveyard[0][0] > GRAVEYARD_S and self._graveyard[0][1].over:
            self._graveyard.popleft()
        if now - self._alive_at > ALIVE_EVERY_S:
            self._alive_at = now
            self._out.append(wire.Alive())
        if now - self._collect_at > COLLECT_EVERY_S:
            self._collect_at = now
            gc.collect()
        self._flush()

    def _read_pipe(self) -> None:
        while True:
            try:
                wish = self._pipe.recv()
            except (EOFError, OSError):
                self._wishes.put(wire.Stop())
                return
            self._wishes.put(wish)

    def _say(self, message: object) -> None:
        self._out.append(message)
        self._flush()

    def _emit(self, event: LineEvent) -> None:
        self._out.append(event)

    def _flush(self) -> None:
        while self._out:
            try:
                self._pipe.send(self._out.popleft())
            except OSError:
                self._stopping = True
                return

    # --- notes from callbacks ---------------------------------------------------------------------------------

    def _take_notes(self) -> None:
        while self._notes:
            note = self._notes.popleft()
            try:
                self._take_note(note)
            except Exception as error:
                self._fault(f"taking {type(note).__name__}", error)

    def _fault(self, doing: str, error: Exception) -> None:
        """Tell of a fault of our own; the other calls go on."""
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        self._out.append(wire.Fault(f"{doing} failed at {place}: {error!r}"))

    def _take_note(self, note: Note) -> None:
        match note:
            case callbacks.CallMoved():
                leg = self._legs.get(note.leg)
                if leg is not None:
                    leg.moved(note)
                    if leg.ended:
                        self._bury(leg)
            case callbacks.MediaMoved():
                leg = self._legs.get(note.leg)
                if leg is not None:
                    leg.connect_media()
            case callbacks.DigitCame():
                if note.leg in self._legs:
                    self._emit(DigitReceived(time.time(), note.leg, note.digit, note.method))
            case callbacks.RegistrationMoved():
                self._accounts.moved(note)
            case callbacks.CallCame():
                self._call_came(note)
            case callbacks.ErrandDone():
                note.finish()

    def _new_leg(self) -> LegId:
        return LegId(f"{self._settings.name}-in-{uuid.uuid4().hex[:12]}")

    def _call_came(self, note: callbacks.CallCame) -> None:
        if not self._settings.accept_incoming or not self._free_ports or self._stopping:
            self._turn_away(note.call)
            return
        place = self._incoming_places.popleft()
        self._incoming_places.append(place)
        tap, talk = self._block.ring(wire.tap_ring(place)), self._block.ring(wire.talk_ring(place))
        tap.reset()
        talk.reset()
        port = self._free_ports.popleft()
        port.lend(tap, talk)
        self._legs[note.leg] = Leg(note.leg, note.call, port, place, self._emit, incoming=True)
        event = LegIncoming(time.time(), note.leg, note.from_uri, note.to_uri)
        self._out.append(wire.IncomingLeg(event, place))

    def _turn_away(self, call: LegCall) -> None:
        how = pj.CallOpParam()
        how.statusCode = 486 if self._settings.accept_incoming else 480
        with contextlib.suppress(pj.Error):
            if not call.over:
                call.hangup(how)
        self._graveyard.append((time.monotonic(), call))

    # --- wishes -----------------------------------------------------------------------------------------------

    def _grant(self, wish: Any) -> None:
        match wish:
            case wire.Stop():
                self._stopping = True
            case wire.OpenLeg():
                self._dial(wish.dial, wish.place)
            case SetAccount():
                self._accounts.set(wish.account)
            case RemoveAccount():
                self._accounts.remove(wish.account)
            case Progress() | Answer() | Refuse() | HangUpLeg() | SendDigits() | ConnectVoice() | RecordLeg():
                leg = self._legs.get(wish.leg)
                if leg is None:
                    return
                match wish:
                    case Progress():
                        leg.answer(wish.code)
                    case Answer():
                        leg.answer(200)
                    case Refuse():
                        leg.hang_up(wish.code)
                    case HangUpLeg():
                        leg.hang_up()
                    case SendDigits():
                        leg.digits.add(wish.digits, wish.method)
                    case ConnectVoice():
                        if wish.on:
                            self._voice.connect(leg, wish.muted)
                        else:
                            self._voice.disconnect(leg)
                    case RecordLeg():
                        self._recordings.record(leg, wish.path)
                    case _:
                        assert_never(wish)

    def _dial(self, dial: Dial, place: int) -> None:
        from engine.sip import reasons
        from engine.sip.callbacks import LegCall

        if not self._free_ports:
            verdict = reasons.error(reasons.PJ_ETOOMANY, "")
            self._refuse_dial(dial.leg, verdict.reason, verdict.text)
            return
        try:
            account, target = self._accounts.calling(dial.account, dial.uri)
        except KeyError:
            self._refuse_dial(
                dial.leg, EndReason.FAILED, f"There is no account “{dial.account}” on this line."
            )
            return
        except LineError as error:
            self._refuse_dial(dial.leg, error.reason, error.text)
            return
        port = self._free_ports.popleft()
        port.lend(self._block.ring(wire.tap_ring(place)), self._block.ring(wire.talk_ring(place)))
        call = LegCall(account, dial.leg, self._notes.append)
        leg = self._legs[dial.leg] = Leg(dial.leg, call, port, place, self._emit, incoming=False)
        try:
            call.makeCall(target, pj.CallOpParam(True))
        except pj.Error as error:
            # Some failures were told through onCallState already, and that note says more.
            self._take_notes()
            leg.end(reasons.error(int(error.status), str(error.reason)), 0)
            call.let_go()
            self._bury(leg)

    def _refuse_dial(self, leg: LegId, reason: EndReason, text: str) -> None:
        self._emit(LegEnded(time.time(), leg, reason, text, by_us=False))

    def _bury(self, leg: Leg) -> None:
        """The leg is over. Its port is free; its call object stays until nothing can mention it."""
        if self._legs.pop(leg.id, None) is None:
            return
        self._voice.disconnect(leg, tell=False)
        self._recordings.stop(leg, leg.tell_end)
        leg.free()
        self._free_ports.append(leg.port)
        self._graveyard.append((time.monotonic(), leg.call))

    # --- the end ----------------------------------------------------------------------------------------------

    def _shut_down(self) -> None:
        """Hang up, sign out, free in the order that does not crash, leave."""
        for leg in tuple(self._legs.values()):
            leg.hang_up()
        waiting = self._accounts.sign_out()
        give_up_at = time.monotonic() + STOP_PATIENCE_S
        while time.monotonic() < give_up_at and (
            self._legs or self._recordings.closing or (waiting and not self._accounts.signed_out())
        ):
            self._turn()
        self._turn()
        for leg in tuple(self._legs.values()):
            leg.end(reasons.Verdict(EndReason.CANCELLED, "The program was closed."), 0)
            leg.tell_end()
            leg.call.let_go()
        self._flush()
        self._endpoint.audDevManager().setNoDev()
        for leg in self._legs.values():
            leg.free()
            self._free_ports.append(leg.port)
        for port in (
            *self._free_ports,
            *self._recordings.ports,
            *((self._voice.port,) if self._voice.port else ()),
        ):
            pj.AudioMediaPort.__swig_destroy__(port)
        self._accounts.close()
        # Hung up and signed out above: nothing is left to be sent, and waiting for answers would take a second.
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
        with contextlib.suppress(OSError):
            self._pipe.close()
