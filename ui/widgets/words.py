"""Labels and buttons in the roles of the theme, so that no widget chooses a size or a colour of its own."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from ui.theme import Theme


def restyle(widget: QWidget, **properties: str) -> None:
    """Set style properties and let the rules see them; costs nothing when they are as they were."""
    changed = False
    for name, value in properties.items():
        if widget.property(name) != value:
            widget.setProperty(name, value)
            changed = True
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Words(QLabel):
    """Text in a role of the type scale: "display", "title", "large", "strong", "body", "soft", "small", "error"."""

    def __init__(self, role: str = "body", text: str = "", wrap: bool = True) -> None:
        super().__init__(text)
        self.setProperty("words", role)
        self.setWordWrap(wrap)
        self.setTextFormat(Qt.TextFormat.PlainText)  # what a company says is never markup
        if wrap:
            self.setMinimumWidth(40)

    def say(self, text: str) -> None:
        """Show ``text``; nothing to show takes no room."""
        if self.text() != text:
            self.setText(text)
        self.setVisible(bool(text))


class ElidedWords(Words):
    """One line of text, cut with "…" where the room ends; the whole of it as a tip."""

    def __init__(self, role: str = "body", text: str = "") -> None:
        super().__init__(role, "", wrap=False)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.say(text)

    def say(self, text: str) -> None:
        """Show ``text``, cut to the width there is."""
        if text != self._whole:
            self._whole = text
            self.setAccessibleName(text)
            self._cut()
        self.setVisible(bool(text))

    def resizeEvent(self, event: object) -> None:
        """Cut anew."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._cut()

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(40, super().minimumSizeHint().height())

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        if shown != self.text():
            self.setText(shown)
            self.setToolTip(self._whole if shown != self._whole else "")


_ICON_ROLE = {
    "primary": "on_accent",
    "go": "on_go",
    "stop": "stop",
    "quiet": "soft",
    "chip": "soft",
    "secondary": "ink",
}


class Button(QPushButton):
    """A button of a kind: "primary", "go", "secondary", "stop", "quiet"; its icon follows the theme."""

    def __init__(
        self, theme: Theme, text: str, kind: str = "secondary", icon: str = "", size: str = ""
    ) -> None:
        super().__init__(text)
        self._theme, self._kind, self._icon = theme, kind, icon
        self.setProperty("kind", kind)
        if size:
            self.setProperty("bulk", size)  # "size" is a property of Qt's own
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        side = {"big": 20, "huge": 26}.get(size, 18)
        self._gap = round(side * 0.4) if text else 0
        self.setIconSize(QSize(side + self._gap, side))
        self.toggled.connect(self._dress)
        theme.changed.connect(self._dress)
        self._dress()

    def show_icon(self, icon: str) -> None:
        """Another icon from now on."""
        if icon != self._icon:
            self._icon = icon
            self._dress()

    def _dress(self) -> None:
        if self._icon:
            role = "accent" if self.isChecked() else _ICON_ROLE.get(self._kind, "ink")
            self.setIcon(self._theme.icon(self._icon, role, self.iconSize().height(), self._gap))
