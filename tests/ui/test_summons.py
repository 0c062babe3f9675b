"""What calls the user, when, and what stops it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from engine.call import CallId, EndReason
from engine.commands import NotAPerson, PickUp
from engine.events import CallEnded, PersonDismissed, PersonFound, UserNeeded, VoiceConnected
from tests.ui import replay
from tests.ui.conftest import Gateway
from tests.ui.replay import ACME, LARK
from ui.bridge import Bridge
from ui.notify import Action
from ui.pickup import PickupWindow
from ui.summons import Summons
from ui.theme import Theme

T = 1000.0


@dataclass
class Bell:
    """Notes what it is told; ``broken`` makes it refuse."""

    heard: list[str] = field(default_factory=list)
    broken: str = ""

    def ring(self) -> None:
        self._note("ring")

    def cue(self) -> None:
        self._note("cue")

    def silence(self) -> None:
        self.heard.append("silence")

    def _note(self, sound: str) -> None:
        if self.broken:
            raise RuntimeError(self.broken)
        self.heard.append(sound)


@dataclass
class Notes:
    """In place of the notifier."""

    shown: list[tuple[str, str]] = field(default_factory=list)
    actions: tuple[Action, ...] = ()
    withdrawn: int = 0
    urgent: bool = False

    def show(
        self, title: str, text: str, actions: Sequence[Action], clicked: Callable[[], object], urgent: bool
    ) -> None:
        self.urgent = urgent
        self.shown.append((title, text))
        self.actions = tuple(actions)

    def withdraw(self) -> None:
        self.withdrawn += 1


class Room:
    """Everything that calls the user, on a bus."""

    def __init__(self, qtbot: QtBot, theme: Theme, gateway: Gateway) -> None:
        self.bus, self.gateway = Bus(), gateway
        self.bridge = Bridge(self.bus, gateway.do)
        self.bell, self.notes = Bell(), Notes()
        self.came_back: list[bool] = []
        self.pickup = PickupWindow(theme, self.bridge.attempt)
        qtbot.addWidget(self.pickup, before_close_func=lambda w: w.put_away())
        self.summons = Summons(
            self.pickup,
            self.bell,
            self.notes,  # type: ignore[arg-type]
            self.bridge.do,
            lambda: self.came_back.append(True),
        )
        self.bridge.changed.connect(self.summons.show_state)


@pytest.fixture
def room(qtbot: QtBot, theme: Theme, gateway: Gateway) -> Room:
    return Room(qtbot, theme, gateway)


def test_nothing_calls_while_it_waits(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.on_hold(T), room.bus.publish)
    qtbot.wait(80)
    assert room.bell.heard == []
    assert not room.pickup.isVisible()


def test_maybe_is_a_quiet_cue_and_no_window(room: Room) -> None:
    replay.play(replay.maybe(T), room.bus.publish)
    assert [sound for sound in room.bell.heard if sound != "silence"] == ["cue"]
    assert not room.pickup.isVisible()
    assert room.notes.shown == []


def test_a_person_rings_once_shows_the_window_and_notifies(room: Room) -> None:
    replay.play(replay.person(T), room.bus.publish)
    room.bus.publish(PersonFound(T + 240, ACME, "hello, anybody there", 231.5, ("still there",)))
    assert [sound for sound in room.bell.heard if sound != "silence"] == ["cue", "ring"]
    assert room.pickup.isVisible()
    assert room.pickup.words.text() == "“hello, anybody there”"
    ((title, text),) = room.notes.shown
    assert room.notes.urgent
    assert title == "A person is speaking! · Acme Insurance"
    assert "this is Dana" in text


def test_the_notifications_buttons_act(room: Room) -> None:
    replay.play(replay.person(T), room.bus.publish)
    assert [action.title for action in room.notes.actions] == ["Pick up", "Not a person"]
    for action in room.notes.actions:
        action.pressed()
    assert room.gateway.did == [PickUp(ACME), NotAPerson(ACME)]


@pytest.mark.parametrize(
    "end",
    [
        PersonDismissed(T + 240, ACME, "an advert"),
        VoiceConnected(T + 240, ACME, True),
        CallEnded(T + 240, ACME, EndReason.DROPPED, "Acme hung up.", False),
    ],
)
def test_all_of_it_stops_together(qtbot: QtBot, room: Room, end: object) -> None:
    replay.play(replay.person(T), room.bus.publish)
    room.bus.publish(end)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: not room.pickup.isVisible())
    assert room.bell.heard[-1] == "silence"
    assert room.notes.withdrawn > 0


def test_a_question_rings_too(room: Room) -> None:
    replay.play(replay.on_hold(T), room.bus.publish)
    room.bus.publish(UserNeeded(T + 230, ACME, "They ask for your birthday."))
    assert "ring" in room.bell.heard
    assert [action.title for action in room.notes.actions] == ["Pick up"]
    assert room.notes.shown[0][1] == "They ask for your birthday."


def test_the_next_person_is_called_for_when_the_first_is_picked_up(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.person(T), room.bus.publish)
    replay.play(replay.person(T + 5, LARK), room.bus.publish)
    assert room.pickup.call == ACME
    room.bus.publish(VoiceConnected(T + 241, ACME, True))
    qtbot.waitUntil(lambda: room.pickup.call == LARK)
    assert room.bell.heard.count("ring") == 2


def test_a_bell_that_cannot_ring_says_so_where_it_matters(room: Room) -> None:
    room.bell.broken = "No sound device: it cannot ring."
    replay.play(replay.person(T), room.bus.publish)
    assert room.pickup.isVisible()
    assert room.pickup.note.text() == "No sound device: it cannot ring."


def test_silenced_by_the_user_it_stays_silent(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.person(T), room.bus.publish)
    room.pickup.close()
    assert room.bell.heard[-1] == "silence"
    room.bus.publish(PersonFound(T + 240, ACME, "hello?", 231.5, ()))
    assert room.bell.heard[-1] == "silence"
    qtbot.mouseClick(room.pickup.pick_up, Qt.MouseButton.LeftButton)
    assert room.gateway.did == [PickUp(ACME)]


def test_an_unknown_call_calls_nobody(room: Room) -> None:
    room.bus.publish(PersonFound(T, CallId("ghost"), "boo", 0, ()))
    assert room.bell.heard == []


def test_a_call_lost_while_waiting_is_told_once_and_quietly(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.on_hold(T), room.bus.publish)
    qtbot.wait(80)
    ended = CallEnded(T + 240, ACME, EndReason.LINE_LOST, "The line was lost. Call again.", False)
    room.bus.publish(ended)
    room.bridge.say("something else")
    assert room.notes.shown == [("The line was lost", "The line was lost. Call again.")]
    assert not room.notes.urgent
    assert "ring" not in room.bell.heard


def test_a_call_that_the_user_ended_is_no_news(qtbot: QtBot, room: Room) -> None:
    replay.play(replay.on_hold(T), room.bus.publish)
    qtbot.wait(80)
    room.bus.publish(CallEnded(T + 240, ACME, EndReason.COMPLETED, "You hung up.", True))
    assert room.notes.shown == []
