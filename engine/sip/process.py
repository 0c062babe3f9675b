"""A telephone line whose SIP library runs in a process of its own.

    window process                                                    line process (``entry``, ``pjsua``)
    loop: send()                  ->  supervisor thread  ->  pipe  ->  SIP thread
    loop: handlers  <-  call_soon_threadsafe  <-  supervisor  <-  pipe  <-
    tap().read, talk().write  <------------- shared memory ------------->  clock thread

When the line process dies, every leg ends with ``LINE_LOST`` and a new one takes its place on the same ports with the
same accounts (``supervisor``). The rings are made here and outlive it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.audio.memory_ring import TALK_SECONDS, TAP_SECONDS, MemoryRing
from engine.audio.ring import RingReader, RingWriter
from engine.audio.shared_ring import SharedRing, SoundBlock
from engine.call import EndReason
from engine.sip import wire
from engine.sip.line import (
    Account,
    Dial,
    LegEnded,
    LegId,
    LineCommand,
    LineDown,
    LineError,
    LineEvent,
    LineSettings,
    LineUp,
    RemoveAccount,
    SetAccount,
)
from engine.sip.supervisor import Supervisor

log = logging.getLogger(__name__)


LOST_TEXT = (
    "The telephone line's process ended unexpectedly, and the call with it. The line restarts; redial."
)
DOWN_TEXT = "The telephone line is not up. Wait a moment and dial again."


@dataclass(slots=True)
class _LegRings:
    tap: MemoryRing
    talk: MemoryRing
    place: int  # -1: rings of a leg that never reached the line process
    live: bool = True


class LineProcess:
    """The real ``Line``."""

    def __init__(self, settings: LineSettings) -> None:
        self._settings = settings
        self._handlers: list[Callable[[LineEvent], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._supervisor: Supervisor | None = None
        self._block: SoundBlock | None = None
        self._legs: dict[LegId, _LegRings] = {}
        self._free_places: deque[int] = deque()
        self._accounts: dict[str, Account] = {}
        self._line_up: LineUp | None = None
        self._starting: asyncio.Future[LineUp] | None = None
        self._stopping = False

    @property
    def name(self) -> str:
        """The line's name, for events and messages."""
        return self._settings.name

    @property
    def up(self) -> bool:
        """Whether it can take commands now."""
        return self._line_up is not None

    def subscribe(self, handler: Callable[[LineEvent], None]) -> None:
        """Have ``handler`` called on the loop's thread with every event, in order."""
        self._handlers.append(handler)

    async def start(self) -> LineUp:
        """Spawn the line process. Raises ``LineError`` with a sentence. Already up: says so again."""
        if self._line_up is not None:
            return self._line_up
        if self._starting is not None:
            return await asyncio.shield(self._starting)
        await self.stop()  # what is left of a line that was given up
        self._loop = asyncio.get_running_loop()
        self._starting = self._loop.create_future()
        starting = self._starting
        try:
            places = wire.OUTGOING_PLACES + wire.INCOMING_PLACES
            self._block = SoundBlock.create((TAP_SECONDS, TALK_SECONDS) * places)
        except OSError as error:
            self._starting = None
            raise LineError(
                EndReason.FAILED, f"There is no shared memory for the line's sound: {error.strerror}."
            ) from None
        self._free_places = deque(range(wire.OUTGOING_PLACES))
        self._supervisor = Supervisor(
            self._settings, self._block.name, tuple(self._accounts.values()), self._loop, self._take
        )
        self._supervisor.start()
        try:
            return await asyncio.shield(starting)
        except BaseException:
            self._starting = None
            await self.stop()
            raise
        finally:
            self._starting = None

    async def stop(self) -> None:
        """Hang up, unregister, end the process. In any state, any number of times."""
        while self._stopping:
            await asyncio.sleep(0.005)
        self._stopping = True
        try:
            await self._stop()
        finally:
            self._stopping = False

    async def _stop(self) -> None:
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()
            while supervisor.is_alive():
                await asyncio.sleep(0.005)
            await asyncio.sleep(0)  # what it posted last is delivered first
        self._line_up = None
        self._end_all_legs(EndReason.CANCELLED, "The program was closed.")
        block, self._block = self._block, None
        if block is not None:
            block.close()
        if self._starting is not None and not self._starting.done():
            self._starting.set_exception(
                LineError(EndReason.CANCELLED, "The line was stopped while starting.")
            )
            self._starting.exception()

    def send(self, command: LineCommand) -> None:
        """Ask for something; see ``Line.send``. Only from the loop's thread."""
        match command:
            case SetAccount():
                self._accounts[command.account.id] = command.account
            case RemoveAccount():
                self._accounts.pop(command.account, None)
            case Dial():
                self._dial(command)
                return
            case _:
                pass
        if self._line_up is not None and self._supervisor is not None:
            self._supervisor.send(command)

    def tap(self, leg: LegId) -> RingReader:
        """What the far side says. ``KeyError`` when the leg is unknown."""
        return self._legs[leg].tap

    def talk(self, leg: LegId) -> RingWriter:
        """What we say into the leg. ``KeyError`` when the leg is unknown."""
        return self._legs[leg].talk

    # --- legs and their rings ---------------------------------------------------------------------------------

    def _dial(self, dial: Dial) -> None:
        place = self._place_for(dial.leg) if self._line_up is not None else -1
        if place < 0 or self._supervisor is None:
            self._legs[dial.leg] = _LegRings(MemoryRing(1.0), MemoryRing(1.0), -1)
            text = DOWN_TEXT if self._line_up is None else "This line carries no more calls at once. End one."
            reason = EndReason.LINE_LOST if self._line_up is None else EndReason.FAILED
            ended = LegEnded(time.time(), dial.leg, reason, text, by_us=False)
            loop = self._loop or asyncio.get_running_loop()
            loop.call_soon(self._deliver, ended)
            return
        self._supervisor.send(wire.OpenLeg(dial, place))

    def _place_for(self, leg: LegId) -> int:
        """Give ``leg`` the place that has been idle longest; -1 when all are in use."""
        if self._block is None or not self._free_places:
            return -1
        place = self._free_places.popleft()
        self._retire(place)
        tap, talk = self._rings(place)
        tap.reset()
        talk.reset()
        self._legs[leg] = _LegRings(tap, talk, place)
        return place

    def _rings(self, place: int) -> tuple[SharedRing, SharedRing]:
        assert self._block is not None
        return self._block.ring(wire.tap_ring(place)), self._block.ring(wire.talk_ring(place))

    def _retire(self, place: int) -> None:
        """Forget the ended leg that had ``place`` before; whoever still reads its rings finds them empty."""
        for leg, rings in tuple(self._legs.items()):
            if rings.place == place or (rings.place < 0 and not rings.live):
                for ring in (rings.tap, rings.talk):
                    if isinstance(ring, SharedRing):
                        ring.retire()
                del self._legs[leg]

    def _end_all_legs(self, reason: EndReason, text: str) -> None:
        for leg, rings in tuple(self._legs.items()):
            if rings.live:
                self._deliver(LegEnded(time.time(), leg, reason, text, by_us=reason is EndReason.CANCELLED))

    # --- what the supervisor posts, on the loop's thread --------------------------------------------------------

    def _take(self, message: Any) -> None:
        match message:
            case wire.Ready() if self._supervisor is None:
                pass  # stopped meanwhile
            case wire.Ready():
                self._line_up = message.event
                self._resend_accounts()
                if self._starting is not None and not self._starting.done():
                    self._starting.set_result(message.event)
                self._deliver(message.event)
            case wire.Failed():
                if self._starting is not None and not self._starting.done():
                    self._starting.set_exception(LineError(message.reason, message.text))
            case wire.IncomingLeg():
                if self._block is not None:
                    self._retire(message.place)
                    self._legs[message.event.leg] = _LegRings(*self._rings(message.place), message.place)
                    self._deliver(message.event)
            case LineDown():
                self._line_up = None
                self._end_all_legs(EndReason.LINE_LOST, LOST_TEXT)
                self._deliver(message)
            case _:
                self._deliver(message)

    def _resend_accounts(self) -> None:
        if self._supervisor is not None:
            for account in self._supervisor.missing(tuple(self._accounts.values())):
                self._supervisor.send(SetAccount(account))

    def _deliver(self, event: LineEvent) -> None:
        if isinstance(event, LegEnded):
            rings = self._legs.get(event.leg)
            if rings is None or not rings.live:
                return
            rings.live = False
            if 0 <= rings.place < wire.OUTGOING_PLACES:
                self._free_places.append(rings.place)
        for handler in tuple(self._handlers):
            try:
                handler(event)
            except Exception:
                log.exception("a handler of %s failed", type(event).__name__)
