"""A running call as the user sees and steers it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.call import EndReason, LineState, Mode, Phase
from engine.commands import (
    AnswerCall,
    GiveBack,
    HangUp,
    Mute,
    NotAPerson,
    PickUp,
    PlaceCall,
    PressDigits,
    SlayHold,
    TakeOver,
    ThatIsAPerson,
)
from engine.events import (
    CallBegan,
    CallEnded,
    Caption,
    Event,
    LineChanged,
    LineProcess,
    PersonFound,
    PhaseChanged,
    Span,
    StepEntered,
    UserNeeded,
    VoiceConnected,
)
from tests.ui import replay
from tests.ui.conftest import Desk
from tests.ui.replay import ACME
from ui.live import CallCard
from ui.widgets.words import Button

T = 1000.0


def shown(desk: Desk, *events: Event, at: float = T + 240) -> CallCard:
    """Publish, let the window show it at ``at``, and return the card of the call."""
    replay.play(events, desk.bus.publish)
    desk.now[0] = at
    desk.window.show_state(desk.bridge.state)
    card = desk.window.calls.card(ACME)
    assert card is not None
    card.tick(at)
    return card


def visible(card: CallCard) -> set[str]:
    return {b.text() for b in card.findChildren(Button) if b.isVisible() and b.text()}


def click(qtbot: QtBot, button: Button) -> None:
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_on_hold(desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T), at=T + 240)
    assert card.sentence.text() == "Waiting on hold with Acme Insurance · 3\u00a0min"
    assert card.clock.text() == "4:00"
    assert card.queue.accessibleName().replace("\u00a0", " ") == (
        "You are 4th in line · about 5 min left · be back in 2 min"
    )
    assert card.now_heard.text() == "Music"
    assert "You are number four in the queue." in card.captions.toPlainText()
    assert card.pressed.text() == "Pressed: 2"
    assert visible(card) == {"Take over", "That is a person", "Keypad", "Hang up"}


def test_time_goes_on_by_itself(desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T), at=T + 240)
    card.tick(T + 300)
    assert card.sentence.text() == "Waiting on hold with Acme Insurance · 4\u00a0min"
    assert card.clock.text() == "5:00"


def test_a_person_is_in_the_banner_with_one_clear_action(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.person(T))
    assert card.sentence.text() == "A person is speaking!"
    assert card.banner.isVisible()
    assert "this is Dana" in card.banner.words.text()
    assert "a voice not heard before" in card.banner.why.text()
    assert visible(card) == {"Pick up", "Not a person", "Why?", "Keypad", "Hang up"}
    click(qtbot, card.banner.pick_up)
    click(qtbot, card.banner.not_a_person)
    assert desk.gateway.did == [PickUp(ACME), NotAPerson(ACME)]


def test_a_question_has_no_not_a_person(desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T), UserNeeded(T + 230, ACME, "They ask for your birthday."))
    assert card.banner.words.text() == "They ask for your birthday."
    assert not card.banner.not_a_person.isVisible()


def test_the_wishes_of_a_waiting_call(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T))
    for button in (card.take_over, card.that_is_a_person, card.hang_up):
        click(qtbot, button)
    assert desk.gateway.did == [TakeOver(ACME), ThatIsAPerson(ACME), HangUp(ACME)]


def test_talking(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.talking(T))
    assert not card.banner.isVisible()
    assert visible(card) == {"Give back", "Mute", "That was a recording", "Why?", "Keypad", "Hang up"}
    click(qtbot, card.mute)
    assert card.mute.text() == "Unmute"
    click(qtbot, card.mute)
    click(qtbot, card.give_back)
    assert desk.gateway.did == [Mute(ACME, True), Mute(ACME, False), GiveBack(ACME)]


def test_without_a_sound_device_it_says_so_and_offers_to_connect_one(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.talking(T), VoiceConnected(T + 240, ACME, False))
    assert card.sentence.text() == "Acme Insurance is on the line"
    assert card.trouble_box.isVisible()
    assert "cannot hear or be heard" in card.trouble.text()
    assert visible(card) >= {"Connect sound", "Give back", "Keypad", "Hang up"}
    assert "Mute" not in visible(card)
    click(qtbot, card.connect_sound)
    assert desk.gateway.did == [PickUp(ACME)]
    shown(desk, VoiceConnected(T + 250, ACME, True))
    assert not card.trouble_box.isVisible()


def test_a_lost_line_is_said_and_one_click_calls_again_with_the_same_flow(qtbot: QtBot, desk: Desk) -> None:
    lost = "The telephone line stopped unexpectedly. It is back; call again."
    card = shown(
        desk,
        *replay.on_hold(T),
        StepEntered(T + 100, ACME, "acme-flow", "wait"),
        LineProcess(T + 230, "line0", False, "it was killed"),
        CallEnded(T + 230, ACME, EndReason.LINE_LOST, lost, False),
        LineProcess(T + 231, "line0", True),
    )
    assert card.sentence.text() == "The line was lost"
    assert card.ending.text() == lost
    assert visible(card) == {"Call again", "Close"}
    click(qtbot, card.again)
    (wish,) = desk.gateway.did
    assert isinstance(wish, SlayHold)
    assert wish.flow == "acme-flow"


def test_a_guess_is_shown_as_a_guess(desk: Desk) -> None:
    card = shown(
        desk, *replay.on_hold(T), Caption(T + 230, ACME, "how can eye help", Span(228, 230), 0.2, True)
    )
    assert "unclear  how can eye help" in card.captions.toPlainText()
    shown(desk, PersonFound(T + 231, ACME, "how can eye help", 228, ("a new voice",), 0.2))
    assert card.banner.words.text() == "Hard to make out, perhaps “how can eye help”"


def test_a_refused_mute_does_not_look_muted(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.talking(T))
    desk.gateway.refusal = ValueError("No microphone.")
    click(qtbot, card.mute)
    assert card.mute.text() == "Mute"
    assert not card.mute.isChecked()
    assert desk.window.notice.text() == "No microphone."


def test_the_keypad_by_mouse_and_by_typing(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T))
    assert not card.keypad.isVisible()
    click(qtbot, card.keys)
    assert card.keypad.isVisible()
    qtbot.mouseClick(card.keypad.key("*"), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(card.keypad, "5#d")
    assert desk.gateway.did == [PressDigits(ACME, digit) for digit in ("*", "5", "#", "D")]


def test_an_incoming_call_is_answered_or_declined(qtbot: QtBot, desk: Desk) -> None:
    card = shown(
        desk,
        CallBegan(T, ACME, "+15550123", "", "", Mode.DIRECT, incoming=True),
        LineChanged(T, ACME, LineState.EARLY),
    )
    assert card.sentence.text() == "+15550123 is calling"
    assert visible(card) == {"Answer", "Decline"}
    click(qtbot, card.answer)
    click(qtbot, card.hang_up)
    assert desk.gateway.did == [AnswerCall(ACME), HangUp(ACME)]


@pytest.mark.parametrize("mode", list(Mode))
def test_an_ended_call_says_why_and_can_be_made_again(qtbot: QtBot, desk: Desk, mode: Mode) -> None:
    card = shown(
        desk,
        CallBegan(T, ACME, "+15550123", "Acme", "refund", mode),
        CallEnded(T + 4, ACME, EndReason.BUSY, "Acme is busy. Try again later.", False, 486),
    )
    assert card.sentence.text() == "Acme is busy"
    assert card.ending.text() == "Acme is busy. Try again later."
    assert card.clock.text() == "0:04"
    assert visible(card) == {"Call again", "Close"}
    click(qtbot, card.again)
    wish = (
        SlayHold("+15550123", "refund", "Acme")
        if mode is Mode.HOLD_SLAYER
        else PlaceCall("+15550123", "Acme")
    )
    assert desk.gateway.did == [wish]
    assert desk.window.calls.cards == ()


def test_an_ended_call_is_closed(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.navigating(T), CallEnded(T + 30, ACME, EndReason.DROPPED, "Gone.", False))
    click(qtbot, card.close_card)
    assert desk.bridge.state.calls == ()


def test_several_calls_the_newest_on_top(desk: Desk) -> None:
    replay.play(replay.busy(T - 60), desk.bus.publish)
    shown(desk, *replay.on_hold(T))
    assert [card.call.id for card in desk.window.calls.cards] == [ACME, replay.LARK]
    first, second = desk.window.calls.cards
    assert first.captions.maximumHeight() < 200
    desk.bridge.forget(replay.LARK)
    assert first.captions.maximumHeight() > 10_000
    assert second is not first


def test_a_direct_call_is_not_offered_to_the_program(desk: Desk) -> None:
    card = shown(
        desk,
        CallBegan(T, ACME, "+15550123", "Acme", "", Mode.DIRECT),
        LineChanged(T + 1, ACME, LineState.CONFIRMED),
        VoiceConnected(T + 1, ACME, True),
    )
    assert visible(card) == {"Mute", "Keypad", "Hang up"}


def test_taken_over(desk: Desk) -> None:
    card = shown(
        desk,
        *replay.on_hold(T),
        VoiceConnected(T + 230, ACME, True),
        PhaseChanged(T + 230, ACME, Phase.HOLDING, Phase.MANUAL, "you took over"),
    )
    assert card.sentence.text() == "You have taken over"
    assert "Give back" in visible(card)
    assert "That is a person" not in visible(card)


@pytest.mark.parametrize("trouble", [False, True])
def test_nothing_of_a_card_is_cut_off_in_the_narrowest_window(
    qtbot: QtBot, desk: Desk, trouble: bool
) -> None:
    desk.window.resize(desk.window.minimumSize())
    card = shown(desk, *replay.on_hold(T))
    if trouble:
        shown(desk, *replay.talking(T), VoiceConnected(T + 240, ACME, False))
    qtbot.wait(50)
    assert card.width() <= desk.window.calls.viewport().width()
    desk.window.resize(1200, 800)
    qtbot.waitUntil(lambda: card.hang_up.y() == card.keys.y())
