"""The icon in the tray: what is going on at a glance, and the few things wanted without the window."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from engine.commands import Command, NotAPerson, PickUp
from ui import sentences
from ui.callview import Alarm
from ui.sentences import Face
from ui.theme import icon
from ui.viewstate import WindowState


@cache
def face_icon(face: Face) -> QIcon:
    """The icon of a state, in tray sizes."""
    return icon(f"state-{face.value}", sizes=(16, 22, 24, 32, 48, 64))


class Tray(QObject):
    """Icon, tooltip and menu. Works (shows nothing) where there is no tray, so that nobody has to ask."""

    show_window = Signal()
    quit = Signal()

    def __init__(self, do: Callable[[Command], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._do = do
        self._state = WindowState()
        self._face: Face | None = None
        self._listed: tuple[str, ...] = ()
        self.icon = QSystemTrayIcon(self)
        self.menu = QMenu()
        self.pick_up = QAction("Pick up", self)
        self.not_a_person = QAction("Not a person", self)
        self.show_action = QAction("Show Hold Slayer", self)
        self.quit_action = QAction("Quit", self)
        self.pick_up.triggered.connect(self._pick_up)
        self.not_a_person.triggered.connect(self._not_a_person)
        self.show_action.triggered.connect(self.show_window)
        self.quit_action.triggered.connect(self.quit)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._clicked)
        self._fill_menu(())
        self.show_state(self._state)
        self.icon.show()

    @property
    def available(self) -> bool:
        """Whether the desktop shows tray icons."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_state(self, state: WindowState) -> None:
        """Show what goes on in ``state``."""
        self._state = state
        now = time.time()
        face = sentences.program_face(state)
        if face is not self._face:
            self._face = face
            self.icon.setIcon(face_icon(face))
        self.icon.setToolTip(sentences.program_sentence(state, now))
        self._fill_menu(tuple(f"{c.name}: {sentences.phase_sentence(c, now)}" for c in state.live))

    def message(self, title: str, text: str) -> bool:
        """Show a balloon. False where the desktop cannot."""
        if not (self.available and QSystemTrayIcon.supportsMessages()):
            return False
        self.icon.showMessage(title, text, face_icon(self._face or Face.IDLE))
        return True

    def close(self) -> None:
        """Take the icon away."""
        self.icon.hide()
        self.menu.deleteLater()

    def _fill_menu(self, calls: tuple[str, ...]) -> None:
        alarm = self._state.alarm
        person = alarm is not None and alarm.alarm is not Alarm.QUESTION
        wanted = (*calls, f"alarm {alarm is not None} {person}")
        if wanted == self._listed:
            return
        self._listed = wanted
        self.menu.clear()
        if alarm is not None:
            self.menu.addAction(self.pick_up)
            if person:
                self.menu.addAction(self.not_a_person)
            self.menu.addSeparator()
        for text in calls:
            self.menu.addAction(text.replace("&", "&&")).triggered.connect(self.show_window)
        if calls:
            self.menu.addSeparator()
        self.menu.addAction(self.show_action)
        self.menu.addAction(self.quit_action)

    def _pick_up(self) -> None:
        if self._state.alarm is not None:
            self._do(PickUp(self._state.alarm.id))

    def _not_a_person(self) -> None:
        if self._state.alarm is not None:
            self._do(NotAPerson(self._state.alarm.id))

    def _clicked(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_window.emit()
