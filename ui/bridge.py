"""The only crossing between the bus and Qt.

    engine --event--> Bus --reduce--> state --(at most 20 a second)--> changed(state) --> widgets, tray, notifications
    widgets --command--> Bridge.do --> gateway.do

Many events come in bursts (captions, sounds); painting each would starve the loop, so one signal carries the newest
state. What the user waits for - a person - is told at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from engine.bus import Bus
from engine.call import CallId
from engine.commands import Command, PlaceCall, SlayHold
from engine.events import (
    BackOnHold,
    CallBegan,
    CallEnded,
    Event,
    Learned,
    PersonFound,
    PersonSuspected,
    UserNeeded,
)
from ui import viewstate
from ui.viewstate import WindowState

log = logging.getLogger(__name__)

KEPT = "The telephone line is starting. Your call is dialled the moment it is up."

INTERVAL_MS = 50
"""Shortest time between two ``changed``: 20 a second look fluent and leave the loop free."""

_AT_ONCE = (PersonFound, PersonSuspected, UserNeeded, BackOnHold, Learned, CallBegan, CallEnded)


class Bridge(QObject):
    """Holds the state the window shows; lives on the main thread, as the bus's handlers do."""

    changed = Signal(object)
    """The newest ``WindowState``. Never emitted off the main thread."""

    def __init__(self, bus: Bus, do: Callable[[Command], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._do = do
        self._state = WindowState()
        for event in bus.history:
            self._state = viewstate.reduce(self._state, event)
        self._due = QTimer(self, singleShot=True, interval=INTERVAL_MS)
        self._due.timeout.connect(self._tell)
        self._unsubscribe = bus.subscribe_all(self._heard)

    @property
    def state(self) -> WindowState:
        """The newest state, told or not."""
        return self._state

    def close(self) -> None:
        """Hear no more events."""
        self._unsubscribe()
        self._due.stop()

    def do(self, command: Command) -> bool:
        """Carry out a wish; when it is refused, say why across the top of the window. True when it was taken."""
        refusal = self.attempt(command)
        if refusal:
            self.say(refusal)
        return not refusal

    def attempt(self, command: Command) -> str:
        """Carry out a wish. Returns "" when it was taken, else the sentence why not, to be shown by the caller."""
        try:
            self._do(command)
        except Exception as error:
            # Refusals are sentences by the house's rule. A fault without words must not pass in silence either.
            words = str(error).strip()
            if words:
                log.info("%s was refused: %s", type(command).__name__, type(error).__name__)
                return words
            log.exception("%s failed", type(command).__name__)
            return f"That did not work ({type(error).__name__}). The log tells more."
        if self._state.starting and isinstance(command, SlayHold | PlaceCall) and not self._state.live:
            self.say(KEPT)
        return ""

    def say(self, text: str) -> None:
        """Show a sentence across the top of the window; empty: take it away."""
        self._put(viewstate.noticed(self._state, text))

    def forget(self, call: CallId) -> None:
        """No longer show an ended call."""
        self._put(viewstate.forgotten(self._state, call))

    def started(self) -> None:
        """The engine is up: what is not known by now is no longer "starting"."""
        state = self._state
        if state.notice is not None and state.notice.text == KEPT:
            state = viewstate.noticed(state, "")
        self._put(viewstate.started(state))

    def _put(self, state: WindowState) -> None:
        self._state = state
        self._tell()

    def _heard(self, event: Event) -> None:
        if QThread.currentThread() is not self.thread():
            raise RuntimeError("an event came to the window off the main thread: use Bus.post there")
        state = viewstate.reduce(self._state, event)
        if state is self._state:
            return
        self._state = state
        if isinstance(event, _AT_ONCE):
            self._tell()
        elif not self._due.isActive():
            self._due.start()

    def _tell(self) -> None:
        self._due.stop()
        self.changed.emit(self._state)
