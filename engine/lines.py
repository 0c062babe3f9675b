"""All the telephone lines of the program as one: a pool of line processes that grows with the calls.

A line process carries four legs at most (``sip.line.MAX_LEGS``), so the fifth call needs a second process. The first
line registers the accounts and takes incoming calls; the others only hold the credentials. Each leg's events go to
the one who seated it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from engine.audio.ring import RingReader, RingWriter
from engine.call import EndReason
from engine.sip.line import (
    MAX_LEGS,
    Account,
    DigitReceived,
    DigitsSent,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    Line,
    LineCommand,
    LineDown,
    LineError,
    LineEvent,
    LineUp,
    RecordingState,
    Registration,
    SetAccount,
    VoiceChanged,
)

log = logging.getLogger(__name__)

MAX_LINES = 8
"""Line processes at most: 32 calls at once, as many as the ears are built for."""

LegEvent = (
    LegRinging
    | LegAnswered
    | LegMedia
    | LegEnded
    | DigitReceived
    | DigitsSent
    | VoiceChanged
    | RecordingState
)
"""What the owner of a leg hears of it."""


class Lines:
    """Seats legs on lines, starts lines as they are needed, routes events."""

    def __init__(
        self,
        make_line: Callable[[int], Line],
        *,
        on_incoming: Callable[[LegIncoming], None],
        on_line: Callable[[LineUp | LineDown], None],
        on_registration: Callable[[Registration], None],
        max_lines: int = MAX_LINES,
    ) -> None:
        self._make_line = make_line
        self._on_incoming = on_incoming
        self._on_line = on_line
        self._on_registration = on_registration
        self._max_lines = max_lines
        self._lines: list[Line] = []
        self._seats: dict[LegId, tuple[Line, Callable[[LegEvent], None] | None]] = {}
        self._accounts: tuple[Account, ...] = ()
        self._growing = asyncio.Lock()
        self._stopping = False

    async def start(self, accounts: Sequence[Account] = ()) -> None:
        """Bring the first line up and register ``accounts``. Raises ``LineError`` with a sentence."""
        self._accounts = tuple(accounts)
        self._stopping = False
        await self._grow()

    async def stop(self) -> None:
        """Stop every line. Live legs end with ``LegEnded``. May be called at any time, any number of times."""
        self._stopping = True
        async with self._growing:
            lines, self._lines = self._lines, []
        await asyncio.gather(*(line.stop() for line in lines))
        self._seats.clear()

    async def seat(self, leg: LegId, owner: Callable[[LegEvent], None]) -> None:
        """Find a place for an outgoing leg, starting one more line when all are full.

        Raises ``LineError`` when the program is shutting down or every line is full.
        """
        async with self._growing:
            line = self._free_line()
            if line is None:
                line = await self._grow_locked()
            self._seats[leg] = (line, owner)

    def adopt(self, leg: LegId, owner: Callable[[LegEvent], None]) -> None:
        """Become the owner of an incoming leg. ``KeyError`` when it is gone already."""
        line, _ = self._seats[leg]
        self._seats[leg] = (line, owner)

    def send(self, leg: LegId, command: LineCommand) -> None:
        """Ask the leg's line for something; ignored when the leg is gone."""
        seat = self._seats.get(leg)
        if seat is not None:
            seat[0].send(command)

    def tap(self, leg: LegId) -> RingReader:
        """What the far side says. ``KeyError`` when the leg is gone."""
        return self._seats[leg][0].tap(leg)

    def talk(self, leg: LegId) -> RingWriter:
        """What we say. ``KeyError`` when the leg is gone."""
        return self._seats[leg][0].talk(leg)

    def set_account(self, account: Account) -> None:
        """Add or change an account on every line; the first one registers it."""
        self._accounts = (*(a for a in self._accounts if a.id != account.id), account)
        for index, line in enumerate(self._lines):
            line.send(SetAccount(_for_line(account, index)))

    # --- growing -------------------------------------------------------------------------------------------------

    def _free_line(self) -> Line | None:
        for line in self._lines:
            seated = sum(1 for other, _ in self._seats.values() if other is line)
            if line.up and seated < MAX_LEGS:
                return line
        return None

    async def _grow(self) -> None:
        async with self._growing:
            await self._grow_locked()

    async def _grow_locked(self) -> Line:
        if self._stopping:
            raise LineError(EndReason.LINE_LOST, "The program is closing; no new call can be made.")
        if len(self._lines) >= self._max_lines:
            raise LineError(
                EndReason.FAILED,
                f"All {self._max_lines * MAX_LEGS} lines are in use. End a call and try again.",
            )
        index = len(self._lines)
        line = self._make_line(index)
        line.subscribe(lambda event: self._route(line, event))
        try:
            await line.start()
        except BaseException:
            await line.stop()
            raise
        self._lines.append(line)
        for account in self._accounts:
            line.send(SetAccount(_for_line(account, index)))
        return line

    # --- routing -------------------------------------------------------------------------------------------------

    def _route(self, line: Line, event: LineEvent) -> None:
        match event:
            case LegIncoming():
                self._seats[event.leg] = (line, None)
                self._on_incoming(event)
            case LineUp() | LineDown():
                self._on_line(event)
            case Registration():
                self._on_registration(event)
            case LegEnded():
                seat = self._seats.get(event.leg)
                if seat is not None and seat[1] is not None:
                    seat[1](event)
                self._seats.pop(event.leg, None)
            case (
                LegRinging()
                | LegAnswered()
                | LegMedia()
                | DigitReceived()
                | DigitsSent()
                | VoiceChanged()
                | RecordingState()
            ):
                seat = self._seats.get(event.leg)
                if seat is not None and seat[1] is not None:
                    seat[1](event)
            case _:
                assert_never(event)


def _for_line(account: Account, index: int) -> Account:
    """Only the first line registers: two registrations of one account would fork its incoming calls."""
    return account if index == 0 else replace(account, register=False)
