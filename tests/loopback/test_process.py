"""The line process: starting, stopping, dying, coming back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import psutil
import pytest

from engine.call import EndReason
from engine.sip import supervisor
from engine.sip.line import (
    Account,
    Answer,
    Dial,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegMedia,
    LineDown,
    LineError,
    LineSettings,
    LineUp,
    Registration,
    SetAccount,
    Transport,
)
from engine.sip.process import LineProcess
from tests.loopback.conftest import MakeLine, WatchedLine, dial, until

pytestmark = pytest.mark.real_sip

Pair = tuple[WatchedLine, WatchedLine]
CALL = LegId("call-1")
SHARED = Path("/dev/shm")


def shared_memory(pid: int | None = None) -> set[str]:
    """Names of the shared memory of a process of ours (this one)."""
    return {path.name for path in SHARED.glob(f"hs-{pid or os.getpid()}-*")} if SHARED.exists() else set()


def line_processes() -> list[psutil.Process]:
    """Our children that are line processes."""
    return [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]


async def test_ten_starts_and_stops_leave_nothing_behind() -> None:
    threads, memory = threading.active_count(), shared_memory()
    line = LineProcess(LineSettings(name="often", bind="127.0.0.1"))
    for _ in range(10):
        up = await line.start()
        assert line.up
        assert up.udp_port > 0
        assert psutil.pid_exists(up.pid)
        assert len(shared_memory()) == 1 or not SHARED.exists()
        await line.stop()
        assert not line.up
        assert not psutil.pid_exists(up.pid)
    assert threading.active_count() == threads
    assert shared_memory() == memory
    assert not line_processes()


async def test_stopping_in_any_state() -> None:
    line = LineProcess(LineSettings(name="any", bind="127.0.0.1"))
    await line.stop()
    starting = asyncio.ensure_future(line.start())
    await asyncio.sleep(0.02)
    await line.stop()
    with pytest.raises(LineError, match="stopped"):
        await starting
    await asyncio.gather(line.start(), line.start())
    await asyncio.gather(line.stop(), line.stop())
    await line.stop()
    assert not line_processes()


async def test_stopping_in_mid_call_hangs_up(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await here.hears(LegAnswered, CALL)
    await here.line.stop()
    assert here.said(LegEnded, CALL)[0].by_us
    assert (await there.hears(LegEnded, far)).reason is EndReason.COMPLETED


async def test_a_killed_process_ends_its_calls_and_comes_back(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await here.hears(LegMedia, CALL)
    tap = here.line.tap(CALL)
    await until(lambda: tap.written > 3200, "sound")
    assert here.up is not None
    before = here.up
    os.kill(before.pid, signal.SIGKILL)
    ended = await here.hears(LegEnded, CALL)
    assert (ended.reason, ended.by_us) == (EndReason.LINE_LOST, False)
    down = await here.hears(LineDown)
    assert down.restarting
    assert "signal 9" in down.because
    assert here.events.index(ended) < here.events.index(down), "legs end before the line is told as down"
    again = await here.hears(LineUp, count=2)
    assert again.pid != before.pid
    assert again.udp_port == before.udp_port
    assert len(tap.read(0, 3200)) == 3200, "what was heard can still be read"
    far = await dial(here, there, "call-2")
    there.line.send(Answer(far))
    await here.hears(LegAnswered, "call-2")


async def test_dialling_while_the_line_is_down_ends_at_once(pair: Pair) -> None:
    here, there = pair
    assert here.up is not None
    os.kill(here.up.pid, signal.SIGABRT)
    await here.hears(LineDown)
    here.line.send(Dial(CALL, there.uri))
    assert here.line.tap(CALL).written == 0
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.LINE_LOST
    await here.hears(LineUp, count=2)


async def test_accounts_come_back_with_the_process(make_line: MakeLine) -> None:
    here = await make_line("here")
    # Nobody answers there: what counts is that each new process asks again.
    account = Account("trunk", "127.0.0.1", "me", "secret", port=1, transport=Transport.TCP)
    here.line.send(SetAccount(account))
    await here.hears(Registration, account="trunk", reason=EndReason.TRUNK_UNREACHABLE)
    count = len(here.said(Registration))
    assert here.up is not None
    os.kill(here.up.pid, signal.SIGKILL)
    await here.hears(LineUp, count=2)
    await here.hears(Registration, count=count + 1)


async def test_a_line_that_keeps_dying_is_given_up(make_line: MakeLine) -> None:
    here = await make_line("here")
    for death in range(1, 6):
        up = await here.hears(LineUp, count=death)
        os.kill(up.pid, signal.SIGKILL)
    last = await here.hears(LineDown, count=5)
    assert not last.restarting
    assert "5 times" in last.because
    assert not here.line.up
    up = await here.line.start()
    assert here.line.up
    assert up.pid


async def test_a_process_that_hangs_is_ended_and_replaced(
    make_line: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_AFTER_S", 2.5)
    here = await make_line("here")
    assert here.up is not None
    os.kill(here.up.pid, signal.SIGSTOP)
    assert "did not answer" in (await here.hears(LineDown)).because
    await here.hears(LineUp, count=2)


async def test_stopping_a_process_that_hangs(make_line: MakeLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_PATIENCE_S", 1.0)
    here = await make_line("here")
    assert here.up is not None
    os.kill(here.up.pid, signal.SIGSTOP)
    await here.line.stop()
    assert not psutil.pid_exists(here.up.pid)


async def test_the_line_process_ends_when_its_parent_dies(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from engine.sip.line import LineSettings\n"
        "from engine.sip.process import LineProcess\n"
        "async def main():\n"
        "    up = await LineProcess(LineSettings(bind='127.0.0.1')).start()\n"
        "    print(up.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())
        assert psutil.pid_exists(pid)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not psutil.pid_exists(pid), "the line process has gone")
    await until(lambda: not shared_memory(parent.pid), "its shared memory has gone")


async def test_a_port_in_use_is_a_sentence(make_line: MakeLine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        here = await make_line("here", start=False, udp_port=port)
        with pytest.raises(LineError, match=f"UDP port {port} is in use") as raised:
            await here.line.start()
    assert raised.value.reason is EndReason.FAILED
    assert not here.line.up
    await here.line.start()
    assert here.line.up


async def test_a_missing_sip_library_is_a_sentence(
    make_line: MakeLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pjsua2.py").write_text("raise ImportError('libssl.so.10 is missing')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    here = await make_line("here", start=False)
    with pytest.raises(LineError, match=r"SIP library cannot be loaded.*packaging/run"):
        await here.line.start()


async def test_many_calls_one_after_the_other(pair: Pair) -> None:
    here, there = pair
    for number in range(30):
        leg = f"call-{number}"
        far = await dial(here, there, leg)
        there.line.send(Answer(far))
        await here.hears(LegAnswered, leg)
        here.line.send(HangUpLeg(LegId(leg)))
        await asyncio.gather(here.hears(LegEnded, leg), there.hears(LegEnded, far))
    assert len(here.said(LineUp)) == len(there.said(LineUp)) == 1


async def test_twelve_calls_at_once_over_three_lines_each(make_line: MakeLine) -> None:
    ours = [await make_line(f"here-{index}") for index in range(3)]
    theirs = [await make_line(f"there-{index}", accept_incoming=True) for index in range(3)]
    for here, there in zip(ours, theirs, strict=True):
        for number in range(4):
            far = await dial(here, there, f"{here.line.name}-{number}")
            there.line.send(Answer(far))
    for here in ours:
        for number in range(4):
            leg = LegId(f"{here.line.name}-{number}")
            await here.hears(LegMedia, leg)
            tap = here.line.tap(leg)
            await until(lambda tap=tap: tap.written > 16000, "a second of sound")
            here.line.send(HangUpLeg(leg))
            await here.hears(LegEnded, leg)
