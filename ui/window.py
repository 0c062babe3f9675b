"""The window's shell: pages, the notice across the top, the status line. It shows; it decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.bridge import Bridge
from ui.callstack import CallStack
from ui.dial import Dial
from ui.statusline import StatusLine
from ui.theme import Space, Theme, program_icon
from ui.tray import Tray
from ui.viewstate import WindowState
from ui.widgets.words import Button, Words

NARROW_PX = 900
"""Below this the form stands above the calls instead of beside them."""
DIAL_WIDTH = 380
DIAL_WIDTH_ALONE = 560
_ANY = 16777215  # Qt's QWIDGETSIZE_MAX


class CallsPage(QWidget):
    """The form alone in the middle while there is no call; beside (or above) the calls once there is one."""

    def __init__(self, theme: Theme, bridge: Bridge, is_emergency: Callable[[str], bool]) -> None:
        super().__init__()
        self.setObjectName("ground")
        self.dial = Dial(theme, bridge.attempt, is_emergency)
        self.calls = CallStack(theme, bridge.do)
        self.calls.closed.connect(bridge.forget)
        self._busy = False
        self.another = Button(theme, "Another call", "quiet", "phone")
        self.another.setCheckable(True)
        self.another.toggled.connect(self._arrange)
        self._side = QScrollArea()
        self._side.setObjectName("calls")
        self._side.setWidgetResizable(True)
        self._side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        self._around = QGridLayout(holder)
        self._around.setContentsMargins(0, 0, 0, 0)
        self._around.addWidget(self.dial, 1, 1)
        self._side.setWidget(holder)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        self._box.setSpacing(Space.L)
        self._box.addWidget(self.another, 0, Qt.AlignmentFlag.AlignLeft)
        self._box.addWidget(self._side, 1)
        self._box.addWidget(self.calls, 1)
        self.dial.reshaped.connect(self._arrange)
        self.dial.asked.connect(self._to_the_calls)
        self._arrange()

    def show_state(self, state: WindowState, now: float) -> None:
        """Show the calls of ``state``."""
        self.calls.show_state(state, now)
        if bool(state.calls) != self._busy:
            self._busy = bool(state.calls)
            self._arrange()
            if self._busy and not self.dial.number.text():
                self.calls.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside or above."""
        super().resizeEvent(event)
        self._arrange()

    def _to_the_calls(self) -> None:
        self.another.setChecked(False)
        self.calls.setFocus()

    def _arrange(self, *_: object) -> None:
        narrow = self.width() < NARROW_PX
        # Where room is short the calls come first: the form waits behind a button.
        self.another.setVisible(self._busy and narrow)
        self._side.setVisible(not (self._busy and narrow) or self.another.isChecked())
        self.calls.setVisible(self._busy)
        self.dial.make_compact(self._busy, in_a_row=self._busy and narrow)
        # Alone the form stands in the middle of the page, else at the top of its place.
        alone = 0 if self._busy else 1
        self._around.setRowStretch(0, alone)
        self._around.setRowStretch(2, 1)
        self._around.setColumnStretch(0, alone)
        self._around.setColumnStretch(1, 0 if alone else 1)
        self._around.setColumnStretch(2, alone)
        self.dial.setMinimumWidth(min(DIAL_WIDTH_ALONE, self.width() - 2 * Space.XL - 12) if alone else 0)
        self.dial.setMaximumWidth(DIAL_WIDTH_ALONE if alone else _ANY)
        beside = self._busy and not narrow
        above = self._busy and narrow
        self._box.setDirection(
            QBoxLayout.Direction.TopToBottom if above else QBoxLayout.Direction.LeftToRight
        )
        self._side.setMinimumWidth(DIAL_WIDTH if beside else 0)
        self._side.setMaximumWidth(DIAL_WIDTH if beside else _ANY)
        height = self.dial.heightForWidth(self.width() - 2 * Space.XL) + 4 if above else _ANY
        self._side.setMinimumHeight(min(height, self.height() // 2) if above else 0)
        self._side.setMaximumHeight(height)


class MainWindow(QMainWindow):
    """The shell. Pages are added with ``add_page``; with one page there is no rail to choose from."""

    hidden_to_tray = Signal()
    quit_asked = Signal()

    def __init__(
        self,
        theme: Theme,
        bridge: Bridge,
        tray: Tray | None,
        is_emergency: Callable[[str], bool] = lambda text: False,
        memory: QSettings | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._theme, self._bridge, self._tray, self._memory, self._now = theme, bridge, tray, memory, now
        self._may_close = False
        self.setWindowTitle("Hold Slayer")
        self.setWindowIcon(program_icon())
        self.setMinimumSize(QSize(560, 480))
        self.resize(1120, 720)

        self.page = CallsPage(theme, bridge, is_emergency)
        self.dial, self.calls = self.page.dial, self.page.calls
        self.status = StatusLine(theme)
        self._pages = QStackedWidget()
        self._choice = QButtonGroup(self)
        self._rail = QFrame()
        self._rail.setObjectName("rail")
        self._rail_column = QVBoxLayout(self._rail)
        self._rail_column.setContentsMargins(Space.S, Space.L, Space.S, Space.L)
        self._rail_column.addStretch(1)
        self.notice = Words("body")
        self.notice_close = Button(theme, "", "quiet", "close", "icon")
        self.notice_close.setAccessibleName("Close this notice")
        self.notice_box = self._make_notice()
        self._lay_out()
        self.add_page("Calls", "phone", self.page)

        self.notice_close.clicked.connect(lambda: bridge.say(""))
        bridge.changed.connect(self.show_state)
        self._every_second = QTimer(self, interval=1000)
        self._every_second.timeout.connect(self._tick)
        self._every_second.start()
        if memory is not None and (shape := memory.value("window/shape")) is not None:
            self.restoreGeometry(shape)
        self.show_state(bridge.state)
        self.dial.setFocus()

    def add_page(self, name: str, icon: str, page: QWidget) -> None:
        """Add a page to choose from."""
        index = self._pages.addWidget(page)
        button = Button(self._theme, name, "quiet", icon)
        button.setCheckable(True)
        button.setChecked(index == 0)
        button.clicked.connect(lambda: self._pages.setCurrentIndex(index))
        self._choice.addButton(button)
        self._rail_column.insertWidget(index, button)
        self._rail.setVisible(self._pages.count() > 1)

    def show_state(self, state: WindowState) -> None:
        """Show ``state``."""
        self.page.show_state(state, self._now())
        self.status.show_state(state)
        self._top.setVisible(state.notice is not None)
        if state.notice is not None:
            self.notice.setText(state.notice.text)
        if self._tray is not None:
            self._tray.show_state(state)

    def come_back(self) -> None:
        """Show the window again, in front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def close_for_good(self) -> None:
        """The program ends: no question, no tray."""
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """With a tray the program runs on without the window; without one, closing quits (live calls: after asking)."""
        if self._memory is not None:
            self._memory.setValue("window/shape", self.saveGeometry())
        if self._may_close:
            super().closeEvent(event)
            return
        event.ignore()
        if self._tray is not None and self._tray.available:
            self.hide()
            self._say_once_that_it_runs_on()
            self.hidden_to_tray.emit()
        elif not self._bridge.state.live or self.ask_to_hang_up():
            self.quit_asked.emit()

    def ask_to_hang_up(self) -> bool:
        """Whether the calls that run may be ended."""
        count = len(self._bridge.state.live)
        box = QMessageBox(self)
        box.setWindowTitle("Hold Slayer")
        box.setText("A call is running." if count == 1 else f"{count} calls are running.")
        box.setInformativeText("Closing the window hangs up, and the place in the queue is lost.")
        leave = box.addButton("Hang up and quit", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Keep waiting", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is leave

    def _say_once_that_it_runs_on(self) -> None:
        if self._memory is not None and self._memory.value("window/said_it_runs_on", False, type=bool):
            return
        if self._tray is not None:
            self._tray.message(
                "Hold Slayer keeps running", "It waits in the tray. Use Quit in its menu to end the program."
            )
        if self._memory is not None:
            self._memory.setValue("window/said_it_runs_on", True)

    def _tick(self) -> None:
        if self.isVisible():
            self.calls.tick(self._now())
        if self._tray is not None:
            self._tray.show_state(self._bridge.state)

    def _make_notice(self) -> QFrame:
        box = QFrame()
        box.setObjectName("banner")
        box.setProperty("tone", "error")
        row = QHBoxLayout(box)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.addWidget(self.notice, 1)
        row.addWidget(self.notice_close)
        return box

    def _lay_out(self) -> None:
        ground = QWidget()
        ground.setObjectName("ground")
        whole = QVBoxLayout(ground)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        self._top = QWidget()
        top = QVBoxLayout(self._top)
        top.setContentsMargins(Space.XL, Space.L, Space.XL, 0)
        top.addWidget(self.notice_box)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._rail)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._top)
        right.addWidget(self._pages, 1)
        body.addLayout(right, 1)
        whole.addLayout(body, 1)
        whole.addWidget(self.status)
        self.setCentralWidget(ground)
