"""Calling the user: what rings, comes forward and notifies when a call needs them, and stops when it no longer does.

state.alarm   maybe     -> quiet cue, once
              person    -> ring, pickup window, notification with buttons
              question  -> the same with the question
              none      -> silence, window away, notification withdrawn
the user, talking, is back on hold -> a quiet cue and a notification that offers to wait
a call that waited ended without a person -> a quiet notification that says why
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject

from engine.commands import Command, GiveBack, NotAPerson, PickUp, StayOn
from ui import sentences
from ui.callview import Alarm, Call
from ui.notify import Action, Notifier
from ui.pickup import PickupWindow
from ui.viewstate import WindowState

log = logging.getLogger(__name__)


class Bell(Protocol):
    """Makes itself heard. Each raises with a sentence when it cannot."""

    def ring(self) -> None:
        """Ring until ``silence``."""

    def cue(self) -> None:
        """One quiet sound."""

    def silence(self) -> None:
        """No more sound."""


class Summons(QObject):
    """Follows the state. One call at a time: the surest alarm, then the one that has waited longest."""

    def __init__(
        self,
        pickup: PickupWindow,
        bell: Bell,
        notifier: Notifier,
        do: Callable[[Command], object],
        show_window: Callable[[], object],
    ) -> None:
        super().__init__(pickup)
        self._pickup, self._bell, self._notifier = pickup, bell, notifier
        self._do, self._show_window = do, show_window
        self._for: tuple[str, Alarm, float] | None = None
        self._waiting: set[str] = set()
        self._offered: set[str] = set()
        pickup.silenced.connect(self._silence)

    def show_state(self, state: WindowState) -> None:
        """Call the user, or leave them alone."""
        call = state.alarm
        self._waiting |= {live.id for live in state.live}
        if call is None or call.alarm is None:
            if self._for is not None:
                self._for = None
                self._silence()
                self._pickup.put_away()
                self._notifier.withdraw()
            self._tell_bad_news(state)
            self._tell_offers(state)
            return
        reason = (call.id, call.alarm, call.alarm_at)
        new = reason != self._for
        self._for = reason
        if call.alarm is Alarm.MAYBE:
            if new:
                self._silence()
                self._pickup.put_away()
                self._sound(self._bell.cue)
                self._notifier.withdraw()
            return
        self._pickup.show_call(call, new)
        if new:
            self._sound(self._bell.ring)
            self._notify(call)

    def _tell_bad_news(self, state: WindowState) -> None:
        for call in state.calls:
            if call.id in self._waiting and sentences.is_bad_news(call):
                title = sentences.phase_sentence(call, call.began_at)
                self._notifier.show(title, call.end_text, [], self._show_window, urgent=False)
        self._waiting = {call.id for call in state.live}

    def _tell_offers(self, state: WindowState) -> None:
        offers = {call.id: call for call in state.live if call.offer}
        for call in (offers[new] for new in offers.keys() - self._offered):
            actions = [
                Action("Wait for me", lambda call=call: self._do(GiveBack(call.id))),  # type: ignore[misc]
                Action("I stay on", lambda call=call: self._do(StayOn(call.id))),  # type: ignore[misc]
            ]
            self._sound(self._bell.cue)
            title = f"Back on hold · {call.name}"
            self._notifier.show(
                title, sentences.offer_sentence(call), actions, self._show_window, urgent=False
            )
        if self._offered and not offers:
            self._notifier.withdraw()
        self._offered = set(offers)

    def _notify(self, call: Call) -> None:
        actions = [Action("Pick up", lambda: self._do(PickUp(call.id)))]
        if call.alarm is Alarm.PERSON:
            actions.append(Action("Not a person", lambda: self._do(NotAPerson(call.id))))
        title = f"{sentences.phase_sentence(call, call.alarm_at)} · {call.name}"
        person = call.alarm is Alarm.PERSON
        words = sentences.quoted(call.words, call.unclear) if person else call.words
        self._notifier.show(title, words or call.intent, actions, self._show_window, urgent=True)

    def _sound(self, sound: Callable[[], None]) -> None:
        try:
            sound()
        except Exception as error:
            log.info("the bell is silent: %s", error)
            self._pickup.say(str(error) or "No sound device: it cannot ring.")

    def _silence(self) -> None:
        try:
            self._bell.silence()
        except Exception as error:
            log.info("the bell could not be silenced: %s", error)
