"""Bars inside a call's card that say one thing and offer what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout

from ui.theme import Space, Theme
from ui.widgets.words import Button, Words, restyle

BESIDE_PX = (0, 380, 560)
"""From this width on a bar's buttons stand beside its words, by how many there are."""


class NoteBar(QFrame):
    """A sentence, a smaller one beneath it, and buttons: title, kind, icon, what a click does."""

    def __init__(
        self, theme: Theme, tone: str, *buttons: tuple[str, str, str, Callable[[], object]], name: str
    ) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setAccessibleName(name)
        restyle(self, tone=tone)
        self.words = Words("strong")
        self.more = Words("soft")
        text = QVBoxLayout()
        text.setSpacing(Space.XS)
        text.addWidget(self.words)
        text.addWidget(self.more)
        self.buttons: tuple[Button, ...] = ()
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for title, kind, icon, act in buttons:
            button = Button(theme, title, kind, icon)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
            self.buttons += (button,)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        self._row.setSpacing(Space.M)
        self._row.addLayout(text, 1)
        self._row.addLayout(row)
        self.hide()

    def say(self, text: str, more: str = "") -> None:
        """Show ``text``; without it the bar takes no room."""
        self.words.say(text)
        self.more.say(more)
        self.setVisible(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons beside the words, or beneath them where room is short."""
        super().resizeEvent(event)
        beside = self.width() >= BESIDE_PX[min(len(self.buttons), len(BESIDE_PX) - 1)]
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._row.direction() is not direction:
            self._row.setDirection(direction)
