"""Real lines on loopback, one or more per test, always stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import numpy as np
import pytest

from engine.audio.ring import Samples
from engine.sip.line import Dial, LegId, LegIncoming, LineEvent, LineSettings, LineUp
from engine.sip.process import LineProcess

E = TypeVar("E")
PATIENCE_S = 20.0


class WatchedLine:
    """A line with everything it said, and a way to wait for what it will say."""

    def __init__(self, settings: LineSettings) -> None:
        self.line = LineProcess(settings)
        self.events: list[LineEvent] = []
        self.line.subscribe(self._hear)
        self._waiters: list[asyncio.Future[None]] = []
        self.up: LineUp | None = None

    def _hear(self, event: LineEvent) -> None:
        self.events.append(event)
        if isinstance(event, LineUp):
            self.up = event
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def said(self, kind: type[E], leg: str = "") -> list[E]:
        """What was said of one kind (of one leg)."""
        return [e for e in self.events if isinstance(e, kind) and (not leg or getattr(e, "leg", "") == leg)]

    async def hears(self, kind: type[E], leg: str = "", count: int = 1, **expected: object) -> E:
        """The ``count``-th event of a kind (of a leg, with these attributes); waits for it."""
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            found = [e for e in self.said(kind, leg) if all(getattr(e, k) == v for k, v in expected.items())]
            if len(found) >= count:
                return found[count - 1]
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await asyncio.wait_for(waiter, give_up_at - time.monotonic())
            except TimeoutError:
                said = "\n".join(map(str, self.events))
                pytest.fail(
                    f"no {kind.__name__} {leg} {expected} in {PATIENCE_S:.0f} s:\n{said}", pytrace=False
                )

    @property
    def uri(self) -> str:
        """Where it can be called."""
        assert self.up is not None
        return f"sip:company@127.0.0.1:{self.up.udp_port}"


MakeLine = Callable[..., Awaitable[WatchedLine]]


@pytest.fixture
async def make_line() -> AsyncIterator[MakeLine]:
    """Makes and starts lines on loopback; they are stopped after the test."""
    made: list[WatchedLine] = []

    async def make(name: str, *, start: bool = True, **settings: object) -> WatchedLine:
        watched = WatchedLine(LineSettings(name=name, bind="127.0.0.1", **settings))
        made.append(watched)
        if start:
            await watched.line.start()
        return watched

    yield make
    await asyncio.gather(*(watched.line.stop() for watched in made))


@pytest.fixture
async def pair(make_line: MakeLine) -> tuple[WatchedLine, WatchedLine]:
    """One line that calls, and one that takes calls."""
    here, there = await asyncio.gather(make_line("here"), make_line("there", accept_incoming=True))
    return here, there


async def dial(here: WatchedLine, there: WatchedLine, leg: str = "call-1") -> LegId:
    """Call; returns the leg at the other side, which has not answered yet."""
    before = len(there.said(LegIncoming))
    here.line.send(Dial(LegId(leg), there.uri))
    return (await there.hears(LegIncoming, count=before + 1)).leg


def tone(hertz: float, seconds: float, level: float = 8000.0) -> Samples:
    """A sine at 16 kHz."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16000)) / 16000)).astype(np.int16)


def loudest_hertz(samples: Samples, rate: int = 16000) -> float:
    """The frequency with most power; 0.0 for silence."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples)) if np.abs(samples).max(initial=0) > 50 else 0.0


def dtmf_pair(samples: Samples) -> tuple[float, float]:
    """The stronger frequency below and above 1 kHz in the first 100 ms that are loud."""
    loud = np.flatnonzero(np.abs(samples.astype(np.float64)) > 2000)
    piece = samples[loud[0] : loud[0] + 1600].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 16000))
    return float(spectrum[600:1000].argmax() + 600), float(spectrum[1000:1700].argmax() + 1000)


async def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something outside the event stream is so."""
    give_up_at = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > give_up_at:
            pytest.fail(f"not in {patience_s:.0f} s: {what}")
        await asyncio.sleep(0.01)
