"""All calls, one card each, beneath one another."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from engine.call import CallId
from engine.commands import Command
from ui.live import CallCard
from ui.theme import Space, Theme
from ui.viewstate import WindowState

NARROW_PX = 600
"""Below this width the buttons of a card do not fit beside one another."""
TALL_PX = 500
"""From this height on a card has room for its legend."""


class CallStack(QScrollArea):
    """Cards in the order the calls began, the newest first; a call alone has all the room."""

    closed = Signal(str)

    def __init__(self, theme: Theme, do: Callable[[Command], object]) -> None:
        super().__init__()
        self.setObjectName("calls")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._theme, self._do = theme, do
        self._cards: dict[CallId, CallCard] = {}
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.L)
        self._column.addStretch(0)
        self.setWidget(inside)

    @property
    def cards(self) -> tuple[CallCard, ...]:
        """The cards shown, from the top."""
        return tuple(self._cards[call] for call in reversed(self._cards))

    def card(self, call: CallId) -> CallCard | None:
        """The card of a call."""
        return self._cards.get(call)

    def show_state(self, state: WindowState, now: float) -> None:
        """Show the calls of ``state``."""
        shown = {call.id for call in state.calls}
        changed = False
        for gone in [call for call in self._cards if call not in shown]:
            card = self._cards.pop(gone)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
            changed = True
        for call in state.calls:
            if call.id not in self._cards:
                card = CallCard(self._theme, self._do, call)
                card.closed.connect(self.closed)
                self._cards[call.id] = card
                self._column.insertWidget(0, card)
                card.show_call(call, now)
                changed = True
            elif self._cards[call.id].call is not call:
                self._cards[call.id].show_call(call, now)
        if changed:
            self._share_the_room()

    def tick(self, now: float) -> None:
        """Time has passed."""
        for card in self._cards.values():
            if card.call.live:
                card.tick(now)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new room."""
        super().resizeEvent(event)
        self._share_the_room()

    def _share_the_room(self) -> None:
        alone = len(self._cards) == 1
        for card in self._cards.values():
            self._column.setStretchFactor(card, 1 if alone else 0)
            room = self.viewport()
            card.make_roomy(alone, tall=room.height() >= TALL_PX, narrow=room.width() < NARROW_PX)
