"""What a waiting call costs: CPU and memory of the whole program while it sits on hold, and what comes late.

    python -m tests.bench.waiting_calls [--calls 1 4 8 16 32] [--seconds 20]             a company with announcements
    python -m tests.bench.waiting_calls --music [--calls 32]                             nothing but music

Real calls on loopback; the recogniser is loaded, and sleeps while there is music. Only our side is counted: the
process with the ears and its line processes; the far side's processes are told beside it. The calls are placed once,
and each row adds some more to those already waiting.

CPU a call: the line processes whole, and what the window process takes more than without a call. Memory a call: growth
of all our processes (PSS: shared sound memory counts once). Late frames, with ``--music``: packets of ours that left
30 ms or more after they were due (a line's clock writes the ring in the tick that sends them). Heard after: how old the
oldest sound was when an ear got it, at most; the ears wake ten times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from app.compose import Core
from app.paths import Paths
from engine.audio.format import RATE_HZ
from engine.call import Phase
from engine.commands import SlayHold
from engine.hearing.listener import Listener
from engine.practice.exchange import Exchange
from engine.settings import Settings
from engine.sip.line import LineSettings
from tests.bench.music_on_hold import FarSide

COMPANY, INTENT = "super-awesome", "talk to a customer advocate about my order"
"""A hold with an announcement of eight seconds every half minute."""
PLACE_EVERY_S = 0.5
PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds so far and memory now of our side, and the far side's processor seconds."""

    listener_s: float
    words_s: float
    rest_s: float
    lines_s: float
    far_s: float
    megabytes: float


class Meter:
    """Looks at our processes, and at how late the ears are."""

    def __init__(self, far_pid: int) -> None:
        self._far = psutil.Process(far_pid)
        self._us = psutil.Process(os.getpid())
        self.heard_after_s = 0.0
        self.lost_samples = 0
        self._watch(Listener)

    def _watch(self, listener: Any) -> None:
        """Have the listener tell how much sound was waiting each time that it read some."""
        hear: Callable[..., Any] = listener._hear

        def watched(itself: Any, attached: Any) -> Any:
            waiting = attached.reader.written - attached.position
            lost = attached.lost_samples
            told = hear(itself, attached)
            if attached.position > RATE_HZ:  # what waited while its ear was made is the beginning of a call
                self.heard_after_s = max(self.heard_after_s, waiting / RATE_HZ)
            self.lost_samples += attached.lost_samples - lost
            return told

        listener._hear = watched

    def used(self) -> Used:
        """See ``Used``."""
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        threads = {"listener": 0.0, "hear": 0.0}
        for thread in self._us.threads():
            name = names.get(thread.id, "")
            if name in threads:
                threads[name] += thread.user_time + thread.system_time
        ours = [child for child in self._us.children() if child.pid != self._far.pid]
        window_s = _seconds(self._us)
        return Used(
            threads["listener"],
            threads["hear"],
            window_s - sum(threads.values()),
            sum(map(_seconds, ours)),
            sum(map(_seconds, [self._far, *self._far.children(recursive=True)])),
            sum(p.memory_full_info().pss for p in [self._us, *ours]) / 1e6,
        )


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


HEADER = (
    "| calls | on hold | lines | ears | words | rest | CPU a call | memory a call | late frames | worst | lost | "
    "heard after | overrun | far side | load |"
)


async def main() -> None:
    """Place the calls and print a row for each number of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4, 8, 16, 32])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--music", action="store_true", help="a hold without announcements")
    arguments = parser.parse_args()
    far_side = exchange = None
    if arguments.music:
        far_side = FarSide()
        far_pid = far_side.pid
    else:
        exchange = Exchange([COMPANY], lines=(max(arguments.calls) + 3) // 4, long=True)
        await exchange.start()
        far_pid = next(p.pid for p in psutil.Process().children() if p.children())  # it has lines of its own
    meter = Meter(far_pid)
    with tempfile.TemporaryDirectory() as folder:
        core = Core(
            folders=Paths(*[Path(folder)] * 4),
            settings=Settings(region="US"),
            line=LineSettings(bind="127.0.0.1"),
        )
        began = time.monotonic()
        await core.start()
        print(f"engine up after {time.monotonic() - began:.2f} s\n\n{HEADER}")
        print("|" + " --- |" * (HEADER.count("|") - 1))
        await asyncio.sleep(2.0)
        idle, before, took = await measure(meter, arguments.seconds / 2)
        idle_share = (idle.listener_s + idle.words_s + idle.rest_s - window_s(before)) / took
        print(f"| 0 | 0 | {(idle.lines_s - before.lines_s) / took:.1%} | | | {idle_share:.1%} |" + " |" * 9)
        for wanted in sorted(arguments.calls):
            while len(core.gateway.calls) < wanted:
                index = len(core.gateway.calls) // 4
                uri = far_side.uri if far_side else next(iter(exchange.uris(index).values()))  # type: ignore[union-attr]
                core.do(SlayHold(uri, INTENT))
                await asyncio.sleep(PLACE_EVERY_S)
            await until_holding(core)
            await asyncio.sleep(3.0)
            if far_side:
                far_side.reset()
            meter.heard_after_s, meter.lost_samples = 0.0, 0
            now, before, took = await measure(meter, arguments.seconds)
            held = sum(core.gateway.phase(call) is Phase.HOLDING for call in core.gateway.calls)
            lines = (now.lines_s - before.lines_s) / took
            window = (window_s(now) - window_s(before)) / took
            came = far_side.told() if far_side else {}
            cells = [
                f"{wanted} | {held} | {lines:.1%}",
                f"{(now.listener_s - before.listener_s) / took:.1%}",
                f"{(now.words_s - before.words_s) / took:.1%}",
                f"{(now.rest_s - before.rest_s) / took:.1%}",
                f"{(lines + window - idle_share) / wanted:.2%}",
                f"{(now.megabytes - idle.megabytes) / wanted:.1f} MB",
                f"{came['late']:.0f} of {came['packets']:.0f} | {came['worst_ms']:.0f} ms | {came['lost']:.0f}"
                if came
                else " | | ",
                f"{meter.heard_after_s:.2f} s | {meter.lost_samples / RATE_HZ:.1f} s",
                f"{(now.far_s - before.far_s) / took:.1%} | {os.getloadavg()[0]:.1f}",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
        await core.stop()
    if far_side:
        far_side.close()
    if exchange:
        await exchange.stop()


def window_s(used: Used) -> float:
    """Processor seconds of the window process."""
    return used.listener_s + used.words_s + used.rest_s


async def until_holding(core: Core) -> None:
    """Wait until every call is on hold."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if all(core.gateway.phase(call) is Phase.HOLDING for call in core.gateway.calls):
            return
        await asyncio.sleep(0.5)


async def measure(meter: Meter, seconds: float) -> tuple[Used, Used, float]:
    """What had been used after and before ``seconds``, and how long that really was."""
    began, before = time.monotonic(), meter.used()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return meter.used(), before, took


if __name__ == "__main__":
    asyncio.run(main())
