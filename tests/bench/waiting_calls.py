"""What a waiting call costs: CPU and memory of the whole program while it sits in hold music.

    python -m tests.bench.waiting_calls [--calls 1 4 8 12] [--seconds 20] [--music]

Real calls on loopback to a practice company with a long hold. Only the caller's side is counted: the process with
the ears and its line processes; the company's own processes are not. The calls are placed once, and each row adds
some more to those already waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import psutil

from app.compose import Core
from app.paths import Paths
from engine.call import Phase
from engine.commands import SlayHold
from engine.practice.exchange import Exchange
from engine.settings import Settings
from engine.sip.line import LineSettings
from tests.bench.call_soak import SCENARIO

COMPANY, INTENT = "super-awesome", "talk to a customer advocate about my order"
"""A hold with an announcement of eight seconds every half minute; ``--music``: a scenario with nothing but music."""


def ours(exchange_pid: int) -> list[psutil.Process]:
    """This process and its children, without the practice company and its children."""
    me = psutil.Process(os.getpid())
    family = [me]
    for child in me.children():
        if child.pid != exchange_pid:
            family += [child, *child.children(recursive=True)]
    return family


def used(processes: list[psutil.Process]) -> tuple[float, float, list[float]]:
    """CPU seconds of the window process, of the line processes, and resident MB of each."""
    seconds = [sum(p.cpu_times()[:2]) for p in processes]
    return seconds[0], sum(seconds[1:]), [p.memory_full_info().uss / 1e6 for p in processes]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4, 8, 12])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--music", action="store_true", help="a hold without announcements")
    arguments = parser.parse_args()
    most = max(arguments.calls)
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "music.toml"
        scenario.write_text(SCENARIO, encoding="utf-8")
        company = str(scenario) if arguments.music else COMPANY
        exchange = Exchange([company], lines=(most + 3) // 4, long=True)
        await exchange.start()
    exchange_pid = next(p.pid for p in psutil.Process().children() if p.children())  # it has lines of its own
    with tempfile.TemporaryDirectory() as folder:
        core = Core(
            folders=Paths(*[Path(folder)] * 4),
            settings=Settings(region="US"),
            line=LineSettings(bind="127.0.0.1"),
        )
        began = time.monotonic()
        await core.start()
        print(f"engine up after {time.monotonic() - began:.2f} s\n")
        print(
            "| calls | on hold | CPU of ears and judgement | CPU of the lines | CPU a call | memory (USS) a process |"
        )
        print("| --- | --- | --- | --- | --- | --- |")
        base_main, base_lines = await measure(exchange_pid, arguments.seconds / 2)
        print(f"| 0 | 0 | {base_main:.1%} | {base_lines:.1%} | | {memory(exchange_pid)} |")
        for wanted in sorted(arguments.calls):
            while len(core.gateway.calls) < wanted:
                index = len(core.gateway.calls) // 4
                core.do(SlayHold(next(iter(exchange.uris(index).values())), INTENT))
                await asyncio.sleep(0.5)
            await until_holding(core, 120.0)
            held = sum(core.gateway.phase(call) is Phase.HOLDING for call in core.gateway.calls)
            main_share, line_share = await measure(exchange_pid, arguments.seconds)
            each = (main_share + line_share - base_main - base_lines) / wanted
            print(
                f"| {wanted} | {held} | {main_share:.1%} | {line_share:.1%} | {each:.1%} | {memory(exchange_pid)} |",
                flush=True,
            )
        await core.stop()
    await exchange.stop()


async def until_holding(core: Core, patience_s: float) -> None:
    """Wait until every call is on hold."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if all(core.gateway.phase(call) is Phase.HOLDING for call in core.gateway.calls):
            return
        await asyncio.sleep(0.5)


async def measure(exchange_pid: int, seconds: float) -> tuple[float, float]:
    """Shares of one core over ``seconds``: (this process, the line processes)."""
    processes = ours(exchange_pid)
    began, before = time.monotonic(), used(processes)
    await asyncio.sleep(seconds)
    took, after = time.monotonic() - began, used(processes)
    return (after[0] - before[0]) / took, (after[1] - before[1]) / took


def memory(exchange_pid: int) -> str:
    """Memory of each of our processes."""
    return " + ".join(f"{mb:.0f}" for mb in used(ours(exchange_pid))[2]) + " MB"


if __name__ == "__main__":
    asyncio.run(main())
