"""The icon in the tray and its menu."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from engine.commands import NotAPerson, PickUp
from engine.events import UserNeeded
from tests.ui import replay
from tests.ui.conftest import Gateway
from tests.ui.replay import ACME
from ui.bridge import Bridge
from ui.sentences import Face
from ui.tray import Tray, face_icon

T = 1000.0


class Corner:
    """A tray on a bus."""

    def __init__(self, gateway: Gateway) -> None:
        self.bus = Bus()
        self.bridge = Bridge(self.bus, gateway.do)
        self.tray = Tray(self.bridge.do)

    def show(self, *events: object) -> list[str]:
        """Publish, show, and return the menu's texts."""
        replay.play(events, self.bus.publish)  # type: ignore[arg-type]
        self.tray.show_state(self.bridge.state)
        return [action.text() for action in self.tray.menu.actions() if not action.isSeparator()]


@pytest.fixture
def corner(qtbot: QtBot, gateway: Gateway) -> Iterator[Corner]:
    corner = Corner(gateway)
    yield corner
    corner.tray.close()
    corner.bridge.close()


def test_without_calls(corner: Corner) -> None:
    assert corner.show() == ["Show Hold Slayer", "Quit"]


def test_live_calls_are_listed(corner: Corner, qtbot: QtBot) -> None:
    texts = corner.show(*replay.on_hold(T), *replay.busy(T))
    assert len(texts) == 3
    assert texts[0].startswith("Acme Insurance: Waiting on hold with Acme Insurance")
    with qtbot.waitSignal(corner.tray.show_window):
        corner.tray.menu.actions()[0].trigger()


def test_a_person_is_picked_up_from_the_menu(corner: Corner, gateway: Gateway) -> None:
    assert corner.show(*replay.person(T))[:2] == ["Pick up", "Not a person"]
    corner.tray.pick_up.trigger()
    corner.tray.not_a_person.trigger()
    assert gateway.did == [PickUp(ACME), NotAPerson(ACME)]


def test_a_question_has_no_not_a_person(corner: Corner) -> None:
    texts = corner.show(*replay.on_hold(T), UserNeeded(T, ACME, "Which one?"))
    assert texts[0] == "Pick up"
    assert "Not a person" not in texts


def test_icon_and_tooltip_follow_the_calls(corner: Corner) -> None:
    corner.show()
    assert corner.tray.icon.icon().cacheKey() == face_icon(Face.IDLE).cacheKey()
    corner.show(*replay.person(T))
    assert corner.tray.icon.icon().cacheKey() == face_icon(Face.RINGING).cacheKey()
    assert corner.tray.icon.toolTip() == "A person is speaking!"


def test_show_and_quit(corner: Corner, qtbot: QtBot) -> None:
    with qtbot.waitSignals([corner.tray.show_window, corner.tray.quit]):
        corner.tray.show_action.trigger()
        corner.tray.quit_action.trigger()


def test_the_menu_is_not_rebuilt_under_the_mouse(corner: Corner) -> None:
    corner.show(*replay.person(T))
    before = corner.tray.menu.actions()
    corner.tray.show_state(corner.bridge.state)
    assert corner.tray.menu.actions() == before


def test_without_a_tray_a_message_says_it_was_not_shown(corner: Corner) -> None:
    # Off screen there is no tray.
    assert not corner.tray.available
    assert corner.tray.message("title", "text") is False
