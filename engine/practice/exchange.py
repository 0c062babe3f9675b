"""The practice companies on the telephone: a process of its own that answers SIP calls on loopback.

    caller's program                         practice process                          line processes
    Exchange.start() ---- pipe ---->         operator: one asyncio loop
                     <--- reports ----       leg arrives -> which company? ------>     LineProcess x lines
                                             one ``Performance`` a leg                 (four legs each)

A company is chosen by the user part of the URI dialled: ``sip:harbor-bank@127.0.0.1:PORT``. Anything after a plus
sign is the caller's own (``sip:harbor-bank+17@...``): it tells two calls apart, and comes back in the reports' ``uri``.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import multiprocessing
import re
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from engine.call import EndReason
from engine.practice import scenario as scenarios
from engine.practice.clips import ClipError
from engine.practice.performance import Performance
from engine.practice.report import Report
from engine.practice.studio import Studio
from engine.practice.turns import Caller
from engine.sip.line import (
    DigitReceived,
    LegEnded,
    LegId,
    LegIncoming,
    Line,
    LineError,
    LineEvent,
    LineSettings,
    LineUp,
    Refuse,
)
from engine.sip.process import LineProcess
from engine.spawning import start_without_main
from engine.speaking.voice import VoiceError

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
START_PATIENCE_S = 40.0
STOP_PATIENCE_S = 10.0

_USER = re.compile(r"sips?:([^@;>\s]+)@")
_HOST = re.compile(r"@([^:;>\s]+)")


@dataclass(frozen=True, slots=True)
class _SetUp:
    companies: tuple[str, ...]
    lines: int
    port: int
    long: bool


@dataclass(frozen=True, slots=True)
class _Up:
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: EndReason
    text: str


class Exchange:
    """The practice companies, as seen by the program that calls them.

    ``companies``: ids or scenario files; None: all that are shipped. ``lines``: line processes, each good for four
    calls at once. ``port``: UDP port of the first line (0: any). ``long``: holds of many minutes.
    """

    def __init__(
        self,
        companies: Sequence[str] | None = None,
        lines: int = 1,
        *,
        port: int = 0,
        long: bool = False,
    ) -> None:
        chosen = tuple(companies) if companies is not None else scenarios.names()
        self._set_up = _SetUp(chosen, lines, port, long)
        self._reports: list[Report] = []
        self._handlers: list[Callable[[Report], None]] = []
        self._ids: tuple[str, ...] = ()
        self._ports: tuple[int, ...] = ()
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._reader: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: asyncio.Future[_Up] | None = None
        self._stopping = False

    async def start(self) -> dict[str, str]:
        """Open for business. Returns the SIP URI to dial for each company (on the first line).

        Raises ``ScenarioError`` for a scenario that cannot be used, ``LineError`` when the line cannot be opened.
        """
        if self._child is not None:
            return self.uris()
        self._ids = tuple(scenarios.load(name).id for name in self._set_up.companies)
        double = next((i for i in self._ids if self._ids.count(i) > 1), None)
        if double is not None:
            raise scenarios.ScenarioError(f"Two of the practice companies are called '{double}'.")
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.create_future()
        self._stopping = False
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        # Not a daemon: it has children of its own. It ends when the pipe does.
        child = context.Process(
            target=_main, args=(theirs, self._set_up), name="holdslayer-practice", daemon=False
        )
        start_without_main(child)
        theirs.close()
        self._child, self._pipe = child, ours
        atexit.register(ours.close)
        self._reader = threading.Thread(target=self._read, args=(ours,), name="practice-reports", daemon=True)
        self._reader.start()
        try:
            async with asyncio.timeout(START_PATIENCE_S):
                self._ports = (await asyncio.shield(self._started)).ports
        except TimeoutError:
            await self.stop()
            raise LineError(
                EndReason.FAILED,
                f"The practice company did not open its telephone within {START_PATIENCE_S:.0f} s. Try again.",
            ) from None
        except BaseException:
            await self.stop()
            raise
        return self.uris()

    def uris(self, line: int = 0) -> dict[str, str]:
        """What to dial for each company on one of the lines."""
        return {id: f"sip:{id}@{ADDRESS}:{self._ports[line]}" for id in self._ids}

    async def stop(self) -> None:
        """Hang up all calls and end the process. In any state, any number of times."""
        child, self._child = self._child, None
        pipe, self._pipe = self._pipe, None
        reader, self._reader = self._reader, None
        self._stopping = True
        if child is None or pipe is None or reader is None:
            return
        with contextlib.suppress(OSError):
            pipe.send("stop")
        await _wait_until(lambda: not reader.is_alive() and not child.is_alive(), STOP_PATIENCE_S)
        if child.is_alive():
            child.kill()
        await _wait_until(lambda: not reader.is_alive() and not child.is_alive(), STOP_PATIENCE_S)
        child.join(0)
        child.close()
        atexit.unregister(pipe.close)
        pipe.close()
        await asyncio.sleep(0)  # what the reader posted last is delivered first

    def reports(self) -> tuple[Report, ...]:
        """All that happened so far, in the order it was told."""
        return tuple(self._reports)

    def subscribe(self, handler: Callable[[Report], None]) -> None:
        """Have ``handler`` called on the loop's thread with every report, in order."""
        self._handlers.append(handler)

    def _read(self, pipe: Connection) -> None:
        while True:
            try:
                message = pipe.recv()
            except (EOFError, OSError):
                message = None
            loop = self._loop
            if loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._take, message)
            if message is None:
                return

    def _take(self, message: Report | _Up | _Failed | None) -> None:
        starting = self._started if self._started is not None and not self._started.done() else None
        match message:
            case _Up():
                if starting:
                    starting.set_result(message)
            case _Failed():
                if starting:
                    starting.set_exception(LineError(message.reason, message.text))
            case None:
                if starting:
                    text = "The practice company's process ended while it was starting. Try again."
                    starting.set_exception(LineError(EndReason.FAILED, text))
                elif not self._stopping:
                    log.error("The practice company's process ended unexpectedly; its calls are over.")
            case Report():
                self._reports.append(message)
                for handler in tuple(self._handlers):
                    handler(message)


async def _wait_until(done: Callable[[], bool], patience_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while not done():
                await asyncio.sleep(0.01)


def company_of(uri: str) -> str:
    """The company that a dialled URI means: its user part up to a plus sign; "" when there is none."""
    found = _USER.search(uri)
    return found.group(1).partition("+")[0] if found else ""


def dialled_uri(to_uri: str, port: int) -> str:
    """What the caller dialled: the plain URI of a To header, which has lost the port, with the port called."""
    user, host = _USER.search(to_uri), _HOST.search(to_uri)
    if user is None or host is None:
        return to_uri
    return f"sip:{user.group(1)}@{host.group(1)}" + (f":{port}" if port else "")


class Operator:
    """Takes the calls of some lines and has a company play each. Lines must be served before they are started."""

    def __init__(
        self,
        companies: Sequence[tuple[scenarios.Scenario, Studio]],
        tell: Callable[[Report], None],
        *,
        long: bool = False,
    ) -> None:
        self._companies = {scenario.id: (scenario, studio) for scenario, studio in companies}
        self._tell, self._long = tell, long
        self._legs: dict[tuple[str, LegId], Performance] = {}
        self._ports: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, line: Line) -> None:
        """Take the calls of ``line`` from now on."""
        line.subscribe(lambda event: self._take(line, event))

    async def close(self) -> None:
        """End all calls."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, line: Line, event: LineEvent) -> None:
        match event:
            case LineUp():
                self._ports[line.name] = event.udp_port
            case LegIncoming():
                self._arrive(line, event)
            case DigitReceived() | LegEnded():
                key = (line.name, event.leg)
                performance = self._legs.get(key)
                if performance is not None:
                    performance.take(event)
                if isinstance(event, LegEnded):
                    self._legs.pop(key, None)
            case _:
                pass

    def _arrive(self, line: Line, event: LegIncoming) -> None:
        found = self._companies.get(company_of(event.to_uri))
        if found is None:
            line.send(Refuse(event.leg, 404))
            return
        scenario, studio = found
        uri = dialled_uri(event.to_uri, self._ports.get(line.name, 0))
        caller = Caller(event.leg, uri, event.from_uri)
        performance = Performance(line, event.leg, caller, scenario, studio, self._tell, long=self._long)
        self._legs[(line.name, event.leg)] = performance
        task = asyncio.create_task(performance.run(event.at), name=f"practice call {event.leg}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


# --- the practice process -----------------------------------------------------------------------------------------


def _main(pipe: Connection, set_up: _SetUp) -> None:
    """Main function of the practice process: until told to stop, or until the pipe's other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's business; it tells us
    with contextlib.suppress(OSError):
        asyncio.run(_run(pipe, set_up))


async def _run(pipe: Connection, set_up: _SetUp) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def wait_for_stop() -> None:
        with contextlib.suppress(EOFError, OSError):
            pipe.recv()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_stop, name="practice-stop", daemon=True).start()

    def say(message: Any) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more; the pipe's end stops us
            pipe.send(message)

    lines = [
        LineProcess(
            LineSettings(
                name=f"practice-{number}",
                bind=ADDRESS,
                udp_port=set_up.port if number == 0 else 0,
                accept_incoming=True,
            )
        )
        for number in range(set_up.lines)
    ]
    try:
        companies = [(each, Studio(each)) for each in map(scenarios.load, set_up.companies)]
        for _, studio in companies:
            await asyncio.to_thread(studio.warm)
        operator = Operator(companies, say, long=set_up.long)
        for line in lines:
            operator.serve(line)
        ups = [await line.start() for line in lines]
    except LineError as error:
        say(_Failed(error.reason, error.text))
    except (ClipError, VoiceError, scenarios.ScenarioError) as error:
        say(_Failed(EndReason.FAILED, str(error)))
    else:
        say(_Up(tuple(up.udp_port for up in ups)))
        await stop.wait()
        await operator.close()
    finally:
        for line in lines:
            await line.stop()
        pipe.close()
