"""The crossing between bus and Qt."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from engine.bus import Bus
from engine.call import CallId
from engine.commands import HangUp, PlaceCall
from engine.events import Caption, PersonFound, Span
from tests.conftest import WarningsLogged
from tests.ui import replay
from tests.ui.conftest import Gateway
from ui.bridge import Bridge
from ui.viewstate import WindowState

WISH = HangUp(CallId("a"))


class Told:
    """Counts what the bridge says."""

    def __init__(self, bridge: Bridge) -> None:
        self.states: list[WindowState] = []
        bridge.changed.connect(self.states.append)


def caption(number: int) -> Caption:
    return Caption(number, replay.ACME, f"words {number}", Span(number, number + 1), 0.9, True)


def test_a_burst_of_events_is_told_once(qtbot: QtBot, gateway: Gateway) -> None:
    bus = Bus()
    bridge = Bridge(bus, gateway.do)
    bus.publish(replay.began(0))
    told = Told(bridge)
    for number in range(200):
        bus.publish(caption(number))
    assert told.states == []
    qtbot.waitUntil(lambda: len(told.states) > 0)
    assert len(told.states) == 1
    assert len(told.states[0].calls[0].captions) == 200
    bridge.close()


def test_a_person_is_told_at_once_with_all_that_came_before(qtbot: QtBot, gateway: Gateway) -> None:
    bus = Bus()
    bridge = Bridge(bus, gateway.do)
    bus.publish(replay.began(0))
    told = Told(bridge)
    bus.publish(caption(1))
    bus.publish(PersonFound(2, replay.ACME, "hello", 1, ()))
    (state,) = told.states
    assert state.alarm is not None
    assert len(state.calls[0].captions) == 1
    qtbot.wait(80)
    assert len(told.states) == 1  # the caption was told with it
    bridge.close()


def test_what_happened_before_the_window_came_is_known(gateway: Gateway) -> None:
    bus = Bus()
    replay.play(replay.on_hold(0), bus.publish)
    bridge = Bridge(bus, gateway.do)
    assert bridge.state.calls[0].position == 4
    bridge.close()


def test_an_event_off_the_main_thread_is_refused(
    qtbot: QtBot, gateway: Gateway, expected_warnings: WarningsLogged
) -> None:
    bus = Bus()
    bridge = Bridge(bus, gateway.do)
    told = Told(bridge)
    thread = threading.Thread(target=lambda: bus.publish(replay.began(0)))
    thread.start()
    thread.join()
    assert told.states == []
    assert bridge.state.calls == ()
    assert "a handler of CallBegan failed" in expected_warnings.messages
    bridge.close()


def test_events_after_close_go_nowhere(qtbot: QtBot, gateway: Gateway) -> None:
    bus = Bus()
    bridge = Bridge(bus, gateway.do)
    bridge.close()
    bus.publish(replay.began(0))
    assert bridge.state.calls == ()


def test_a_refusal_is_shown(gateway: Gateway) -> None:
    bridge = Bridge(Bus(), gateway.do)
    gateway.refusal = ValueError("The line is busy with something else.")
    assert bridge.do(WISH) is False
    assert bridge.state.notice is not None
    assert bridge.state.notice.text == "The line is busy with something else."
    gateway.refusal = None
    assert bridge.do(WISH) is True
    assert gateway.did == [WISH]


def test_an_attempt_leaves_the_showing_to_the_caller(gateway: Gateway) -> None:
    bridge = Bridge(Bus(), gateway.do)
    gateway.refusal = ValueError("No.")
    assert bridge.attempt(WISH) == "No."
    assert bridge.state.notice is None


@pytest.mark.allow_warnings("a fault without words is logged with its trace")
def test_a_fault_without_words_is_not_silent(gateway: Gateway) -> None:
    bridge = Bridge(Bus(), gateway.do)
    gateway.refusal = KeyError()
    assert "KeyError" in bridge.attempt(WISH)


def test_a_call_asked_for_during_the_start_is_said_to_wait(gateway: Gateway) -> None:
    bridge = Bridge(Bus(), gateway.do)
    assert bridge.attempt(PlaceCall("911")) == ""
    assert bridge.state.notice is not None
    assert "the moment it is up" in bridge.state.notice.text
    bridge.started()
    assert bridge.state.notice is None
    bridge.attempt(PlaceCall("911"))
    assert bridge.state.notice is None
    bridge.close()
