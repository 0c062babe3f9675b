"""Sending digits one at a time: the library queues 32 at most, and a menu needs gaps between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from engine.sip.line import DigitMethod

DIGIT_MS = 160
"""How long a digit sounds. 65 ms is the least a receiver must take (RFC 4733, 2.5.1.2; ITU-T Q.24: 40 ms)."""
STEP_S = 0.3
"""From the beginning of one digit to the next: the digit, its end packets (60 ms), a gap of 80 ms."""
VALID = re.compile(r"[0-9*#A-D]+")


@dataclass(slots=True)
class _Batch:
    digits: str
    method: DigitMethod
    sent: int = 0


class DigitQueue:
    """Digits of one leg, waiting. ``play`` sends one digit and raises ``ValueError`` with a sentence if it cannot;
    ``done`` is told how many of a batch went out, and why not all."""

    def __init__(self, play: Callable[[str, DigitMethod], None], done: Callable[[int, str], None]) -> None:
        self._play = play
        self._done = done
        self._batches: deque[_Batch] = deque()
        self._next_at = 0.0

    def add(self, digits: str, method: DigitMethod) -> None:
        """Queue digits behind those already waiting."""
        if not VALID.fullmatch(digits):
            self._done(0, "Only the digits 0 to 9, *, # and A to D can be sent.")
            return
        self._batches.append(_Batch(digits, method))

    @property
    def waiting(self) -> bool:
        """Digits are to be sent, or to be told as sent."""
        return bool(self._batches)

    def tick(self, now: float) -> None:
        """Send the next digit when its time has come. ``now``: monotonic seconds."""
        if not self._batches or now < self._next_at:
            return
        batch = self._batches[0]
        if batch.sent == len(batch.digits):
            self._batches.popleft()
            self._done(batch.sent, "")
            self.tick(now)
            return
        try:
            self._play(batch.digits[batch.sent], batch.method)
        except ValueError as error:
            self._batches.popleft()
            self._done(batch.sent, str(error))
            return
        batch.sent += 1
        self._next_at = now + STEP_S

    def give_up(self, because: str) -> None:
        """The leg is over: say so of everything that was waiting."""
        while self._batches:
            batch = self._batches.popleft()
            if batch.sent == len(batch.digits):
                self._done(batch.sent, "")
            else:
                self._done(batch.sent, because)
