"""The window on a real desktop: X server, window manager, tray, notifications, each its own program.

What Qt says of itself proves little here; these tests look from outside, with xdotool, as the user does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.display

PATIENCE_S = 60.0
PROGRAMS = ("Xvfb", "openbox", "trayer", "dunst", "dunstctl", "dbus-daemon", "xdotool")
OTHER_WINDOW = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit
app = QApplication([])
page = QPlainTextEdit()
page.setWindowTitle("another program")
page.setGeometry(100, 100, 900, 600)
page.textChanged.connect(lambda: print(page.toPlainText(), flush=True))
page.show()
app.exec()
"""


def wait_for(condition: Callable[[], object], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"waited in vain for {what}"
        time.sleep(0.05)


class Desktop:
    """A desktop without a screen, with its own session bus."""

    def __init__(self, folder: Path, programs: contextlib.ExitStack) -> None:
        self._programs = programs
        self.environment = {
            k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")
        }
        read, write = os.pipe()
        self.start("Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as numbers:
            self.environment["DISPLAY"] = f":{numbers.readline().strip()}"
        bus = self.start(
            "dbus-daemon", "--session", "--print-address", "--nofork", stdout=subprocess.PIPE, text=True
        )
        assert bus.stdout is not None
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        menu = folder / "menu"
        menu.write_text('#!/bin/sh\ngrep -m1 "$(cat "$(dirname "$0")/choice")"\n', encoding="utf-8")
        menu.chmod(0o700)
        self.choice = folder / "choice"
        rules = folder / "dunstrc"
        rules.write_text(f"[global]\ndmenu = {menu}\n", encoding="utf-8")
        self.start("openbox")
        self.start("trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height", "28")
        self.start("dunst", "-config", str(rules))
        wait_for(lambda: self.run("dunstctl", "count", check=False).returncode == 0, "dunst")

    def start(self, *command: str, **how: object) -> subprocess.Popen[str]:
        """Start a program that ends with the desktop."""
        how.setdefault("stdout", subprocess.DEVNULL)
        started: subprocess.Popen[str] = subprocess.Popen(
            command,
            env=self.environment,
            stderr=subprocess.DEVNULL,
            **how,  # type: ignore[call-overload]
        )
        self._programs.callback(self._end, started)
        return started

    @staticmethod
    def _end(program: subprocess.Popen[str]) -> None:
        program.terminate()
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
        for stream in (program.stdin, program.stdout):
            if stream is not None:
                stream.close()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=check, timeout=PATIENCE_S
        )

    def focused(self) -> str:
        """Title of the window that has the keyboard."""
        return self.run("xdotool", "getwindowfocus", "getwindowname", check=False).stdout.strip()

    def shown(self, title: str) -> bool:
        """Whether a window of that title is on the screen."""
        found = self.run("xdotool", "search", "--onlyvisible", "--name", title, check=False)
        return bool(found.stdout.strip())


class Program:
    """Hold Slayer, seen from outside."""

    def __init__(self, desktop: Desktop) -> None:
        self.process = desktop.start(
            sys.executable,
            str(Path(__file__).with_name("on_display.py")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, name="program's words")
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())

    def tell(self, line: str) -> None:
        """Write to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def settle(self) -> None:
        """Wait until its loop has dealt with all that came before."""
        before = self.said.count("settled")
        self.tell("settle")
        wait_for(lambda: self.said.count("settled") > before, "its loop")

    def end(self) -> int:
        """SIGTERM, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it tells where its threads are
            self.process.wait()
            self._reader.join()
            pytest.fail("the program did not end:\n" + "\n".join(self.said), pytrace=False)
        finally:
            self._reader.join()


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    assert not missing, f"{', '.join(missing)} must be installed: packaging/bootstrap test says how"
    with contextlib.ExitStack() as programs:
        yield Desktop(tmp_path, programs)


@pytest.fixture
def program(desktop: Desktop) -> Iterator[Program]:
    program = Program(desktop)
    try:
        wait_for(lambda: "started" in program.said, "the program")
        wait_for(lambda: desktop.shown("Hold Slayer"), "the window")
        yield program
    finally:
        if program.process.poll() is None:
            program.end()


def test_the_pickup_window_takes_the_keyboard_from_another_program(
    desktop: Desktop, program: Program
) -> None:
    other = desktop.start(sys.executable, "-c", OTHER_WINDOW, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: desktop.focused() == "another program", "the other window")
    desktop.run("xdotool", "type", "x")
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "x"  # the user works there
    program.tell("person")
    wait_for(lambda: desktop.focused().startswith("A person is speaking!"), "the pickup window")
    time.sleep(0.5)  # a key sooner than that is taken for one meant for the other window
    desktop.run("xdotool", "key", "Return")
    wait_for(lambda: "did PickUp" in program.said, "the pick-up")
    wait_for(lambda: not desktop.shown("A person is speaking!"), "the pickup window to go")


def test_the_pagers_request_alone_brings_a_window_forward(desktop: Desktop, program: Program) -> None:
    # Window managers that refuse what Qt asks for (openbox does not) are asked in this way as well.
    desktop.start(sys.executable, "-c", OTHER_WINDOW)
    wait_for(lambda: desktop.focused() == "another program", "the other window")
    program.tell("pager")
    wait_for(lambda: desktop.focused() == "Hold Slayer", "the window")


@pytest.mark.parametrize(("button", "wish"), [("Pick up", "did PickUp"), ("Not a person", "did NotAPerson")])
def test_a_notifications_button_acts(desktop: Desktop, program: Program, button: str, wish: str) -> None:
    program.tell("person")
    wait_for(lambda: desktop.run("dunstctl", "count", "displayed").stdout.strip() == "1", "the notification")
    program.settle()  # the library learns the number of the notification only with its loop's next turn
    desktop.choice.write_text(button, encoding="utf-8")
    desktop.run("dunstctl", "context")
    wait_for(lambda: wish in program.said, wish)


def test_the_notification_goes_when_the_call_is_picked_up(desktop: Desktop, program: Program) -> None:
    program.tell("person")
    wait_for(lambda: desktop.run("dunstctl", "count", "displayed").stdout.strip() == "1", "the notification")
    wait_for(lambda: desktop.focused().startswith("A person is speaking!"), "the pickup window")
    time.sleep(0.5)
    desktop.run("xdotool", "key", "Return")
    wait_for(lambda: desktop.run("dunstctl", "count", "displayed").stdout.strip() == "0", "it to go")


def test_closed_it_lives_on_in_the_tray_and_comes_back(desktop: Desktop, program: Program) -> None:
    program.tell("hold")
    program.tell("hide")
    wait_for(lambda: not desktop.shown("^Hold Slayer$"), "the window to go")
    assert program.process.poll() is None

    def tray() -> list[int]:
        program.tell("tray")
        time.sleep(0.1)
        said = [line for line in program.said if line.startswith("tray ")]
        return [int(number) for number in said[-1].split()[1:]] if said else []

    wait_for(lambda: tray()[2:] and min(tray()[2:]) > 8, "the tray icon")
    x, y, width, height = tray()
    desktop.run("xdotool", "mousemove", str(x + width // 2), str(y + height // 2), "click", "1")
    wait_for(lambda: desktop.shown("^Hold Slayer$"), "the window to come back")


def test_a_signal_quits_in_order(program: Program) -> None:
    assert program.end() == 0
    assert program.said[-1] == "stopped"
