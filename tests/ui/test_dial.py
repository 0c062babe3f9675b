"""Asking for a call by typing and clicking."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.commands import PlaceCall, SlayHold
from tests.ui import replay
from tests.ui.conftest import PLACES, Desk
from ui.dial import EMPTY, Target, find_target
from ui.widgets.words import Button


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("acme insurance", Target("+15550100199", "Acme Insurance", "acme")),
        ("Acme Insurance · +15550100199", Target("+15550100199", "Acme Insurance", "acme")),
        ("lark", Target("sip:desk@lark.example", "Lark Airlines", "lark")),
        ("+1 (555) 010-0199", Target("+1 (555) 010-0199", "Acme Insurance", "acme")),
        ("SIP:desk@lark.example", Target("SIP:desk@lark.example", "Lark Airlines", "lark")),
        (" 555 0123 ", Target("555 0123")),
        ("sip:somebody@example.com", Target("sip:somebody@example.com")),
        ("1-800-FLOWERS", Target("1-800-FLOWERS")),
    ],
)
def test_what_is_meant(text: str, target: Target) -> None:
    assert find_target(text, PLACES) == target


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", EMPTY),
        ("   ", EMPTY),
        ("acme", "Which one do you mean: Acme Insurance, Acme Bank?"),
        ("nobody", "No company called “nobody” is known here. Type its phone number instead."),
    ],
)
def test_what_is_not_understood(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        find_target(text, PLACES)
    assert str(caught.value) == sentence


def test_typing_and_clicking_slays(qtbot: QtBot, desk: Desk) -> None:
    dial = desk.window.dial
    qtbot.keyClicks(dial.number, "+1 555 010 7777")
    qtbot.keyClicks(dial.intent, "cancel my order")
    qtbot.mouseClick(dial.slay, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [SlayHold("+1 555 010 7777", "cancel my order")]
    assert dial.number.text() == dial.intent.text() == ""


def test_enter_goes_on_to_the_intent_and_then_slays(qtbot: QtBot, desk: Desk) -> None:
    dial = desk.window.dial
    qtbot.keyClicks(dial.number, "Lark Airlines")
    dial.number.completer().popup().hide()
    qtbot.keyClick(dial.number, Qt.Key.Key_Return)
    assert desk.gateway.did == []
    qtbot.keyClicks(dial.intent, "change my flight")
    qtbot.keyClick(dial.intent, Qt.Key.Key_Return)
    assert desk.gateway.did == [
        SlayHold("sip:desk@lark.example", "change my flight", "Lark Airlines", "lark")
    ]


def test_call_is_an_everyday_call(qtbot: QtBot, desk: Desk) -> None:
    qtbot.keyClicks(desk.window.dial.number, "+15550107777")
    qtbot.mouseClick(desk.window.dial.call, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [PlaceCall("+15550107777")]


def test_a_known_company_is_a_click(qtbot: QtBot, desk: Desk) -> None:
    dial = desk.window.dial
    chip = next(b for b in dial.findChildren(Button) if b.text() == "Lark Airlines")
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert dial.number.text() == "Lark Airlines"


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(qtbot: QtBot, desk: Desk) -> None:
    dial = desk.window.dial
    qtbot.keyClicks(dial.number, "nobody")
    qtbot.keyClicks(dial.intent, "a refund")
    qtbot.mouseClick(dial.slay, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == []
    assert dial.number_error.isVisible()
    assert "nobody" in dial.number_error.text()
    assert (dial.number.text(), dial.intent.text()) == ("nobody", "a refund")
    qtbot.keyClicks(dial.number, " else")
    assert not dial.number_error.isVisible()


def test_a_refusal_of_the_gateway_is_said_there_too(qtbot: QtBot, desk: Desk) -> None:
    dial = desk.window.dial
    desk.gateway.refusal = ValueError("“12” is too short for a telephone number.")
    qtbot.keyClicks(dial.number, "12")
    qtbot.mouseClick(dial.slay, Qt.MouseButton.LeftButton)
    assert dial.number_error.text() == "“12” is too short for a telephone number."
    assert dial.number.text() == "12"
    assert desk.bridge.state.notice is None


@pytest.mark.parametrize("by_enter", [False, True])
def test_an_emergency_number_is_dialled_straight_through(qtbot: QtBot, desk: Desk, by_enter: bool) -> None:
    dial = desk.window.dial
    qtbot.keyClicks(dial.intent, "whatever")
    qtbot.keyClicks(dial.number, "911")
    assert dial.notice_box.isVisible()
    assert "911 is an emergency number" in dial.notice.text()
    assert dial.slay.text() == "Call now"
    assert not dial.call.isVisible()
    if by_enter:
        qtbot.keyClick(dial.number, Qt.Key.Key_Return)
    else:
        qtbot.mouseClick(dial.slay, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [PlaceCall("911")]
    assert dial.slay.text() == "Slay hold"


def test_intents_of_the_chosen_company_are_suggested(desk: Desk) -> None:
    dial = desk.window.dial
    dial.number.setText("Acme Insurance")
    assert dial.intent.completer().model().rowCount() == 2
    dial.number.setText("Lark Airlines")
    assert dial.intent.completer().model().rowCount() == 0


def test_a_user_without_an_account_is_told_what_to_do_and_can_practise(qtbot: QtBot, desk: Desk) -> None:
    dial, asked = desk.window.dial, []
    dial.practise_asked.connect(lambda: asked.append(True))
    assert not dial.first_run.isVisible()
    dial.welcome()
    assert dial.first_run.isVisible()
    qtbot.mouseClick(dial.practise, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dial.practise, Qt.MouseButton.LeftButton)  # it is opening: once is enough
    assert asked == [True]
    dial.practice_opened()
    assert dial.practise.isEnabled()
    replay.play(replay.navigating(1000.0), desk.bus.publish)
    desk.window.show_state(desk.bridge.state)
    assert not dial.first_run.isVisible()
