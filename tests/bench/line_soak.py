"""Soak of the telephone line: many calls in a row, twelve at once, a killed process; prints what it cost.

    .venv/bin/python -m tests.bench.line_soak [--calls 200] [--seconds 20]

Real SIP and RTP between our own line processes on loopback. Ends with code 1 when a call went wrong, a process died,
or a thread, a process or shared memory was left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from engine.sip.line import (
    Answer,
    Dial,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LineDown,
    LineEvent,
    LineSettings,
    LineUp,
    SendDigits,
)
from engine.sip.process import LineProcess

TONE = (6000 * np.sin(2 * np.pi * 1000 * np.arange(16000 * 25) / 16000)).astype(np.int16)


class Soaked:
    """A line that answers every call by itself, and counts."""

    def __init__(self, name: str, answers: bool = False) -> None:
        self.line = LineProcess(LineSettings(name=name, bind="127.0.0.1", accept_incoming=answers))
        self.line.subscribe(self._hear)
        self.events: list[LineEvent] = []
        self.waiting: dict[tuple[type, str], asyncio.Future[LineEvent]] = {}
        self.up: LineUp | None = None
        self.deaths = 0

    def _hear(self, event: LineEvent) -> None:
        match event:
            case LineUp():
                self.up = event
            case LineDown():
                self.deaths += 1
            case LegIncoming():
                self.line.send(Answer(event.leg))
        future = self.waiting.pop((type(event), str(getattr(event, "leg", ""))), None)
        if future is not None and not future.done():
            future.set_result(event)

    def expect(self, kind: type, leg: str = "") -> asyncio.Future[LineEvent]:
        """A future of the next event of a kind (of a leg)."""
        return self.waiting.setdefault((kind, leg), asyncio.get_running_loop().create_future())

    @property
    def process(self) -> psutil.Process:
        assert self.up is not None
        return psutil.Process(self.up.pid)


def figures(lines: Sequence[Soaked]) -> str:
    """RSS, threads and open files of each line process."""
    parts = []
    for line in lines:
        process = line.process
        memory = process.memory_info()
        own = (memory.rss - memory.shared) / 2**20
        parts.append(
            f"{line.line.name} rss {memory.rss / 2**20:.1f} MB (own {own:.1f}), "
            f"{process.num_threads()} threads, {process.num_fds()} fds"
        )
    return "; ".join(parts)


async def cpu_percent(lines: Sequence[Soaked], seconds: float) -> list[float]:
    """CPU of each line process over some seconds, in percent of one core."""
    before = [sum(line.process.cpu_times()[:2]) for line in lines]
    await asyncio.sleep(seconds)
    after = [sum(line.process.cpu_times()[:2]) for line in lines]
    return [100 * (b - a) / seconds for a, b in zip(before, after, strict=True)]


async def started(names: Sequence[str], answers: bool = False) -> list[Soaked]:
    lines = [Soaked(name, answers) for name in names]
    await asyncio.gather(*(line.line.start() for line in lines))
    return lines


async def dial(here: Soaked, there: Soaked, leg: str, timeout_s: float = 10.0) -> float:
    """Call until media flows; returns the seconds from dialling to the answer."""
    assert there.up is not None
    answered, media = here.expect(LegAnswered, leg), here.expect(LegMedia, leg)
    began = time.perf_counter()
    here.line.send(Dial(LegId(leg), f"sip:company@127.0.0.1:{there.up.udp_port}"))
    await asyncio.wait_for(answered, timeout_s)
    took = time.perf_counter() - began
    await asyncio.wait_for(media, timeout_s)
    return took


async def hang_up(here: Soaked, leg: str) -> None:
    ended = here.expect(LegEnded, leg)
    here.line.send(HangUpLeg(LegId(leg)))
    await asyncio.wait_for(ended, 10.0)


async def in_a_row(calls: int) -> bool:
    """Calls one after the other between two lines."""
    here, there = (await started(["here"]))[0], (await started(["there"], answers=True))[0]
    print(f"start     {figures([here, there])}")
    took = []
    for number in range(calls):
        leg = f"row-{number}"
        took.append(await dial(here, there, leg))
        here.line.talk(LegId(leg)).write(TONE[:16000])
        if number % 10 == 0:
            here.line.send(SendDigits(LegId(leg), "1"))
        await asyncio.sleep(0.1)
        if here.line.tap(LegId(leg)).written == 0:
            raise RuntimeError(f"no sound in call {number}")
        await hang_up(here, leg)
        if number + 1 in (50, 100, calls):
            print(f"{number + 1:4} calls {figures([here, there])}")
    took.sort()
    print(
        f"dial to answer: median {statistics.median(took) * 1000:.1f} ms, "
        f"95 % {took[int(len(took) * 0.95)] * 1000:.1f} ms, most {took[-1] * 1000:.1f} ms"
    )
    await asyncio.gather(here.line.stop(), there.line.stop())
    return here.deaths + there.deaths == 0


async def at_once(seconds: float) -> bool:
    """Twelve calls over three and three lines, sound both ways."""
    ours = await started([f"here{n}" for n in range(3)])
    theirs = await started([f"there{n}" for n in range(3)], answers=True)
    print(f"idle CPU of a line: {', '.join(f'{p:.1f} %' for p in await cpu_percent(ours, seconds))}")
    await dial(ours[0], theirs[0], "single")
    ours[0].line.talk(LegId("single")).write(TONE)
    cpu = (await cpu_percent(ours[:1], seconds))[0]
    print(f"CPU with one call: {cpu:.1f} %")
    await hang_up(ours[0], "single")
    legs = [(ours[n // 4], theirs[n // 4], f"once-{n}") for n in range(12)]
    await asyncio.gather(*(dial(here, there, leg) for here, there, leg in legs))
    for here, _, leg in legs:
        here.line.talk(LegId(leg)).write(TONE)
    before = [here.line.tap(LegId(leg)).written for here, _, leg in legs]
    began = time.perf_counter()
    cpu_all = await cpu_percent(ours, seconds)
    elapsed = time.perf_counter() - began
    heard = [here.line.tap(LegId(leg)).written - b for (here, _, leg), b in zip(legs, before, strict=True)]
    print(f"CPU with four calls each: {', '.join(f'{p:.1f} %' for p in cpu_all)}")
    print(
        "sound clock against the wall: "
        f"{min(heard) / 16000 / elapsed * 100:.2f} % to {max(heard) / 16000 / elapsed * 100:.2f} %"
    )
    print(f"12 calls  {figures([*ours, *theirs])}")
    await asyncio.gather(*(hang_up(here, leg) for here, _, leg in legs))
    await asyncio.gather(*(line.line.stop() for line in (*ours, *theirs)))
    return sum(line.deaths for line in (*ours, *theirs)) == 0


async def killed(times: int) -> bool:
    """Kill a line process; how long until the line is up again."""
    took = []
    for _ in range(times):
        here = (await started(["victim"]))[0]
        assert here.up is not None
        down, up = here.expect(LineDown), here.expect(LineUp)
        began = time.perf_counter()
        os.kill(here.up.pid, signal.SIGKILL)
        await asyncio.wait_for(down, 10)
        noticed = time.perf_counter() - began
        await asyncio.wait_for(up, 10)
        took.append((noticed, time.perf_counter() - began))
        await here.line.stop()
    print(
        f"kill -9: noticed after {max(n for n, _ in took) * 1000:.0f} ms at most, "
        f"up again after {statistics.median(u for _, u in took) * 1000:.0f} ms "
        f"(most {max(u for _, u in took) * 1000:.0f} ms)"
    )
    return True


async def main() -> int:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200, help="calls in a row")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long CPU is measured")
    parser.add_argument("--kills", type=int, default=5, help="how often a process is killed")
    asked = parser.parse_args()
    shared = Path("/dev/shm")
    threads = threading.active_count()
    well = True
    parts: list[Callable[[], Awaitable[bool]]] = [
        lambda: in_a_row(asked.calls),
        lambda: at_once(asked.seconds),
        lambda: killed(asked.kills),
    ]
    for part in parts:
        well = await part() and well
    left = list(shared.glob(f"hs-{os.getpid()}-*"))
    more = threading.active_count() - threads
    children = [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
    print(f"left behind: {len(left)} shared memories, {more} threads, {len(children)} processes")
    return 0 if well and not left and not more and not children else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
