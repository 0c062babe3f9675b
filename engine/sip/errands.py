"""Slow work of the line process, off the SIP thread: opening sound devices, making and closing files.

One thread does errand after errand; what comes of each is handed back to the SIP thread as a note. Errands never
touch the SIP library.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from engine.sip.callbacks import ErrandDone, Post

T = TypeVar("T")
_Errand = Callable[[], Callable[[], None]]


class Errands(threading.Thread):
    """The thread. Daemon: a device or disk that hangs must not keep the process from ending."""

    def __init__(self, post: Post) -> None:
        super().__init__(name="errands", daemon=True)
        self._post = post
        self._waiting: queue.SimpleQueue[_Errand] = queue.SimpleQueue()

    def do(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Do ``work`` in this thread, then call ``then`` or ``failed`` with its outcome in the SIP thread."""

        def errand() -> Callable[[], None]:
            try:
                result = work()
            except Exception as error:
                trouble = error.with_traceback(None)  # frames would hold on to objects
                return lambda: failed(trouble)
            return lambda: then(result)

        self._waiting.put(errand)

    def run(self) -> None:
        """For ever."""
        while True:
            self._post(ErrandDone(self._waiting.get()()))
