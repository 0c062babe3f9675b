"""A running call: what is going on, what is heard, and what the user can do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.call import LineState, Mode, Phase
from engine.commands import (
    AnswerCall,
    Command,
    GiveBack,
    HangUp,
    Mute,
    NotAPerson,
    PickUp,
    PlaceCall,
    PressDigits,
    SlayHold,
    StayOn,
    TakeOver,
    ThatIsAPerson,
    UndoFeedback,
)
from ui import sentences, theme
from ui.callnotes import NoteBar
from ui.callview import Alarm, Call
from ui.ribbon import Heard
from ui.theme import Space, Theme
from ui.widgets.captions import Captions
from ui.widgets.evidence import EvidenceList
from ui.widgets.keypad import Keypad
from ui.widgets.timeline import Legend, Timeline
from ui.widgets.words import Button, ElidedWords, Words, restyle

BESIDE_PX = 720
"""From this width on the banner's buttons stand beside its words."""


class AlarmBanner(QFrame):
    """The person's words (or the question) inside the call's card, with the answer beside them."""

    def __init__(self, theme_: Theme, do: Callable[[Command], object]) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._do = do
        self._call: Call | None = None
        self.words = Words("large")
        self.why = Words("soft")
        self.pick_up = Button(theme_, "Pick up", "go", "phone", "big")
        self.not_a_person = Button(theme_, "Not a person", "secondary", "recording", "big")
        text = QVBoxLayout()
        text.setSpacing(Space.XS)
        text.addWidget(self.words)
        text.addWidget(self.why)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.M)
        buttons.addWidget(self.not_a_person)
        buttons.addWidget(self.pick_up, 1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        self._row.setSpacing(Space.M)
        self._row.addLayout(text, 1)
        self._row.addLayout(buttons)
        self.pick_up.clicked.connect(lambda: self._send(PickUp))
        self.not_a_person.clicked.connect(lambda: self._send(NotAPerson))

    def show_call(self, call: Call) -> None:
        """Show the alarm of ``call``, or nothing."""
        self._call = call
        self.setVisible(call.alarm is not None)
        if call.alarm is None:
            return
        restyle(self, tone=call.alarm.value)
        question = call.alarm is Alarm.QUESTION
        said = sentences.quoted(call.words, call.unclear) or "A new voice is on the line."
        self.words.say(call.words if question else said)
        self.why.say("Why: " + "; ".join(call.evidence) if call.evidence else "")
        self.not_a_person.setVisible(not question)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons beside the words, or beneath them where room is short."""
        super().resizeEvent(event)
        beside = self.width() >= BESIDE_PX
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._row.setDirection(direction)

    def _send(self, command: type[PickUp] | type[NotAPerson]) -> None:
        if self._call is not None:
            self._do(command(self._call.id))


class CallCard(QFrame):
    """One call. ``do`` carries out commands and shows its own refusals."""

    closed = Signal(str)
    """The user no longer wants to see this ended call."""

    def __init__(self, theme_: Theme, do: Callable[[Command], object], call: Call) -> None:
        super().__init__()
        self.setObjectName("card")
        self._theme, self._do, self._call = theme_, do, call
        self.face = QLabel()
        self.face.setFixedSize(QSize(44, 44))
        self.sentence = Words("title")
        self.subtitle = ElidedWords("soft")
        self.clock = Words("clock", wrap=False)
        self.queue = ElidedWords("strong")
        self.now_heard = Words("soft", wrap=False)
        self.banner = AlarmBanner(theme_, do)
        self.trouble = Words("strong")
        self.trouble_box = QFrame()
        self.trouble_box.setObjectName("banner")
        self.trouble_box.setProperty("tone", "error")
        self.learned = NoteBar(
            theme_,
            "plain",
            ("Undo", "secondary", "again", lambda: do(UndoFeedback(self._call.id))),
            name="What was learned",
        )
        self.offer = NoteBar(
            theme_,
            "maybe",
            ("I stay on", "secondary", "", lambda: do(StayOn(self._call.id))),
            ("Wait for me", "primary", "give-back", lambda: do(GiveBack(self._call.id))),
            name="Back on hold",
        )
        self.warning = NoteBar(theme_, "maybe", name="Warning")
        self.reckoned = ElidedWords("small")
        self.evidence = EvidenceList(theme_)
        self.evidence.hide()
        self.timeline = Timeline(theme_)
        self.captions = Captions(theme_)
        self.because = ElidedWords("small")
        self.ending = Words("body")
        self.keypad = Keypad()
        self.pressed = Words("small", wrap=False)
        self._make_buttons()
        self._lay_out()
        theme_.changed.connect(self._draw_face)
        self._face_shown = ""
        self._tall = False
        self.keypad.pressed.connect(lambda digit: do(PressDigits(self._call.id, digit)))

    @property
    def call(self) -> Call:
        """The call as last shown."""
        return self._call

    def show_call(self, call: Call, now: float) -> None:
        """Show ``call`` as it is at ``now`` (wall clock)."""
        self._call = call
        restyle(self, alarm=call.alarm.value if call.alarm else "")
        self.subtitle.say(sentences.subtitle(call))
        self.captions.show_lines(call.captions)
        self.captions.setVisible(call.live or bool(call.captions))
        self.timeline.setVisible(call.live or bool(call.sounds))
        self.banner.show_call(call)
        self.trouble.say(sentences.voice_trouble(call))
        self.trouble_box.setVisible(call.deaf and call.live)
        why = call.because if call.live and call.alarm is None else ""
        self.because.say(f"Why: {why}" if why else "")
        self.offer.say(sentences.offer_sentence(call), f"Heard: {call.offer}" if call.offer else "")
        self.warning.say(sentences.warning_sentence(call))
        self._show_why(self.why.isChecked())
        self.evidence.show_judgements(call.judgements)
        self.ending.say("" if call.live else call.end_text)
        keys = "  ".join(mark.text for mark in call.marks if mark.kind == "key")
        self.pressed.say(f"Pressed: {keys}" if keys else "")
        self._show_buttons(call)
        self.tick(now)

    def tick(self, now: float) -> None:
        """Time has passed: what shows time is shown anew."""
        call = self._call
        until = now if call.live else (call.ended_at or now)
        self.sentence.say(sentences.phase_sentence(call, now))
        self.clock.say(sentences.clock(until - call.began_at))
        self.queue.say(sentences.queue_sentence(call, now))
        self.learned.say(sentences.learned_sentence(call, now))
        self.now_heard.say(sentences.sound_words(call))
        self.timeline.show_call(call.sounds, call.marks, until - call.began_at)
        self._draw_face()

    def make_roomy(self, alone: bool, tall: bool, narrow: bool) -> None:
        """Give the captions all the room there is (a call alone), or just a few lines (one of several).

        ``narrow``: the button that hangs up stands beneath the others, which leave it no place beside them.
        """
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._actions.setDirection(down if narrow else right)
        self.captions.want_height(72 if alone else 104)
        self.captions.setMaximumHeight(16777215 if alone else 104)
        vertical = QSizePolicy.Policy.Expanding if alone else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        self._tall = alone and tall
        self._show_why(self.why.isChecked())

    def _make_buttons(self) -> None:
        make, do = Button, self._do
        self.answer = make(self._theme, "Answer", "go", "phone")
        self.take_over = make(self._theme, "Take over", "secondary", "take-over")
        self.connect_sound = make(self._theme, "Connect sound", "primary", "take-over")
        self.give_back = make(self._theme, "Give back", "secondary", "give-back")
        self.that_is_a_person = make(self._theme, "That is a person", "secondary", "person")
        self.that_was_a_recording = make(self._theme, "That was a recording", "chip")
        self.that_was_a_recording.setToolTip("Nobody is there: go on waiting, and remember it")
        self.that_was_a_recording.clicked.connect(lambda: do(NotAPerson(self._call.id)))
        self.why = make(self._theme, "Why?", "chip")
        self.why.setCheckable(True)
        self.why.setToolTip("Why it rang, or did not: all that was heard for and against a person")
        self.why.toggled.connect(self._show_why)
        self.mute = make(self._theme, "Mute", "secondary", "microphone")
        self.mute.setCheckable(True)
        self.keys = make(self._theme, "Keypad", "secondary", "keypad")
        self.keys.setCheckable(True)
        self.hang_up = make(self._theme, "Hang up", "stop", "hang-up")
        self.again = make(self._theme, "Call again", "primary", "again")
        self.close_card = make(self._theme, "Close", "secondary", "close")
        self.take_over.setToolTip("Connect your voice; Hold Slayer only listens")
        self.give_back.setToolTip("Hold Slayer goes on waiting for you")
        self.that_is_a_person.setToolTip("Ring me: a person is speaking")
        self.answer.clicked.connect(lambda: do(AnswerCall(self._call.id)))
        self.take_over.clicked.connect(lambda: do(TakeOver(self._call.id)))
        self.connect_sound.clicked.connect(lambda: do(PickUp(self._call.id)))
        self.give_back.clicked.connect(lambda: do(GiveBack(self._call.id)))
        self.that_is_a_person.clicked.connect(lambda: do(ThatIsAPerson(self._call.id)))
        self.mute.toggled.connect(self._mute)
        self.keys.toggled.connect(self._show_keypad)
        self.hang_up.clicked.connect(lambda: do(HangUp(self._call.id)))
        self.again.clicked.connect(self._call_again)
        self.close_card.clicked.connect(lambda: self.closed.emit(self._call.id))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.sentence)
        words.addWidget(self.subtitle)
        head.addWidget(self.face, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        corner = QVBoxLayout()  # beneath the clock there is room that costs the captions none
        corner.setSpacing(2)
        corner.addWidget(self.clock, 0, Qt.AlignmentFlag.AlignRight)
        chips = QHBoxLayout()
        chips.setSpacing(Space.S)
        chips.addWidget(self.that_was_a_recording)
        chips.addWidget(self.why)
        corner.addLayout(chips)
        corner.addStretch(1)
        head.addLayout(corner)

        self._legend = QWidget()
        legend = QHBoxLayout(self._legend)
        legend.setContentsMargins(0, 0, 0, 0)
        legend.setSpacing(Space.L)
        for heard in (Heard.TONE, Heard.VOICE, Heard.MUSIC, Heard.SILENCE, Heard.PERSON):
            legend.addWidget(Legend(self._theme, heard))
        legend.addStretch(1)
        legend.addWidget(self.now_heard)

        self._pad = QWidget()
        pad = QVBoxLayout(self._pad)
        pad.setContentsMargins(0, 0, 0, 0)
        pad.setSpacing(Space.S)
        pad.addWidget(self.keypad, 0, Qt.AlignmentFlag.AlignTop)
        pad.addWidget(self.pressed)
        pad.addStretch(1)
        self._pad.hide()
        middle = QHBoxLayout()
        middle.setSpacing(Space.XL)
        middle.addWidget(self.captions, 1)
        middle.addWidget(self.evidence, 1)
        middle.addWidget(self._pad)

        actions = QHBoxLayout()
        actions.setSpacing(Space.S)
        for button in (
            self.answer,
            self.take_over,
            self.connect_sound,
            self.give_back,
            self.mute,
            self.that_is_a_person,
            self.keys,
            self.again,
            self.close_card,
        ):
            actions.addWidget(button)
        actions.addStretch(1)
        self._actions = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._actions.setSpacing(Space.S)
        self._actions.addLayout(actions, 1)
        self._actions.addWidget(self.hang_up, 0, Qt.AlignmentFlag.AlignRight)

        whole = QVBoxLayout(self)
        whole.setContentsMargins(Space.XL, Space.L + 4, Space.XL, Space.L + 4)
        whole.setSpacing(Space.M)
        whole.addLayout(head)
        whole.addWidget(self.queue)
        whole.addWidget(self.reckoned)
        whole.addWidget(self.warning)
        whole.addWidget(self.banner)
        whole.addWidget(self.offer)
        whole.addWidget(self.learned)
        inside = QHBoxLayout(self.trouble_box)
        inside.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        inside.addWidget(self.trouble)
        whole.addWidget(self.trouble_box)
        whole.addWidget(self.timeline)
        whole.addWidget(self._legend)
        whole.addLayout(middle, 1)
        whole.addWidget(self.because)
        whole.addWidget(self.ending)
        whole.addLayout(self._actions)

    def _show_buttons(self, call: Call) -> None:
        waiting_for_us = call.incoming and call.live and call.line in (LineState.IDLE, LineState.EARLY)
        slain = call.mode is Mode.HOLD_SLAYER
        connected = call.live and call.line is LineState.CONFIRMED
        self.answer.setVisible(waiting_for_us)
        # While an alarm is up its banner has the one clear action; the same choice twice would only slow down.
        ours = call.phase in (Phase.TALKING, Phase.MANUAL)
        self.take_over.setVisible(call.live and slain and not ours and call.alarm is None)
        self.connect_sound.setVisible(connected and call.deaf)
        self.give_back.setVisible(connected and slain and ours)
        self.mute.setVisible(call.live and call.voice)
        listening = call.phase in (Phase.NAVIGATING, Phase.HOLDING, Phase.CONFIRMING)
        self.that_is_a_person.setVisible(connected and slain and listening and call.alarm is not Alarm.PERSON)
        talking = connected and slain and call.phase is Phase.TALKING and not call.offer
        self.that_was_a_recording.setVisible(talking and call.alarm is None)
        self.why.setVisible(slain and bool(call.judgements))
        if not call.judgements and self.why.isChecked():
            self.why.setChecked(False)
        self.keys.setVisible(call.live and not waiting_for_us)
        self.hang_up.setVisible(call.live)
        self.hang_up.setText("Decline" if waiting_for_us else "Hang up")
        self.again.setVisible(not call.live and not call.incoming)
        self.close_card.setVisible(not call.live)
        self._legend.setEnabled(call.live)
        if not call.live and self.keys.isChecked():
            self.keys.setChecked(False)

    def _show_why(self, shown: bool) -> None:
        """What was weighed takes the room of what explains the rest."""
        self.evidence.setVisible(shown)
        self._legend.setVisible(self._tall and not shown)
        self.reckoned.say(sentences.reckoned_sentence(self._call) if self._tall and not shown else "")

    def _show_keypad(self, shown: bool) -> None:
        self._pad.setVisible(shown)
        if shown:
            self.keypad.setFocus()

    def _mute(self, muted: bool) -> None:
        if not self._do(Mute(self._call.id, muted)):
            self.mute.blockSignals(True)
            self.mute.setChecked(not muted)  # the button never says what is not so
            self.mute.blockSignals(False)
            return
        self.mute.setText("Unmute" if muted else "Mute")
        self.mute.show_icon("microphone-off" if muted else "microphone")

    def _call_again(self) -> None:
        call = self._call
        command: Command
        if call.mode is Mode.HOLD_SLAYER:
            command = SlayHold(call.number, call.intent, call.company, call.flow)
        else:
            command = PlaceCall(call.number, call.company)
        if self._do(command):
            self.closed.emit(call.id)

    def _draw_face(self) -> None:
        shown = sentences.face(self._call).value
        if shown != self._face_shown:
            self._face_shown = shown
            self.face.setPixmap(theme.pixmap(f"state-{shown}", 44, scale=self.devicePixelRatioF()))
