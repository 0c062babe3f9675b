"""A telephone line whose SIP library runs in a process of its own.

    window process                                             line process (``entry``, ``pjsua``)
    loop: send()  -> queue -> supervisor thread -> pipe ->     SIP thread
    loop: handlers <- call_soon_threadsafe <- supervisor <- pipe <-
    tap().read, talk().write  <-------- shared memory -------->   clock thread

One supervisor thread per line spawns the child, carries messages both ways, and watches the child. When the child dies
every leg ends with ``LINE_LOST`` and a new child takes its place on the same ports with the same accounts; after too
many deaths in a short time it is given up. The rings are made here and outlive the child.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection, spawn
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from engine.audio.memory_ring import TALK_SECONDS, TAP_SECONDS, MemoryRing
from engine.audio.ring import RingReader, RingWriter
from engine.audio.shared_ring import SharedRing, SoundBlock
from engine.call import EndReason
from engine.sip import entry, wire
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
from engine.sip.uris import masked

log = logging.getLogger(__name__)
library_log = logging.getLogger("engine.sip.library")

START_PATIENCE_S = 20.0
STOP_PATIENCE_S = 5.0
HUNG_AFTER_S = 30.0
"""A child that says nothing for so long hangs: it is killed. (A blocking host name look-up may take 20 s.)"""
GIVE_UP_AFTER_DEATHS = 5
DEATHS_WITHIN_S = 60.0
_PROCESS_PREFIX = "holdslayer-line-"

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
        self._supervisor: _Supervisor | None = None
        self._block: SoundBlock | None = None
        self._legs: dict[LegId, _LegRings] = {}
        self._free_places: deque[int] = deque()
        self._accounts: dict[str, Account] = {}
        self._line_up: LineUp | None = None
        self._starting: asyncio.Future[LineUp] | None = None

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
        self._supervisor = _Supervisor(
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


class _Supervisor(threading.Thread):
    """Spawns the child, carries messages, watches it, spawns it again."""

    def __init__(
        self,
        settings: LineSettings,
        sound_block: str,
        accounts: tuple[Account, ...],
        loop: asyncio.AbstractEventLoop,
        take: Callable[[Any], None],
    ) -> None:
        super().__init__(name=f"line {settings.name}", daemon=True)
        self._settings = settings
        self._sound_block = sound_block
        self._accounts = accounts
        self._loop = loop
        self._take = take
        self._to_child: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._context = multiprocessing.get_context("spawn")
        self._woken, self._waker = self._context.Pipe(duplex=False)
        self._wake_lock = threading.Lock()
        self._awake = False
        self._stopping = False
        self._ports = (0, 0, 0)
        self._deaths: deque[float] = deque()

    # --- from the loop's thread -------------------------------------------------------------------------------

    def send(self, message: Any) -> None:
        """Hand a message to the child. Never blocks."""
        self._to_child.put(message)
        self._wake()

    def stop(self) -> None:
        """End the child, then this thread. Returns at once."""
        self._stopping = True
        self._wake()

    def missing(self, accounts: tuple[Account, ...]) -> tuple[Account, ...]:
        """Those of ``accounts`` that the child was not started with; it is started with all of them next time."""
        known, self._accounts = self._accounts, accounts
        return tuple(account for account in accounts if account not in known)

    def _wake(self) -> None:
        with self._wake_lock:
            if not self._awake:
                self._awake = True
                self._waker.send_bytes(b"!")

    # --- this thread ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until stopped or given up."""
        try:
            while not self._stopping and self._one_life():
                pass
        except Exception as error:
            log.exception("the supervisor of line %s failed", self._settings.name)
            self._post(LineDown(time.time(), self._settings.name, f"{error!r}", restarting=False))
        finally:
            self._woken.close()
            with self._wake_lock:
                self._awake = True  # nobody writes any more
                self._waker.close()

    def _one_life(self) -> bool:
        """Run one child from spawn to end; whether another one is to follow."""
        while not self._to_child.empty():
            self._to_child.get_nowait()  # meant for the child before
        ours, theirs = self._context.Pipe(duplex=True)
        set_up = wire.SetUp(self._settings, self._sound_block, self._accounts, self._ports)
        child = self._context.Process(
            target=entry.run, args=(theirs, set_up), name=_PROCESS_PREFIX + self._settings.name, daemon=True
        )
        began_at = time.monotonic()
        _start_without_main(child)
        theirs.close()
        try:
            ready, because = self._serve(child, ours, began_at)
        finally:
            _finish(child)
            ours.close()
            child.close()
        if self._stopping:
            return False
        if not ready and not self._deaths:
            self._post(wire.Failed(EndReason.FAILED, because))
            return False
        now = time.monotonic()
        self._deaths.append(now)
        while now - self._deaths[0] > DEATHS_WITHIN_S:
            self._deaths.popleft()
        again = len(self._deaths) < GIVE_UP_AFTER_DEATHS
        if not again:
            because += f" It did so {len(self._deaths)} times in a short time; restart the program."
        self._post(LineDown(time.time(), self._settings.name, because, restarting=again))
        return again

    def _serve(self, child: SpawnProcess, pipe: Connection, began_at: float) -> tuple[bool, str]:
        """Carry messages until the child is gone. Returns whether it was ever ready, and why it went."""
        ready = False
        failed = ""
        told_to_stop = False
        heard_at = began_at
        while True:
            patience = STOP_PATIENCE_S if told_to_stop else HUNG_AFTER_S if ready else START_PATIENCE_S
            happened = connection.wait([pipe, child.sentinel, self._woken], timeout=patience)
            now = time.monotonic()
            if self._woken in happened:
                with self._wake_lock:
                    self._woken.recv_bytes()
                    self._awake = False
            if pipe in happened:
                try:
                    while pipe.poll():
                        message = pipe.recv()
                        heard_at = now
                        if isinstance(message, wire.Ready):
                            ready = True
                            event = message.event
                            self._ports = (event.udp_port, event.tcp_port, event.tls_port)
                        elif isinstance(message, wire.Failed):
                            failed = message.text
                        self._pass_on(message)
                except (EOFError, OSError):
                    child.join(STOP_PATIENCE_S)
                    return ready, failed or _how_it_ended(child)
            elif child.sentinel in happened:
                return ready, failed or _how_it_ended(child)
            try:
                if self._stopping and not told_to_stop:
                    pipe.send(wire.Stop())
                    told_to_stop = True
                    heard_at = now
                while ready and not told_to_stop and not self._to_child.empty():
                    pipe.send(self._to_child.get_nowait())
            except OSError:
                continue  # the next round hears of its end
            if now - heard_at >= patience:
                return ready, f"The line's process did not answer for {patience:.0f} s and was ended."

    def _pass_on(self, message: Any) -> None:
        match message:
            case wire.Alive():
                return
            case wire.LogLine():
                level = logging.INFO if message.level <= 1 else logging.DEBUG
                library_log.log(level, "%s: %s", self._settings.name, masked(message.text))
            case _:
                self._post(message)

    def _post(self, message: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, message)
        except RuntimeError:
            self._stopping = True  # the loop is closed: nobody listens any more


def _how_it_ended(child: SpawnProcess) -> str:
    child.join(0.5)
    code = child.exitcode
    if code is not None and code < 0:
        return f"The line's process was ended by signal {-code}."
    return f"The line's process ended with code {code}."


def _finish(child: SpawnProcess) -> None:
    """Make sure that the child is gone, and reap it."""
    child.join(0.2)
    if child.is_alive():
        child.kill()
    child.join()


_spawn_lock = threading.Lock()


def _start_without_main(child: SpawnProcess) -> None:
    """Spawn without having the child import the program's main module, which it does not need.

    A child of a test run or of the window would otherwise import half the world before it begins, and a restart
    would take longer than the second it may take.
    """
    with _spawn_lock:
        whole = spawn.get_preparation_data

        def lean(name: str) -> dict[str, Any]:
            data = whole(name)
            if name == child.name:
                data.pop("init_main_from_name", None)
                data.pop("init_main_from_path", None)
            return data

        spawn.get_preparation_data = lean
        try:
            child.start()
        finally:
            spawn.get_preparation_data = whole
