"""The wait in plain words, the word on a voice and its undo, the offer to wait again, and why it rang."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.call import Phase
from engine.commands import GiveBack, NotAPerson, StayOn, UndoFeedback
from engine.events import LearningUndone, LineChanged, OfferEnded, PersonDismissed, PhaseChanged
from tests.ui import replay
from tests.ui.conftest import Desk
from tests.ui.replay import ACME
from tests.ui.test_live import T, shown, visible
from tests.ui.test_summons import Room
from tests.ui.test_summons import room as room
from ui.sentences import LEARNED_SHOWN_S, weight_words


def test_the_wait_is_told_in_plain_words_and_counted_down(desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T), at=T + 201)
    said = card.queue.text().replace("\u00a0", " ")
    assert card.queue.accessibleName().replace("\u00a0", " ") == (
        "You are 4th in line · about 6 min left · be back in 3 min"
    ), said
    card.tick(T + 201 + 130)
    assert card.queue.accessibleName().replace("\u00a0", " ").endswith("about 4 min left · stay near")
    card.tick(T + 201 + 340)
    assert card.queue.accessibleName().endswith("any moment now")
    assert card.reckoned.accessibleName() == (
        "Reckoned: as announced; a caller takes about 84 s; from 5 past calls "
        "· Open Monday to Friday, 8 a.m. to 6 p.m."
    )


def test_a_warning_stands_out_while_we_wait(desk: Desk) -> None:
    card = shown(desk, *replay.warned(T))
    assert card.warning.isVisible()
    assert card.warning.words.text().startswith("The company closes in 10 minutes")
    card = shown(desk, PhaseChanged(T + 241, ACME, Phase.HOLDING, Phase.ALERTING, "a person"))
    assert not card.warning.isVisible()


def test_a_lesson_is_undone_with_one_click(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.dismissed(T))
    assert card.learned.isVisible()
    assert card.learned.words.text() == "Learned: that was a recording."
    (undo,) = card.learned.buttons
    assert undo.text() == "Undo"
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [UndoFeedback(ACME)]
    card = shown(desk, LearningUndone(T + 241, ACME), at=T + 241)
    assert not card.learned.isVisible()


def test_the_bar_of_a_lesson_goes_by_itself(desk: Desk) -> None:
    card = shown(desk, *replay.dismissed(T))
    card.tick(T + 236 + LEARNED_SHOWN_S - 1)
    assert card.learned.isVisible()
    card.tick(T + 236 + LEARNED_SHOWN_S)
    assert not card.learned.isVisible()


def test_back_on_hold_it_offers_to_wait(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.back_on_hold(T), at=T + 250)
    assert card.offer.isVisible()
    assert card.offer.words.text() == "You are back on hold. Shall Hold Slayer wait for you?"
    assert card.offer.more.text() == "Heard: hold music"
    stay, wait = card.offer.buttons
    qtbot.mouseClick(wait, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(stay, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [GiveBack(ACME), StayOn(ACME)]
    card = shown(desk, OfferEnded(T + 260, ACME, "somebody speaks again"), at=T + 260)
    assert not card.offer.isVisible()


def test_a_user_who_talks_to_a_recording_can_say_so(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.talking(T), at=T + 240)
    assert "That was a recording" in visible(card)
    qtbot.mouseClick(card.that_was_a_recording, Qt.MouseButton.LeftButton)
    assert desk.gateway.did == [NotAPerson(ACME)]


def test_why_it_rang_is_one_click_away(qtbot: QtBot, desk: Desk) -> None:
    card = shown(desk, *replay.on_hold(T))
    assert "Why?" not in visible(card) and not card.evidence.isVisible()
    card = shown(desk, *replay.person(T))
    qtbot.mouseClick(card.why, Qt.MouseButton.LeftButton)
    assert card.evidence.isVisible()
    lines = card.evidence.toPlainText().splitlines()
    assert lines[0] == "3:53  It rang: a person"
    assert lines[1] == "“how can I help”: offers to help  +4.0 strongly for a person"
    assert "we are waiting in the queue  -1.0 clearly against" in lines
    assert "3:52  Maybe a person" in lines
    qtbot.mouseClick(card.why, Qt.MouseButton.LeftButton)
    assert not card.evidence.isVisible()


def test_a_stand_down_without_pieces_says_its_reason(desk: Desk) -> None:
    card = shown(desk, *replay.person(T), PersonDismissed(T + 239, ACME, "the music is back"))
    card.why.setChecked(True)
    assert card.evidence.toPlainText().splitlines()[:2] == ["3:59  No person", "the music is back"]


@pytest.mark.parametrize(
    ("weight", "words"),
    [(0.3, "weakly for a person"), (-1.5, "clearly against"), (8.0, "strongly for a person")],
)
def test_weights_in_words(weight: float, words: str) -> None:
    assert weight_words(weight) == words


def test_back_on_hold_is_cued_and_notified_quietly(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.back_on_hold(T), room.bus.publish)
    qtbot.waitUntil(lambda: room.notes.shown[-1:] != [] and "Back on hold" in room.notes.shown[-1][0])
    assert room.bell.heard[-1] == "cue"
    assert not room.notes.urgent
    assert [action.title for action in room.notes.actions] == ["Wait for me", "I stay on"]
    room.notes.actions[0].pressed()
    assert room.gateway.did == [GiveBack(ACME)]
    cues, withdrawn = room.bell.heard.count("cue"), room.notes.withdrawn
    room.bus.publish(OfferEnded(T + 260, ACME, "you gave the call back"))
    room.bus.publish(LineChanged(T + 261, ACME, room.bridge.state.calls[0].line))
    qtbot.waitUntil(lambda: room.notes.withdrawn > withdrawn)
    assert room.bell.heard.count("cue") == cues
