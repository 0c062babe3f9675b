"""The window that must not be missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from engine.commands import Command, HangUp, NotAPerson, PickUp
from engine.events import UserNeeded
from tests.ui import replay
from tests.ui.conftest import Gateway
from tests.ui.replay import ACME
from ui.bridge import Bridge
from ui.callview import Call
from ui.pickup import STRAY_KEY_S, PickupWindow
from ui.theme import Theme

T = 1000.0


@dataclass
class Ringing:
    window: PickupWindow
    gateway: Gateway
    now: list[float]
    silenced: list[bool]

    def later(self) -> None:
        """Long enough for a key to be meant for this window."""
        self.now[0] += STRAY_KEY_S + 0.1


def alarmed(*more: object) -> Call:
    bus = Bus()
    bridge = Bridge(bus, lambda command: None)
    replay.play((*replay.person(T), *more) if not more else (*replay.on_hold(T), *more), bus.publish)  # type: ignore[arg-type]
    bridge.close()
    call = bridge.state.alarm
    assert call is not None
    return call


@pytest.fixture
def make(qtbot: QtBot, theme: Theme, gateway: Gateway) -> Iterator[Callable[[Call], Ringing]]:
    windows: list[PickupWindow] = []

    def made(call: Call) -> Ringing:
        bridge = Bridge(Bus(), gateway.do)

        def attempt(command: Command) -> str:
            return bridge.attempt(command)

        now = [50.0]
        window = PickupWindow(theme, attempt, lambda: now[0])
        silenced: list[bool] = []
        window.silenced.connect(lambda: silenced.append(True))
        windows.append(window)
        window.show_call(call, new=True)
        qtbot.waitExposed(window)
        return Ringing(window, gateway, now, silenced)

    yield made
    for window in windows:
        window.put_away()
        window.close()
        window.deleteLater()


def test_it_says_what_matters(make: Callable[[Call], Ringing]) -> None:
    window = make(alarmed()).window
    assert window.isVisible()
    assert window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    assert window.sentence.text() == "A person is speaking!"
    assert "Hello, this is Dana speaking" in window.words.text()
    assert "Acme Insurance" in window.whom.text()
    assert "cancel my policy" in window.whom.text()
    assert "a voice not heard before in this call" in window.why.text()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_picks_up(qtbot: QtBot, make: Callable[[Call], Ringing], key: Qt.Key) -> None:
    ringing = make(alarmed())
    ringing.later()
    qtbot.keyClick(ringing.window, key)
    assert ringing.gateway.did == [PickUp(ACME)]


def test_enter_meant_for_another_window_does_not_pick_up(
    qtbot: QtBot, make: Callable[[Call], Ringing]
) -> None:
    ringing = make(alarmed())
    qtbot.keyClick(ringing.window, Qt.Key.Key_Return)
    qtbot.keyClick(ringing.window.pick_up, Qt.Key.Key_Return)
    assert ringing.gateway.did == []


def test_enter_on_the_focused_button_is_that_button(qtbot: QtBot, make: Callable[[Call], Ringing]) -> None:
    ringing = make(alarmed())
    ringing.later()
    qtbot.keyClick(ringing.window.pick_up, Qt.Key.Key_Return)
    assert ringing.gateway.did == [PickUp(ACME)]


def test_esc_silences_and_says_so(qtbot: QtBot, make: Callable[[Call], Ringing]) -> None:
    ringing = make(alarmed())
    ringing.later()
    qtbot.keyClick(ringing.window, Qt.Key.Key_Escape)
    assert ringing.silenced == [True]
    assert ringing.window.isVisible()
    assert "The call goes on" in ringing.window.note.text()
    assert ringing.gateway.did == []


def test_closing_is_no_answer(make: Callable[[Call], Ringing]) -> None:
    ringing = make(alarmed())
    assert not ringing.window.close()
    assert ringing.window.isVisible()
    assert ringing.silenced == [True]


@pytest.mark.parametrize(("button", "wish"), [("not_a_person", NotAPerson(ACME)), ("hang_up", HangUp(ACME))])
def test_the_other_answers(qtbot: QtBot, make: Callable[[Call], Ringing], button: str, wish: Command) -> None:
    ringing = make(alarmed())
    qtbot.mouseClick(getattr(ringing.window, button), Qt.MouseButton.LeftButton)
    assert ringing.gateway.did == [wish]


def test_a_refusal_is_shown_in_it(qtbot: QtBot, make: Callable[[Call], Ringing]) -> None:
    ringing = make(alarmed())
    ringing.gateway.refusal = ValueError("The line was lost.")
    qtbot.mouseClick(ringing.window.pick_up, Qt.MouseButton.LeftButton)
    assert ringing.window.note.text() == "The line was lost."
    assert ringing.window.isVisible()


def test_a_question_cannot_be_not_a_person(make: Callable[[Call], Ringing]) -> None:
    window = make(alarmed(UserNeeded(T + 230, ACME, "They ask for your birthday."))).window
    assert window.words.text() == "They ask for your birthday."
    assert window.pick_up.text() == "Take the call"
    assert not window.not_a_person.isVisible()


def test_it_grows_with_what_it_says(make: Callable[[Call], Ringing]) -> None:
    window = make(alarmed()).window
    before = window.minimumHeight()
    window.say("No audio device: connect a headset, or a microphone and a speaker. " * 4)
    assert window.minimumHeight() > before
    assert window.height() >= window.heightForWidth(window.width())


def test_put_away_it_may_be_closed(make: Callable[[Call], Ringing]) -> None:
    ringing = make(alarmed())
    ringing.window.put_away()
    assert not ringing.window.isVisible()
    assert ringing.window.close()
    assert ringing.silenced == []
