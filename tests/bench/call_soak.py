"""The whole program against a practice company: many calls in a row, twelve at once, and a line killed in mid-call.

    python tests/bench/call_soak.py [--calls 200] [--at-once 12]

The company answers at once and plays hold music; each call is slain, heard for half a second and hung up. Printed: what
became of the calls, memory, threads, files and processes before and after, and how soon a killed line is back. The exit
code is 1 when a call failed or something was left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

from app.compose import Core
from app.paths import Paths
from engine.call import CallId, LineState, Phase
from engine.commands import HangUp, SlayHold
from engine.events import CallEnded, LineChanged, LineProcess
from engine.practice.exchange import Exchange
from engine.settings import Settings
from engine.sip.line import LineSettings

SCENARIO = """
name = "Soak"
story = "answers at once and plays music"
start = "queue"
[reception]
ringing_s = 0.1
[[steps]]
id = "queue"
kind = "hold"
music = "cold-day"
length_s = 600
next = "bye"
[[steps]]
id = "bye"
kind = "hangup"
because = "the soak is over"
[[intents]]
words = "wait"
outcome = "dropped"
hold = true
"""


def state(left_out: int) -> str:
    """What the program holds now; the practice company (``left_out``) and its children are not counted."""
    me = psutil.Process()
    lines = [p for child in me.children() if child.pid != left_out for p in (child, *child.children())]
    lines = [p for p in lines if p.num_threads() > 2]  # not the tracker of shared memory
    megabytes = [f"{p.memory_info().rss / 1e6:.0f}" for p in (me, *lines)]
    return f"{' + '.join(megabytes)} MB, {threading.active_count()} threads, {me.num_fds()} files"


async def one(core: Core, uri: str, told: dict[CallId, list[object]]) -> str:
    """One call: answered, heard for half a second, hung up. Returns the reason it ended for."""
    call = core.do(SlayHold(uri, "wait"))
    assert call is not None
    until = time.monotonic() + 20.0
    while time.monotonic() < until:
        events = told.get(call, [])
        ended = next((e for e in events if isinstance(e, CallEnded)), None)
        if ended is not None:
            return str(ended.reason)
        if any(isinstance(e, LineChanged) and e.state is LineState.CONFIRMED for e in events):
            await asyncio.sleep(0.5)
            core.do(HangUp(call))
        await asyncio.sleep(0.02)
    return "stuck"


async def soak(calls: int, at_once: int, folder: Path) -> bool:
    """Everything. True when nothing went wrong."""
    scenario = folder / "soak.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    # One line more than needed: a killed caller says no BYE, so its legs stay taken at the company.
    exchange = Exchange([str(scenario)], lines=(at_once + 3) // 4 + 1)
    (name, uri), *_ = (await exchange.start()).items()
    practice = next(p.pid for p in psutil.Process().children() if p.children())  # it has lines of its own
    core = Core(
        folders=Paths(folder, folder, folder, folder),
        settings=Settings(region="US"),
        line=LineSettings(bind="127.0.0.1"),
    )
    told: dict[CallId, list[object]] = {}
    lines: list[tuple[float, LineProcess]] = []
    core.bus.subscribe_all(lambda e: told.setdefault(getattr(e, "call", CallId("")), []).append(e))
    core.bus.subscribe(LineProcess, lambda e: lines.append((time.monotonic(), e)))
    await core.start()
    await asyncio.sleep(3.0)  # the recogniser loads
    print(f"before:            {state(practice)}", flush=True)
    reasons: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(1, calls + 1):
        reasons[await one(core, uri, told)] += 1
        told.clear()
        if number % 50 == 0:
            print(f"after {number:4} in a row: {state(practice)}   {dict(reasons)}", flush=True)
    print(f"{calls} calls in a row in {time.monotonic() - began:.0f} s: {dict(reasons)}")

    for index in range(at_once):
        core.do(SlayHold(exchange.uris(index // 4)[name], "wait"))
        await asyncio.sleep(0.2)
    until = time.monotonic() + 40.0
    while time.monotonic() < until:
        if all(core.gateway.phase(c) is Phase.HOLDING for c in core.gateway.calls):
            break
        await asyncio.sleep(0.2)
    held = sum(core.gateway.phase(c) is Phase.HOLDING for c in core.gateway.calls)
    print(f"{held} of {at_once} on hold at once: {state(practice)}", flush=True)

    child = next(p for p in psutil.Process().children() if p.pid != practice and p.num_threads() > 2)
    lines.clear()
    told.clear()
    killed = time.monotonic()
    os.kill(child.pid, signal.SIGKILL)
    while sum(event.up for _, event in lines) < 1 and time.monotonic() - killed < 10.0:
        await asyncio.sleep(0.01)
    lost = [e for events in told.values() for e in events if isinstance(e, CallEnded)]
    told_after = lines[0][0] - killed if lines else float("nan")
    up_after = next((at - killed for at, event in lines if event.up), float("nan"))
    print(
        f"line killed with four calls on it: told after {told_after:.3f} s, {len(lost)} calls ended "
        f"({lost[0].text if lost else '-'}), up again after {up_after:.2f} s, {len(core.gateway.calls)} calls go on"
    )
    redial = await one(core, exchange.uris((at_once + 3) // 4)[name], told)
    print(f"redial: {redial}")
    for call in core.gateway.calls:
        core.do(HangUp(call))
    await asyncio.sleep(2.0)
    print(f"after hanging up:  {state(practice)}")
    await core.stop()
    await exchange.stop()
    left = [
        p
        for p in psutil.Process().children(recursive=True)
        if "resource_tracker" not in " ".join(p.cmdline())
    ]
    threads = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    print(f"after stopping:    {len(left)} processes, threads: {threads}")
    fine = reasons == Counter({"completed": calls}) and held == at_once and redial == "completed"
    return fine and len(lost) == 4 and not left


def main() -> int:
    """Run it; 0 when all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(soak(arguments.calls, arguments.at_once, Path(folder))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
