"""Publish and subscribe by event class, and the one door from other threads.

Everything in the window process that is not the main thread says what it has to say through ``post``; handlers run
on the loop's thread, in order. The last events are kept for late joiners (the window opened later, a new client).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from engine.events import Event

log = logging.getLogger(__name__)

E = TypeVar("E")
HISTORY = 1000
"""How many events are kept for late joiners (as many as the program this one descends from kept)."""


class Bus:
    """Delivers each event to those who subscribed to its class.

    A handler that raises is logged and does not keep the others from hearing the event: facts are never dropped.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._handlers: dict[type[Any], list[Callable[[Any], None]]] = {}
        self._all: list[Callable[[Event], None]] = []
        self._history: deque[Event] = deque(maxlen=HISTORY)

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop whose thread handlers run on, for a bus that was made before it."""
        self._loop = loop

    @property
    def history(self) -> tuple[Event, ...]:
        """The last events, oldest first."""
        return tuple(self._history)

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> Callable[[], None]:
        """Call ``handler`` with each event of exactly this class. Returns the function that unsubscribes."""
        handlers = self._handlers.setdefault(kind, [])
        handlers.append(handler)
        return lambda: handlers.remove(handler) if handler in handlers else None

    def subscribe_all(self, handler: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``handler`` with every event. Returns the function that unsubscribes."""
        self._all.append(handler)
        return lambda: self._all.remove(handler) if handler in self._all else None

    def publish(self, event: Event) -> None:
        """Deliver now. Only from the loop's own thread."""
        self._history.append(event)
        for handler in (*self._handlers.get(type(event), ()), *self._all):
            try:
                handler(event)
            except Exception:
                log.exception("a handler of %s failed", type(event).__name__)

    def post(self, event: Event) -> None:
        """Deliver from any thread: the event is handed to the loop. After the loop has closed, events go nowhere."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("this bus was made without a loop: only publish() works")
        try:
            loop.call_soon_threadsafe(self.publish, event)
        except RuntimeError:
            if not loop.is_closed():
                raise
