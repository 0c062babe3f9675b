"""Watches over one line process: spawns it, carries messages both ways, spawns it again when it dies.

One thread does all of it; what comes from the child is handed to the event loop with ``call_soon_threadsafe``.
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
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from engine.call import EndReason
from engine.sip import entry, wire
from engine.sip.line import Account, LineDown, LineSettings
from engine.sip.uris import masked
from engine.spawning import start_without_main

log = logging.getLogger(__name__)
library_log = logging.getLogger("engine.sip.library")

START_PATIENCE_S = 20.0
STOP_PATIENCE_S = 5.0
HUNG_AFTER_S = 30.0
"""A child that says nothing for so long hangs: it is killed. (A blocking host name look-up may take 20 s.)"""
GIVE_UP_AFTER_DEATHS = 5
DEATHS_WITHIN_S = 60.0
_PROCESS_PREFIX = "holdslayer-line-"


class Supervisor(threading.Thread):
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
        start_without_main(child)
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
            case wire.Fault():
                log.error("line %s: %s", self._settings.name, masked(message.text))
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
