"""The window and the engine on one loop: start, trouble, stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from app import run
from flows.model import Flow, Hold
from tests.conftest import WarningsLogged

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, os, signal, sys
from app.run import run_window
from engine.bus import Bus
from engine.settings import Settings

class Flows:
    all = ()

class Core:
    def __init__(self):
        self.bus, self.settings, self.flows, self.notices = Bus(), Settings(), Flows(), []
    def do(self, command):
        print("did", command, flush=True)
    async def start(self):
        self.bus.bind(asyncio.get_running_loop())
        print("started", flush=True)
        {start}
    async def stop(self):
        print("stopped", flush=True)

def window():
    from PySide6.QtWidgets import QApplication
    from ui.window import MainWindow
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))

def quit_soon():
    asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.{signal})

def tell_and_quit():
    asyncio.get_running_loop().call_later(0.2, lambda: print("notice:", window().notice.text(), flush=True))
    quit_soon()

sys.exit(run_window(Core(){asked}))
"""


def run_program(
    start: str, name: str = "SIGTERM", asked: str = "", before: str = ""
) -> subprocess.CompletedProcess[str]:
    script = before + PROGRAM.replace("{start}", start).replace("{signal}", name).replace("{asked}", asked)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_quits_in_order(name: str) -> None:
    done = run_program("quit_soon()", name)
    assert (done.returncode, done.stdout.split()) == (0, ["started", "stopped"]), done.stderr


def test_what_was_asked_for_is_done_once_started() -> None:
    asked = ", lambda: [__import__('engine.commands').commands.PlaceCall('+15550100')]"
    done = run_program("quit_soon()", asked=asked)
    assert done.stdout.splitlines()[1].startswith("did PlaceCall"), done.stderr


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("return __import__('engine.commands').commands.PlaceCall('sip:a@b')", "did PlaceCall"),
        ("raise ValueError", "notice: The practice company could not be opened (ValueError)."),
    ],
    ids=["opens", "fails"],
)
def test_the_practice_company_is_called_by_one_click(deed: str, said: str) -> None:
    start = (
        "asyncio.get_running_loop().call_later(0.1, lambda: window().dial.practise.click()); tell_and_quit()"
    )
    practise = f"async def practise():\n    {deed}\n\n"
    done = run_program(start, asked=", practise=practise", before=practise)
    assert said in done.stdout, done.stderr


def test_an_engine_that_does_not_start_is_said_in_the_window() -> None:
    done = run_program("tell_and_quit(); raise ValueError('Port 5060 is in use.')")
    assert "notice: Port 5060 is in use." in done.stdout, done.stderr
    assert done.returncode == 0


def test_a_fault_nobody_caught_is_said_in_the_window_and_ends_nothing() -> None:
    done = run_program("asyncio.get_running_loop().call_soon(lambda: 1 / 0); tell_and_quit()")
    assert "notice: Something went wrong inside Hold Slayer (ZeroDivisionError" in done.stdout, done.stderr
    assert done.stdout.rstrip().endswith("stopped")


def test_without_a_display_there_is_a_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(run.display.why_none, "__defaults__", (os.environ, "linux"))
    assert run.run_window(None) == run.NO_WINDOW  # type: ignore[arg-type]
    assert "There is no display" in capsys.readouterr().err


def flow(name: str, company: str, *numbers: str) -> Flow:
    return Flow(id=name, name=name, company=company, numbers=numbers, start="hold", steps=(Hold(id="hold"),))


def test_companies_come_from_the_flows_that_have_a_number() -> None:
    flows = [
        flow("acme", "Acme", "+15550100", "+15550101"),
        flow("lark", "Lark"),
        flow("Bank", "", "+15550102"),
    ]
    found = run.places(flows)
    assert [(p.company, p.number, p.flow) for p in found] == [
        ("Acme", "+15550100", "acme"),
        ("Bank", "+15550102", "Bank"),
    ]


@pytest.mark.parametrize(
    ("text", "emergency"),
    [("911", True), ("112", True), ("+1 555 010 0199", False), ("what", False), ("", False)],
)
def test_emergency_numbers_are_known_while_typing(text: str, emergency: bool) -> None:
    assert run._emergency("US")(text) is emergency


class Ringer:
    """In place of the engine's."""

    def __init__(self, wished: tuple[str, ...] = (), on_problem: object = None) -> None:
        self.wished, self.heard = wished, []  # type: tuple[tuple[str, ...], list[str]]

    def ring(self, quiet: bool = False) -> None:
        self.heard.append("cue" if quiet else "ring")

    def stop(self) -> None:
        self.heard.append("stop")

    def close(self) -> None:
        self.heard.append("close")


def test_the_bell_rings_on_the_device_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.audio import ringer

    made: list[Ringer] = []

    def make(wished: tuple[str, ...], on_problem: object) -> Ringer:
        made.append(Ringer(wished, on_problem))
        return made[-1]

    monkeypatch.setattr(ringer, "Ringer", make)
    bell = run.RingerBell("Desk speaker", lambda text: None)
    bell.silence()
    bell.close()
    assert made == []
    bell.cue()
    bell.ring()
    bell.silence()
    bell.close()
    assert made[0].wished == ("Desk speaker",)
    assert made[0].heard == ["cue", "ring", "stop", "close"]


def test_a_sound_library_that_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "engine.audio.ringer", None)
    bell = run.RingerBell("", lambda text: None)
    with pytest.raises(RuntimeError, match="It cannot ring: the sound library does not load"):
        bell.ring()


async def test_faults_of_slots_tasks_and_threads_are_shown(expected_warnings: WarningsLogged) -> None:
    shown: list[str] = []
    faults = run.Faults(asyncio.get_running_loop(), shown.append)
    try:
        sys.excepthook(ValueError, ValueError("in a slot"), None)

        def fail() -> None:
            raise KeyError("in a thread")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        asyncio.get_running_loop().call_soon(lambda: [][0])
        await asyncio.sleep(0.05)
    finally:
        faults.close()
    assert len(shown) == 3
    assert "in a slot" in shown[0]
    assert all(sentence.endswith("the log has the details.") for sentence in shown)
    assert len(expected_warnings.records) == 3


def test_ctrl_c_is_no_fault() -> None:
    loop = asyncio.new_event_loop()
    shown: list[str] = []
    faults = run.Faults(loop, shown.append)
    try:
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        faults.close()
        loop.close()
    assert shown == []
    assert signal.getsignal(signal.SIGINT) is not None
