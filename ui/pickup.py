"""The window that must not be missed: a person is speaking, pick up.

It comes forward over everything, shows the person's first words, whom you called and why it rang. Enter picks up.
Esc only silences the ringing - and says so: nobody loses the person they have waited for to a stray key.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.call import CallId
from engine.commands import Command, HangUp, NotAPerson, PickUp
from ui import sentences
from ui.callview import Alarm, Call
from ui.foreground import come_forward
from ui.theme import Space, Theme, pixmap, program_icon
from ui.widgets.words import Button, Words, restyle

STRAY_KEY_S = 0.35
"""A key pressed sooner than this after the window came was meant for another window: nobody reacts that fast."""

WIDTH = 620
SMALLEST_HEIGHT = 340


class PickupWindow(QWidget):
    """Shows one alarmed call. ``attempt`` carries out a command and returns "" or the sentence why not."""

    silenced = Signal()
    """The user wants it quiet; the call goes on."""

    def __init__(
        self,
        theme: Theme,
        attempt: Callable[[Command], str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.WindowStaysOnTopHint)
        self._theme, self._attempt, self._now = theme, attempt, now
        self._call: Call | None = None
        self._came_at = 0.0
        self.setObjectName("ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowIcon(program_icon())
        self.setWindowTitle("Hold Slayer · pick up")
        self.face = QLabel()
        self.face.setFixedSize(QSize(72, 72))
        self.sentence = Words("display")
        self.whom = Words("soft")
        self.words = Words("title")
        self.why = Words("soft")
        self.note = Words("strong")
        self.pick_up = Button(theme, "Pick up", "go", "phone", "huge")
        self.not_a_person = Button(theme, "Not a person", "secondary", "recording", "big")
        self.hang_up = Button(theme, "Hang up", "quiet", "hang-up", "big")
        self.hint = Words("small", "Enter picks up · Esc stops the ringing, the call goes on")
        self._lay_out()
        self.pick_up.clicked.connect(lambda: self._do(PickUp))
        self.not_a_person.clicked.connect(lambda: self._do(NotAPerson))
        self.hang_up.clicked.connect(lambda: self._do(HangUp))

    @property
    def call(self) -> CallId | None:
        """The call shown, if any."""
        return self._call.id if self._call else None

    def show_call(self, call: Call, new: bool) -> None:
        """Show the alarm of ``call``; ``new``: come forward."""
        self._call = call
        question = call.alarm is Alarm.QUESTION
        self.sentence.say(sentences.phase_sentence(call, call.alarm_at))
        self.whom.say(sentences.subtitle(call))
        restyle(self.words, words="large" if call.unclear else "title")
        self.words.say(call.words if question else sentences.quoted(call.words, call.unclear))
        self.why.say("Why it rings: " + "; ".join(call.evidence) if call.evidence else "")
        self.pick_up.setText("Take the call" if question else "Pick up")
        self.not_a_person.setVisible(not question)
        self.setWindowTitle(f"{sentences.phase_sentence(call, call.alarm_at)} · {call.name}")
        self.face.setPixmap(pixmap("state-ringing", 72, scale=self.devicePixelRatioF()))
        if new:
            self.note.say("")
            self._came_at = self._now()
            self.resize(WIDTH, 0)
            self._fit()
            self._to_the_middle()
            come_forward(self)
            self.pick_up.setFocus()
        else:
            self._fit()

    def say(self, text: str) -> None:
        """A sentence about the ringing itself (silenced, no sound device)."""
        self.note.say(text)
        self._fit()

    def put_away(self) -> None:
        """Nobody is to be picked up any more."""
        self._call = None
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter picks up; Esc silences."""
        stray = event.isAutoRepeat() or self._now() - self._came_at < STRAY_KEY_S
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not stray:
                focused = self.focusWidget()
                button = focused if isinstance(focused, Button) else self.pick_up
                button.click()
            return
        if event.key() == Qt.Key.Key_Escape:
            if not stray:
                self._silence()
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is no answer while somebody waits for one."""
        if self._call is None:
            super().closeEvent(event)
            return
        event.ignore()
        self._silence()

    def _silence(self) -> None:
        self.silenced.emit()
        self.say("Ringing stopped. The call goes on: pick up, or say that it is not a person.")

    def _do(self, command: type[PickUp] | type[NotAPerson] | type[HangUp]) -> None:
        if self._call is not None:
            self.say(self._attempt(command(self._call.id)))

    def _fit(self) -> None:
        """Grow to what is to be said: Qt squeezes wrapped text rather than growing a window by itself."""
        needed = max(SMALLEST_HEIGHT, self.heightForWidth(max(self.width(), WIDTH)))
        self.setMinimumSize(WIDTH, needed)

    def _to_the_middle(self) -> None:
        screen = self.screen().availableGeometry()
        self.move(screen.center() - self.rect().center())

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self.sentence)
        words.addWidget(self.whom)
        head = QHBoxLayout()
        head.setSpacing(Space.XL)
        head.addWidget(self.face, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.M)
        buttons.addWidget(self.pick_up, 1)
        buttons.addWidget(self.not_a_person)
        buttons.addWidget(self.hang_up)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(Space.XXL, Space.XXL - 8, Space.XXL, Space.XL)
        whole.setSpacing(Space.L)
        whole.addLayout(head)
        whole.addWidget(self.words)
        whole.addWidget(self.why)
        whole.addStretch(1)
        whole.addWidget(self.note)
        whole.addLayout(buttons)
        whole.addWidget(self.hint)
        self.note.say("")
        for first, second in ((self.pick_up, self.not_a_person), (self.not_a_person, self.hang_up)):
            self.setTabOrder(first, second)
