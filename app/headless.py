"""One call in the terminal, without a window: start the program, make the call, tell what happens, sum it up.

There, the event ``human`` *is* the ring. Somebody at a terminal can then pick up with Enter; where nobody can, the
call is ended politely a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.compose import Core
from app.output import Output
from app.summary import Summary, summarise
from app.timeline import of_event
from engine.call import CallId, Mode
from engine.commands import Command, HangUp, PickUp
from engine.events import (
    AudioState,
    CallBegan,
    CallEnded,
    Event,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    RecogniserState,
    UserNeeded,
    VoiceConnected,
)
from engine.practice.report import Report

MOMENT_S = 1.5
"""How long a person is left on the line when nobody picks up in a run that nobody attends."""
PATIENCE_S = 60.0
"""How long somebody at the terminal has for picking up (or for what else they are needed for)."""
GOODBYE_S = 5.0
"""How long the line has for telling that a call is over, before it is taken for over."""

INTERRUPTED = 130
OVER = "the call is over"


@dataclass
class _Watch:
    """What was seen of the one call of this run."""

    began_at: float = field(default_factory=time.time)
    call: CallId | None = None
    mode: Mode = Mode.HOLD_SLAYER
    events: list[Event] = field(default_factory=list)
    said: str = ""
    """Why it went as it did, as told already."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: bool = False


class Headless:
    """Runs one call. ``attended``: somebody is at the terminal. ``limit_s``: the longest a call may take, None: any.

    ``company``: how the summary calls the company, instead of by its name.
    """

    def __init__(
        self,
        core: Core,
        out: Output,
        *,
        attended: bool = False,
        limit_s: float | None = None,
        company: str = "",
    ) -> None:
        self._core = core
        self._out = out
        self._attended = attended
        self._limit_s = limit_s
        self._company = company
        self._watch = _Watch()
        self._goodbye: asyncio.TimerHandle | None = None

    async def run(
        self, command: Callable[[], Command], reports: Callable[[], Sequence[Report]] | None = None
    ) -> tuple[Summary | None, int]:
        """Start, call, stop. ``command`` is asked for once all has started; ``reports`` once the call is over.

        Returns the summary, None when no call came to be, and the exit code: 0, or 130 when interrupted. Raises
        sentences (``complaints``).
        """
        watch = self._watch
        unsubscribe = self._core.bus.subscribe_all(self._see)
        try:
            with self._interruptible():
                await self._core.start()
                told = {e.text for e in self._core.bus.history if isinstance(e, RecogniserState)}
                for notice in self._core.notices:
                    if self._out.json or notice not in told:
                        self._out.remark(notice)
                watch.began_at = time.time()
                if not watch.interrupted:
                    self._core.do(command())
                    await self._until_over()
            await asyncio.sleep(0)
            summary = self._sum_up(reports)
            return summary, INTERRUPTED if watch.interrupted else 0
        finally:
            if self._goodbye is not None:
                self._goodbye.cancel()
            unsubscribe()
            await self._core.stop()

    def _sum_up(self, reports: Callable[[], Sequence[Report]] | None) -> Summary | None:
        if not self._watch.events:
            return None
        summary = summarise(self._watch.events, reports() if reports is not None else None)
        if self._company:
            summary = dataclasses.replace(summary, company=self._company)
        self._out.line(time.time() - self._watch.began_at, summary.line())
        return summary

    async def _until_over(self) -> None:
        try:
            await asyncio.wait_for(self._watch.ended.wait(), self._limit_s)
        except TimeoutError:
            self._out.remark(f"The call took longer than {self._limit_s:.0f} s and is ended.")
            self._hang_up()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._watch.ended.wait(), GOODBYE_S)

    # --- what happens --------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> None:
        watch = self._watch
        match event:
            case CallBegan() if watch.call is None:
                watch.call, watch.mode, watch.began_at = event.call, event.mode, event.at
        of_call = getattr(event, "call", None)
        if of_call is not None and of_call != watch.call:
            return
        if of_call is not None:
            watch.events.append(event)
        elif isinstance(event, AudioState) and watch.mode is Mode.HOLD_SLAYER and not self._attended:
            return  # nobody is going to talk
        since_dialling = event.at - watch.began_at if watch.call is not None else 0.0
        line = of_event(event)
        if isinstance(event, CallEnded) and event.text == watch.said:
            line = dataclasses.replace(line, text=OVER)  # the outcome has just said the same
        self._out.line(max(0.0, since_dialling), line)
        match event:
            case OutcomeKnown(because=because):
                watch.said = because
            case PersonFound():
                self._ring()
            case PersonDismissed() | VoiceConnected(connected=True):
                self._keep()
            case UserNeeded():
                self._need()
            case AudioState(text=text) if text and self._out.json:
                self._out.remark(text)
            case CallEnded():
                self._keep()
                watch.ended.set()

    def _ring(self) -> None:
        if not self._attended:
            self._hang_up_after(MOMENT_S)
            return
        print("\a", end="", file=sys.stderr, flush=True)
        self._out.remark(f"Press Enter to pick up (within {PATIENCE_S:.0f} s), Ctrl+C to hang up.")
        self._hang_up_after(PATIENCE_S)

    def _need(self) -> None:
        if self._attended:
            self._ring()
        elif self._goodbye is None:
            self._hang_up_after(PATIENCE_S)

    def _hang_up_after(self, wait_s: float) -> None:
        self._keep()
        self._goodbye = asyncio.get_running_loop().call_later(wait_s, self._hang_up)

    def _keep(self) -> None:
        """No longer about to hang up."""
        if self._goodbye is not None:
            self._goodbye.cancel()
            self._goodbye = None

    def _hang_up(self) -> None:
        self._keep()
        if self._watch.call is None:
            self._watch.ended.set()
        elif not self._watch.ended.is_set():
            self._core.do(HangUp(self._watch.call))

    def _pick_up(self) -> None:
        if not sys.stdin.readline():
            asyncio.get_running_loop().remove_reader(sys.stdin)
        elif self._watch.call is not None and self._goodbye is not None:
            self._keep()
            self._core.do(PickUp(self._watch.call))

    # --- the terminal --------------------------------------------------------------------------------------------

    def _interrupt(self) -> None:
        if self._watch.interrupted:
            self._watch.ended.set()  # the second time: do not even wait for the line
            return
        self._watch.interrupted = True
        self._hang_up()
        asyncio.get_running_loop().call_later(GOODBYE_S, self._watch.ended.set)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl+C hangs up instead of tearing the program down; Enter picks up. (Not on Windows' loop.)"""
        loop = asyncio.get_running_loop()
        undo: list[Callable[[], object]] = []
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._interrupt)
                undo.append(functools.partial(loop.remove_signal_handler, number))
        if self._attended:
            with contextlib.suppress(NotImplementedError, OSError, ValueError):
                loop.add_reader(sys.stdin, self._pick_up)
                undo.append(lambda: loop.remove_reader(sys.stdin))
        try:
            yield
        finally:
            for step in undo:
                step()
