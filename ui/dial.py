"""Whom to call and what for: the start of everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from engine.commands import Command, PlaceCall, SlayHold
from ui.theme import Space, Theme, pixmap
from ui.widgets.words import Button, Words, restyle


@dataclass(frozen=True, slots=True)
class Place:
    """A company that can be called by its name: its number, and the id of its flow when there is one."""

    company: str
    number: str
    flow: str = ""
    intents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What the number field means."""

    number: str
    company: str = ""
    flow: str = ""


KNOWN_SHOWN = 4
"""Companies offered to be chosen by a click."""
WELCOME = (
    "No telephone account is set up yet: “holdslayer account add” in a terminal does that. "
    "Until then you can watch it call a pretend company on this computer."
)
"""For a user without a trunk account."""
EMPTY = "Type a phone number, a SIP address or the name of a company you know."
_NUMBER = re.compile(r"[0-9]|^sips?:|^tel:|@", re.IGNORECASE)


def find_target(text: str, places: Sequence[Place]) -> Target:
    """What ``text`` means: a company by name (whole or as the only one that begins so), else a number as typed.

    Raises ``ValueError`` with a sentence when it is neither.
    """
    typed = text.strip()
    if not typed:
        raise ValueError(EMPTY)
    folded = typed.casefold()
    exact = [p for p in places if folded in (p.company.casefold(), label(p).casefold())]
    begun = [p for p in places if p.company.casefold().startswith(folded)]
    for place in exact[:1] or (begun if len(begun) == 1 else []):
        return Target(place.number, place.company, place.flow)
    if _NUMBER.search(typed):
        known = next((p for p in places if _digits(p.number) == _digits(typed)), None)
        return Target(typed, known.company, known.flow) if known else Target(typed)
    if begun:
        names = ", ".join(p.company for p in begun[:4])
        raise ValueError(f"Which one do you mean: {names}?")
    raise ValueError(f"No company called “{typed}” is known here. Type its phone number instead.")


def label(place: Place) -> str:
    """How a place is suggested."""
    return f"{place.company} · {place.number}"


def _digits(number: str) -> str:
    return number.strip().casefold() if "@" in number or ":" in number else re.sub(r"[^0-9+]", "", number)


class Dial(QFrame):
    """The form. ``attempt`` carries out a command and returns "" or the sentence why not."""

    asked = Signal(object)
    """A command was taken."""
    practise_asked = Signal()
    """The user wants to see it work with a pretend company."""
    reshaped = Signal()
    """A sentence came or went: the form is higher or lower than before."""

    def __init__(
        self, theme: Theme, attempt: Callable[[Command], str], is_emergency: Callable[[str], bool]
    ) -> None:
        super().__init__()
        self._attempt, self._is_emergency = attempt, is_emergency
        self._places: tuple[Place, ...] = ()
        self._shape: tuple[bool, bool] | None = None
        self._whole = QVBoxLayout(self)
        self._fields = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self.setObjectName("card")

        self._theme = theme
        self._known = QWidget()
        self._chips = QHBoxLayout(self._known)
        self.sign = QLabel()
        self.sign.setPixmap(pixmap("holdslayer", 56, scale=2.0))
        self.heading = Words("title", "Whom shall I call?")
        self.lead = Words("soft", "It walks the menu, waits on hold and rings you when a person speaks.")
        self.number = QLineEdit(placeholderText="Number or company", clearButtonEnabled=True)
        self.number.setAccessibleName("Number or company")
        self.intent = QLineEdit(placeholderText="What for? “cancel my order”", clearButtonEnabled=True)
        self.intent.setAccessibleName("What the call is for")
        self.intent.setMaxLength(300)
        self.number.setMaxLength(300)
        self.number_error = Words("error")
        self.number_error.say("")
        self.notice = Words("strong")
        self.notice_box = QFrame()
        self.notice_box.setObjectName("banner")
        self.notice_box.setProperty("tone", "maybe")
        inside = QHBoxLayout(self.notice_box)
        inside.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        inside.addWidget(self.notice)
        self.notice_box.hide()
        self.slay = Button(theme, "Slay hold", "primary", "slay", "big")
        self.call = Button(theme, "Call", "secondary", "phone", "big")
        self.call.setToolTip("An everyday call: you are connected at once")
        self.slay.setToolTip("Walk the menu, wait on hold, and ring me when a person speaks")

        self.first_run = QWidget()
        self.practise = Button(theme, "Try a practice call", "secondary", "slay")
        self._is_first_run = False

        self._number_words = self._completer(self.number)
        self._intent_words = self._completer(self.intent)
        self._lay_out()

        self.number.textChanged.connect(self._typed)
        self.number.returnPressed.connect(self._enter_in_number)
        self.intent.returnPressed.connect(self._main)
        self.slay.clicked.connect(self._main)
        self.call.clicked.connect(self._place_call)
        self.practise.clicked.connect(self._ask_for_practice)
        self.setTabOrder(self.number, self.intent)
        self.setTabOrder(self.intent, self.slay)
        self.setTabOrder(self.slay, self.call)
        self.setTabOrder(self.call, self.practise)
        self.setFocusProxy(self.number)

    def welcome(self) -> None:
        """Say what a user without a trunk account can do."""
        self._is_first_run = True
        self._show_first_run()

    def practice_opened(self) -> None:
        """The pretend company is open, or could not be: it can be asked for again."""
        self.practise.setEnabled(True)
        self.practise.setText("Try a practice call")

    def _ask_for_practice(self) -> None:
        self.practise.setEnabled(False)
        self.practise.setText("Opening the practice company…")
        self.practise_asked.emit()

    def _show_first_run(self) -> None:
        self.first_run.setVisible(self._is_first_run and not (self._shape and self._shape[0]))
        self.reshaped.emit()

    def suggest(self, places: Sequence[Place]) -> None:
        """Companies to suggest while typing."""
        self._places = tuple(places)
        self._number_words.setStringList([label(place) for place in self._places])
        self._show_known()
        self._typed(self.number.text())

    def _show_known(self) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for place in self._places[:KNOWN_SHOWN]:
            chip = Button(self._theme, place.company, "chip")
            chip.clicked.connect(lambda _=False, company=place.company: self._choose(company))
            self._chips.addWidget(chip)
        self._chips.addStretch(1)
        self._known.setVisible(bool(self._places) and not (self._shape and self._shape[0]))

    def _choose(self, company: str) -> None:
        self.number.setText(company)
        self.intent.setFocus()

    def fill(self, target: str, intent: str) -> None:
        """Put words into the fields, ready to be sent again."""
        self.number.setText(target)
        self.intent.setText(intent)

    def make_compact(self, compact: bool, in_a_row: bool) -> None:
        """Smaller once a call runs; ``in_a_row``: fields and buttons beside one another, above the calls."""
        if (compact, in_a_row) == self._shape:
            return
        self._shape = (compact, in_a_row)
        restyle(self.heading, words="large" if compact else "display")
        self.heading.setText("Another call" if compact else "Whom shall I call?")
        self.heading.setVisible(not in_a_row)
        self.lead.setVisible(not compact)
        self.sign.setVisible(not compact)
        self._known.setVisible(not compact and bool(self._places))
        self._show_first_run()
        direction = QBoxLayout.Direction.LeftToRight if in_a_row else QBoxLayout.Direction.TopToBottom
        self._fields.setDirection(direction)
        # What is wrong stands beneath the number: in a row that is beneath them all.
        self._fields.removeWidget(self.number_error)
        if in_a_row:
            self._whole.insertWidget(self._whole.count(), self.number_error)
        else:
            self._whole.removeWidget(self.number_error)
            self._fields.insertWidget(1, self.number_error)
        margin = Space.L if in_a_row else Space.XL if compact else Space.XXL
        self._whole.setContentsMargins(margin, margin, margin, margin)

    def _lay_out(self) -> None:
        self._whole.setSpacing(Space.M)
        self._whole.addWidget(self.sign)
        self._whole.addWidget(self.heading)
        self._whole.addWidget(self.lead)
        self._fields.setSpacing(Space.M)
        self._fields.addWidget(self.number, 3)
        self._fields.addWidget(self.number_error)
        self._fields.addWidget(self.intent, 3)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.slay, 1)
        buttons.addWidget(self.call)
        self._fields.addLayout(buttons)
        self._whole.addLayout(self._fields)
        self._whole.addWidget(self.notice_box)
        self._chips.setContentsMargins(0, Space.XS, 0, 0)
        self._chips.setSpacing(Space.S)
        self._whole.addWidget(self._known)
        column = QVBoxLayout(self.first_run)
        column.setContentsMargins(0, Space.M, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(Words("soft", WELCOME))
        column.addWidget(self.practise, 0, Qt.AlignmentFlag.AlignLeft)
        self._whole.addWidget(self.first_run)
        self.make_compact(compact=False, in_a_row=False)

    def _completer(self, line: QLineEdit) -> QStringListModel:
        model = QStringListModel(self)
        completer = QCompleter(model, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        popup = QListView()
        popup.setObjectName("suggestions")
        popup.setFrameShape(QFrame.Shape.NoFrame)
        completer.setPopup(popup)
        line.setCompleter(completer)
        return model

    def _typed(self, text: str) -> None:
        self._refuse("")
        emergency = bool(text.strip()) and self._is_emergency(text.strip())
        if emergency:
            self.notice.setText(
                f"{text.strip()} is an emergency number. It is dialled straight through, "
                "with your voice connected at once."
            )
        self.notice_box.setVisible(emergency)
        self.slay.setText("Call now" if emergency else "Slay hold")
        self.slay.show_icon("phone" if emergency else "slay")
        self.call.setVisible(not emergency)
        self.intent.setEnabled(not emergency)
        self.reshaped.emit()
        exact = [
            place
            for place in self._places
            if text.casefold() in (place.company.casefold(), label(place).casefold())
        ]
        self._intent_words.setStringList([words for place in exact for words in place.intents])

    def _enter_in_number(self) -> None:
        popup = self.number.completer().popup()
        if popup is not None and popup.isVisible() and popup.currentIndex().isValid():
            return  # Enter chose a suggestion
        if self.intent.text().strip() or not self.intent.isEnabled():
            self._main()
        else:
            self.intent.setFocus()

    def _main(self) -> None:
        if self.number.text().strip() and self._is_emergency(self.number.text().strip()):
            self._send(PlaceCall(self.number.text().strip()))
            return
        self._with_target(lambda t: SlayHold(t.number, self.intent.text().strip(), t.company, t.flow))

    def _place_call(self) -> None:
        self._with_target(lambda t: PlaceCall(t.number, t.company))

    def _with_target(self, make: Callable[[Target], Command]) -> None:
        try:
            target = find_target(self.number.text(), self._places)
        except ValueError as error:
            self._refuse(str(error))
            self.number.setFocus()
            return
        self._send(make(target))

    def _send(self, command: Command) -> None:
        refusal = self._attempt(command)
        self._refuse(refusal)
        if refusal:
            self.number.setFocus()
            return
        self.number.clear()
        self.intent.clear()
        self.asked.emit(command)

    def _refuse(self, sentence: str) -> None:
        self.number_error.say(sentence)
        restyle(self.number, wrong="true" if sentence else "false")
        self.reshaped.emit()
