"""The real window with a scripted engine, for tests that look at it from outside: a program of its own.

Reads lines from stdin: ``person``, ``hold``, ``hide`` (close the window), ``tray``, ``pager``, ``settle``. Prints what
it is asked to do, as ``did PickUp``, and what the desktop says, as ``tray 1256 0 24 24``.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.run import run_window
from engine.bus import Bus
from engine.commands import Command
from engine.events import Event, VoiceConnected
from engine.settings import Settings
from tests.ui import replay
from ui.foreground import _activate_on_x11


class Flows:
    """No flow at all."""

    all = ()


class Script:
    """In place of the engine."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.settings = Settings()
        self.flows = Flows()
        self.notices: list[str] = []

    def do(self, command: Command) -> None:
        """Print it; a call picked up is one that is talked on."""
        say(f"did {type(command).__name__}")
        if type(command).__name__ == "PickUp":
            self.bus.publish(VoiceConnected(time.time(), replay.ACME, True))

    async def start(self) -> None:
        """Be ready at once, and listen to stdin."""
        self.bus.bind(asyncio.get_running_loop())
        replay.play(replay.READY, self.bus.publish)
        threading.Thread(target=self._obey, name="stdin", daemon=True).start()
        say("started")

    async def stop(self) -> None:
        """Nothing to stop."""
        say("stopped")

    def _obey(self) -> None:
        for line in sys.stdin:
            match line.strip():
                case "person":
                    self._post(replay.person(time.time() - 234))
                case "hold":
                    self._post(replay.on_hold(time.time() - replay.HOLD_LENGTH_S))
                case "hide":
                    self._on_main(lambda window: window.close())
                case "pager":
                    self._on_main(lambda window: _activate_on_x11(int(window.winId())))
                case "settle":
                    self._on_main(lambda window: loop_turns(lambda: say("settled")))
                case "tray":
                    self._on_main(tell_of_the_tray)

    def _post(self, events: Any) -> None:
        for event in events:
            posted: Event = event
            self.bus.post(posted)

    def _on_main(self, act: Any) -> None:
        loop = self.bus._loop
        assert loop is not None
        loop.call_soon_threadsafe(lambda: act(main_window()))


def loop_turns(then: Any, turns: int = 5) -> None:
    """Do ``then`` some turns of the loop later."""
    if turns:
        asyncio.get_running_loop().call_later(0.02, loop_turns, then, turns - 1)
    else:
        then()


def main_window() -> Any:
    """The program's window."""
    from PySide6.QtWidgets import QApplication

    from ui.window import MainWindow

    return next(window for window in QApplication.topLevelWidgets() if isinstance(window, MainWindow))


def tell_of_the_tray(window: Any) -> None:
    """Print where the tray icon is."""
    box = window._tray.icon.geometry()
    say(f"tray {box.x()} {box.y()} {box.width()} {box.height()}")


def say(text: str) -> None:
    """Tell the test."""
    print(text, flush=True)


if __name__ == "__main__":
    faulthandler.enable(sys.stdout)
    sys.exit(run_window(Script()))
