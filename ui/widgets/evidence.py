"""Why it rang, or did not: every suspicion, ring and stand-down with all that was weighed, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit

from ui.callview import Judgement
from ui.sentences import clock, weight_words
from ui.theme import Space, Theme

_TITLES = {
    "maybe": ("Maybe a person", "maybe"),
    "person": ("It rang: a person", "go"),
    "no": ("No person", "soft"),
}
"""How a judgement is named, and the colour role of the name."""
NOTHING = "Nobody was taken for a person yet. When somebody is, what spoke for and against it stands here."


class EvidenceList(QTextEdit):
    """Shows judgements. Weights are in words and as numbers: natural log-odds, plus for a person."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[Judgement, ...] | None = None
        self.setObjectName("captions")
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Why it rang, or did not")
        self.setPlaceholderText(NOTHING)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setMinimumHeight(96)
        theme.changed.connect(self._again)

    def sizeHint(self) -> QSize:
        """Little is enough, as with the captions beside it: the page gives what is left."""
        return QSize(320, 96)

    def show_judgements(self, judgements: Sequence[Judgement]) -> None:
        """Show these; where the user has scrolled to stays in sight."""
        new = tuple(judgements)
        if new == self._shown:
            return
        self._shown = new
        bar = self.verticalScrollBar()
        place = bar.value()
        self.clear()
        cursor = QTextCursor(self.document())
        for number, judgement in enumerate(reversed(new)):
            self._write(cursor, judgement, first=number == 0)
        bar.setValue(place)

    def _write(self, cursor: QTextCursor, judgement: Judgement, *, first: bool) -> None:
        title, role = _TITLES[judgement.what]
        head, plain, soft = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
        head.setForeground(self._theme.colour(role))
        head.setFont(self._theme.font("body", bold=True))
        plain.setFont(self._theme.font("body"))
        plain.setForeground(self._theme.colour("ink"))
        soft.setFont(self._theme.font("small"))
        soft.setForeground(self._theme.colour("soft"))
        self._line(cursor, above=0 if first else Space.M)
        cursor.insertText(f"{clock(judgement.at_s)}  {title}", head)
        if not judgement.pieces:
            self._line(cursor, above=2)
            cursor.insertText(judgement.because, plain)
        for piece in sorted(judgement.pieces, key=lambda piece: -abs(piece.weight)):
            self._line(cursor, above=2)
            cursor.insertText(f"{piece.because}  ", plain)
            cursor.insertText(f"{piece.weight:+.1f} {weight_words(piece.weight)}", soft)

    def _line(self, cursor: QTextCursor, above: float) -> None:
        block = QTextBlockFormat()
        block.setTopMargin(above)
        if cursor.position():
            cursor.insertBlock(block)
        else:
            cursor.setBlockFormat(block)

    def _again(self) -> None:
        shown, self._shown = self._shown, None
        self.show_judgements(shown or ())
