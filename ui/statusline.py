"""The bottom of the window: line, sound and recogniser, in words, with a sign whether each is ready."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QWidget

from ui import sentences
from ui.sentences import Status
from ui.theme import Space, Theme, pixmap
from ui.viewstate import WindowState
from ui.widgets.words import Words

BESIDE_PX = 700
"""From this width on the entries stand beside one another: below it, three columns of words would be too narrow."""


class StatusEntry(QWidget):
    """An icon and a sentence. Trouble changes the icon too, not only its colour."""

    def __init__(self, theme: Theme, icon: str, name: str) -> None:
        super().__init__()
        self._theme, self._icon = theme, icon
        self._status = Status("", None)
        self._name = name
        self._drawn: tuple[str, str] = ("", "")
        self.sign = QLabel()
        self.sign.setFixedSize(QSize(18, 18))
        self.words = Words("soft")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.sign)
        row.addWidget(self.words, 1)
        theme.changed.connect(self._draw)

    def show_status(self, status: Status) -> None:
        """Show ``status``."""
        self._status = status
        self.words.say(status.text)
        self.words.setAccessibleName(f"{self._name}: {status.text}")
        self._draw()

    def _draw(self) -> None:
        icon = "alert" if self._status.good is False else self._icon
        colour = self._theme.colours[{True: "go", False: "stop", None: "faint"}[self._status.good]]
        if (icon, colour) != self._drawn:
            self._drawn = (icon, colour)
            self.sign.setPixmap(pixmap(icon, 18, colour, self.devicePixelRatioF()))


class StatusLine(QFrame):
    """Line, sound, recogniser."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("statusline")
        self.trunk = StatusEntry(theme, "line", "Telephone line")
        self.sound = StatusEntry(theme, "speaker", "Sound")
        self.recogniser = StatusEntry(theme, "ear", "Speech recogniser")
        self._entries = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._entries.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        for entry in (self.trunk, self.sound, self.recogniser):
            self._entries.addWidget(entry, 1)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside or beneath one another."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        beside = self.width() >= BESIDE_PX
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._entries.direction() is not direction:
            self._entries.setDirection(direction)
        self._entries.setSpacing(Space.XL if beside else Space.XS)

    def show_state(self, state: WindowState) -> None:
        """Show what ``state`` says of them."""
        self.trunk.show_status(sentences.trunk_status(state))
        self.sound.show_status(sentences.sound_status(state))
        self.recogniser.show_status(sentences.recogniser_status(state))
