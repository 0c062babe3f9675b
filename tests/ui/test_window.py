"""The shell: pages, notice, closing, sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from tests.ui import replay
from tests.ui.conftest import Desk, Gateway
from ui.bridge import Bridge
from ui.theme import Theme
from ui.tray import Tray
from ui.window import MainWindow

T = 1000.0


class FakeTray(Tray):
    """A tray that is there, whatever the desktop."""

    def __init__(self) -> None:
        super().__init__(lambda command: None)
        self.said: list[str] = []

    @property
    def available(self) -> bool:
        return True

    def message(self, title: str, text: str) -> bool:
        self.said.append(title)
        return True


def test_the_status_is_in_words(desk: Desk) -> None:
    desk.window.show_state(desk.bridge.state)
    status = desk.window.status
    assert status.trunk.words.text() == "Line ready · voip.example"
    replay.play(replay.trouble(), desk.bus.publish)
    desk.window.show_state(desk.bridge.state)
    assert "does not accept your password" in status.trunk.words.text()
    assert status.sound.words.text() == "No audio device: you will hear nothing"
    assert status.recogniser.words.text() == "No speech recogniser: no captions"


def test_the_notice_comes_and_is_closed(desk: Desk) -> None:
    assert not desk.window.notice_box.isVisible()
    desk.bridge.say("The trunk is gone.")
    assert desk.window.notice_box.isVisible()
    assert desk.window.notice.text() == "The trunk is gone."
    desk.window.notice_close.click()
    assert not desk.window.notice_box.isVisible()


def test_pages_are_only_added(desk: Desk) -> None:
    assert not desk.window._rail.isVisible()
    desk.window.add_page("History", "again", QLabel("history"))
    assert desk.window._rail.isVisible()


def test_closing_without_a_tray_quits(qtbot: QtBot, desk: Desk) -> None:
    with qtbot.waitSignal(desk.window.quit_asked):
        desk.window.close()


@pytest.mark.parametrize("leave", [False, True])
def test_closing_with_a_live_call_asks(desk: Desk, monkeypatch: pytest.MonkeyPatch, leave: bool) -> None:
    replay.play(replay.on_hold(T), desk.bus.publish)
    asked: list[bool] = []
    monkeypatch.setattr(desk.window, "ask_to_hang_up", lambda: asked.append(True) or leave)
    quits: list[bool] = []
    desk.window.quit_asked.connect(lambda: quits.append(True))
    desk.window.close()
    assert asked == [True]
    assert quits == ([True] if leave else [])
    assert desk.window.isVisible()


def test_closing_with_a_tray_runs_on_and_says_so_once(
    qtbot: QtBot, theme: Theme, gateway: Gateway, tmp_path: Path
) -> None:
    bridge = Bridge(Bus(), gateway.do)
    tray = FakeTray()
    memory = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    window = MainWindow(theme, bridge, tray, memory=memory)
    qtbot.addWidget(window, before_close_func=lambda w: w.close_for_good())
    for _ in range(2):
        window.show()
        window.close()
        assert not window.isVisible()
    window.come_back()
    assert window.isVisible()
    assert tray.said == ["Hold Slayer keeps running"]
    tray.close()
    bridge.close()


@pytest.mark.parametrize("size", [QSize(1280, 800), QSize(1024, 640), QSize(720, 600), QSize(3840, 2160)])
@pytest.mark.parametrize("script", [replay.on_hold, replay.person, replay.talking])
def test_the_actions_are_in_sight_at_every_size(
    qtbot: QtBot, desk: Desk, size: QSize, script: object
) -> None:
    replay.play(script(T), desk.bus.publish)  # type: ignore[operator]
    desk.window.resize(size)
    desk.window.show_state(desk.bridge.state)
    qtbot.wait(20)
    (card,) = desk.window.calls.cards
    viewport = desk.window.calls.viewport()

    def in_sight() -> bool:
        bottom = card.hang_up.mapTo(viewport, card.hang_up.rect().bottomRight())
        return viewport.rect().adjusted(0, 0, 0, 20).contains(bottom)

    qtbot.waitUntil(in_sight)  # Qt lays out in several passes
    for button in (card.hang_up, card.take_over, card.give_back, card.keys):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width()


def test_narrow_the_form_waits_behind_a_button(qtbot: QtBot, desk: Desk) -> None:
    desk.window.resize(720, 600)
    qtbot.wait(10)
    assert desk.window.dial.isVisible()
    replay.play(replay.on_hold(T), desk.bus.publish)
    desk.window.show_state(desk.bridge.state)
    assert not desk.window.dial.isVisible()
    desk.window.page.another.click()
    assert desk.window.dial.isVisible()
    desk.window.resize(1280, 800)
    qtbot.wait(10)
    assert desk.window.dial.isVisible()
    assert not desk.window.page.another.isVisible()
