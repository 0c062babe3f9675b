"""Notifications of the desktop, with buttons that act; a balloon of the tray where there are none; else the window
alone, and the log says so once.

    desktop-notifier (D-Bus, Windows, macOS) -> tray balloon -> nothing but the window
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

log = logging.getLogger(__name__)

APP_NAME = "Hold Slayer"
PATIENCE_S = 5.0
"""A notification service that has not answered by then is taken for absent."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a notification."""

    title: str
    pressed: Callable[[], object]


class NotificationService(Protocol):
    """Shows a notification; returns what ``withdraw`` needs. Raises when it cannot."""

    async def show(
        self, title: str, text: str, actions: Sequence[Action], clicked: Callable[[], object], urgent: bool
    ) -> str: ...

    async def withdraw(self, shown: str) -> None: ...


class DesktopService:
    """The desktop's own notifications. Everything of the library is imported at the first notification."""

    def __init__(self) -> None:
        self._notifier: Any = None

    async def show(
        self, title: str, text: str, actions: Sequence[Action], clicked: Callable[[], object], urgent: bool
    ) -> str:
        """Show it. ``RuntimeError`` when the desktop did not take it."""
        from desktop_notifier import Button, DesktopNotifier, Icon, Urgency

        import resources

        # The library logs a failure as a warning and returns as if nothing had been: we ask for the dispatch.
        library_log = logging.getLogger("desktop_notifier")
        library_log.setLevel(logging.CRITICAL)
        if self._notifier is None:
            picture = Icon(path=resources.locate("icons", "holdslayer.svg"))
            self._notifier = DesktopNotifier(app_name=APP_NAME, app_icon=picture)
        dispatched: list[bool] = []
        shown: str = await asyncio.wait_for(
            self._notifier.send(
                title=title,
                message=text,
                urgency=Urgency.Critical if urgent else Urgency.Normal,
                buttons=[Button(title=action.title, on_pressed=action.pressed) for action in actions],
                on_clicked=clicked,
                on_dispatched=lambda: dispatched.append(True),
            ),
            PATIENCE_S,
        )
        if not dispatched:
            self._notifier = None
            raise RuntimeError("the desktop has no notification service that answers")
        return shown

    async def withdraw(self, shown: str) -> None:
        """Take it away again."""
        if self._notifier is not None:
            # KeyError: the user has closed it or pressed a button, and the desktop took it away.
            with contextlib.suppress(KeyError):
                await asyncio.wait_for(self._notifier.clear(shown), PATIENCE_S)

    async def close(self) -> None:
        """Leave the session bus."""
        backend = getattr(self._notifier, "_backend", None)
        bus = getattr(backend, "bus", None)
        if bus is not None:
            bus.disconnect()
            await asyncio.wait_for(bus.wait_for_disconnect(), PATIENCE_S)
        self._notifier = None


class Notifier:
    """One notification at a time: that of the call that needs the user. Never blocks, never raises."""

    def __init__(self, service: NotificationService | None, balloon: Callable[[str, str], bool]) -> None:
        self._service = service
        self._balloon = balloon
        self._shown: str | None = None
        self._wanted = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def show(
        self, title: str, text: str, actions: Sequence[Action], clicked: Callable[[], object], urgent: bool
    ) -> None:
        """Show this in place of what is shown."""
        self._wanted += 1
        self._start(self._show(self._wanted, title, text, tuple(actions), clicked, urgent))

    def withdraw(self) -> None:
        """Take away what is shown."""
        self._wanted += 1
        if self._shown is not None or self._tasks:
            self._start(self._withdraw())

    async def close(self) -> None:
        """Withdraw and wait until nothing is under way."""
        self.withdraw()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        closing = getattr(self._service, "close", None)
        if closing is not None:
            try:
                await closing()
            except Exception as error:
                log.info("the notification service did not close: %s", error)

    def _start(self, work: Any) -> None:
        try:
            task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        except RuntimeError:  # no loop runs any more: the program is ending
            work.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show(
        self,
        turn: int,
        title: str,
        text: str,
        actions: tuple[Action, ...],
        clicked: Callable[[], object],
        urgent: bool,
    ) -> None:
        await self._withdraw()
        if turn != self._wanted:
            return
        if self._service is not None:
            try:
                shown = await self._service.show(title, text, actions, clicked, urgent)
            except Exception as error:
                self._service = None
                log.info("no notifications with buttons from here on: %s", error)
            else:
                self._shown = shown
                if turn != self._wanted:
                    await self._withdraw()
                return
        if not self._balloon(title, text):
            log.info("no notification could be shown; the window alone calls the user")

    async def _withdraw(self) -> None:
        shown, self._shown = self._shown, None
        if shown is None or self._service is None:
            return
        try:
            await self._service.withdraw(shown)
        except Exception as error:
            log.info("a notification could not be withdrawn: %s", error)
