"""The window on a bus of its own, with a list in place of the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from engine.commands import Command
from tests.ui import replay
from ui.bridge import Bridge
from ui.dial import Place
from ui.theme import Scheme, Theme
from ui.window import MainWindow

PLACES = (
    Place("Acme Insurance", "+15550100199", "acme", ("cancel my policy", "make a claim")),
    Place("Acme Bank", "+15550100200"),
    Place("Lark Airlines", "sip:desk@lark.example", "lark"),
)
EMERGENCIES = ("911", "9911", "112")


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    """The theme of all tests, light."""
    theme = Theme(qapp, Scheme.LIGHT)
    theme.apply()
    return theme


@dataclass
class Gateway:
    """Notes commands; refuses while ``refusal`` is set."""

    did: list[Command] = field(default_factory=list)
    refusal: Exception | None = None

    def do(self, command: Command) -> None:
        """Note it, or refuse."""
        if self.refusal is not None:
            raise self.refusal
        self.did.append(command)


@dataclass
class Desk:
    """What a test of the window works with."""

    bus: Bus
    gateway: Gateway
    bridge: Bridge
    window: MainWindow
    now: list[float]


@pytest.fixture
def gateway() -> Gateway:
    """The gateway that only notes."""
    return Gateway()


@pytest.fixture
def desk(qtbot: QtBot, theme: Theme, gateway: Gateway) -> Iterator[Desk]:
    """A window without a tray, ready, showing no call. Its clock stands at ``now[0]``."""
    bus = Bus()
    bridge = Bridge(bus, gateway.do)
    replay.play(replay.READY, bus.publish)
    bridge.started()
    now = [1000.0]
    window = MainWindow(theme, bridge, None, lambda text: text in EMERGENCIES, now=lambda: now[0])
    window.dial.suggest(PLACES)
    qtbot.addWidget(window, before_close_func=lambda w: w.close_for_good())
    window.show()
    yield Desk(bus, gateway, bridge, window, now)
    bridge.close()
