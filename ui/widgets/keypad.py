"""The twelve keys of a telephone."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from ui.theme import Space

KEYS = (
    ("1", ""), ("2", "ABC"), ("3", "DEF"),
    ("4", "GHI"), ("5", "JKL"), ("6", "MNO"),
    ("7", "PQRS"), ("8", "TUV"), ("9", "WXYZ"),
    ("*", ""), ("0", ""), ("#", ""),
)  # fmt: skip
"""Digit and letters (ITU-T E.161)."""

_NAMES = {"*": "star", "#": "pound"}


class Keypad(QWidget):
    """Keys to press with the mouse, or typed while the pad has the focus."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Keypad")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(Space.S)
        self._keys: dict[str, QPushButton] = {}
        for index, (digit, letters) in enumerate(KEYS):
            key = QPushButton(digit)
            key.setProperty("kind", "key")
            key.setToolTip(letters)
            key.setAccessibleName(f"Key {_NAMES.get(digit, digit)}")
            key.setFixedSize(QSize(62, 46))
            key.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            key.clicked.connect(lambda _=False, digit=digit: self.pressed.emit(digit))
            grid.addWidget(key, index // 3, index % 3)
            self._keys[digit] = key

    def key(self, digit: str) -> QPushButton:
        """The button of a digit."""
        return self._keys[digit]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit typed is a digit pressed."""
        text = event.text().upper()
        if text in self._keys or (text and text in "ABCD"):
            self.pressed.emit(text)
            return
        super().keyPressEvent(event)
