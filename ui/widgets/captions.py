"""What is heard, as it is heard: a transcript that grows at its end and whose last words may still change."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit

from ui.callview import Line
from ui.sentences import clock
from ui.theme import TYPE_SCALE, Space, Theme

_SPEAKERS = {
    "recording": ("Recording", "soft"),
    "person": ("Person", "go"),
    "us": ("Hold Slayer, for you", "accent"),
    "": ("Voice", "soft"),
}
"""How a speaker is named, and the colour role of the name."""
_NEW_HEADING_S = 30.0
"""After this long a pause the speaker is named again, with the time."""


class Captions(QTextEdit):
    """Shows caption lines; follows the end unless the user has scrolled up."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: tuple[Line, ...] = ()
        self._lines_wanted = 72
        self.setObjectName("captions")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("What is heard")
        self.setPlaceholderText("What is said on the line appears here.")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self._following = True
        bar = self.verticalScrollBar()
        bar.actionTriggered.connect(self._scrolled_by_hand)
        bar.rangeChanged.connect(self._follow)
        theme.changed.connect(self._again)

    def sizeHint(self) -> QSize:
        """Little is enough: the page gives what is left."""
        return QSize(320, self._lines_wanted)

    def want_height(self, height: int) -> None:
        """Ask for this many pixels."""
        self._lines_wanted = height
        self.setMinimumHeight(height)
        self.updateGeometry()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines, touching only what differs from those shown."""
        new = tuple(lines)
        if new == self._lines:
            return
        same = 0
        for old_line, new_line in zip(self._lines, new, strict=False):
            if old_line != new_line:
                break
            same += 1
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        self._cut_from(cursor, same)
        for index in range(same, len(new)):
            self._append(cursor, new[index - 1] if index else None, new[index])
        cursor.endEditBlock()
        self._lines = new
        self._follow()

    def _scrolled_by_hand(self) -> None:
        bar = self.verticalScrollBar()
        self._following = bar.sliderPosition() >= bar.maximum() - 8

    def _follow(self, *_: int) -> None:
        if self._following:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _cut_from(self, cursor: QTextCursor, index: int) -> None:
        """Remove the lines from ``index`` on; each block carries the index of its line as user state."""
        self._next_index = index
        block = self.document().lastBlock()
        if block.userState() < index:
            cursor.movePosition(QTextCursor.MoveOperation.End)
            return
        while block.previous().isValid() and block.previous().userState() >= index:
            block = block.previous()  # from the end, where the changes are
        start = block.position()
        cursor.setPosition(max(0, start - 1) if index else 0)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        # The block that is left took over the number of those removed. None left: the first line goes in here.
        cursor.block().setUserState(index - 1)
        self._next_index = index

    def _append(self, cursor: QTextCursor, before: Line | None, line: Line) -> None:
        heading = (
            before is None or before.speaker != line.speaker or line.start_s - before.start_s > _NEW_HEADING_S
        )
        if heading:
            self._block(cursor, Space.L if before else 0)
            name, role = _SPEAKERS.get(line.speaker, (line.speaker, "soft"))
            cursor.insertText(name, self._look("small", role, bold=True))
            cursor.insertText(f"   {clock(line.start_s)}", self._look("small", "faint"))
        self._block(cursor, 2)
        guess = line.final and line.unclear
        if guess:
            cursor.insertText("unclear  ", self._look("small", "faint"))
        look = self._look(
            "large",
            "ink" if line.final and not guess else "soft",
            line.speaker == "person" and not line.unclear,
        )
        look.setFontItalic(guess)
        cursor.insertText(line.text if line.final or not line.text else f"{line.text} …", look)
        self._next_index += 1

    def _block(self, cursor: QTextCursor, above: int) -> None:
        form = QTextBlockFormat()
        form.setTopMargin(above)
        form.setLineHeight(118, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        fresh = self.document().blockCount() == 1 and self.document().characterCount() <= 1
        if fresh and self._next_index == 0 and cursor.block().userState() < 0:
            cursor.setBlockFormat(form)
        else:
            cursor.insertBlock(form)
        cursor.block().setUserState(self._next_index)

    def _look(self, size: str, role: str, bold: bool = False) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFontPointSize(self._theme.font("body").pointSizeF() * TYPE_SCALE[size])
        look.setForeground(self._theme.colour(role))
        if bold:
            look.setFontWeight(QFont.Weight.DemiBold)
        return look

    def _again(self) -> None:
        lines, self._lines = self._lines, ()
        self.clear()
        self.show_lines(lines)
