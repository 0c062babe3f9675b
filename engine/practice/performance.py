"""One call at a practice company on a real telephone line: the script, played.

    script --Play--> player --write--> talk ring --> line       what was sent comes back as marks with wall-clock times
    line --digits, the end--> queue --+
    tap ring --> is the caller talking? --> script

Times: the talk ring tells how many samples the line has taken, in frames of 20 ms; the first sample of a frame is sent
when the frame is taken, the others follow at their rate. The counter is half a frame old on average, so a mark was
sent at: now, plus half a frame, less what was taken after it. That is exact to 10 ms, however late we look.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from engine.audio.format import FRAME_SAMPLES
from engine.audio.ring import RingReader, RingWriter, SoundLost
from engine.practice import script, turns
from engine.practice.clips import ClipError
from engine.practice.report import HungUp, Report
from engine.practice.scenario import Scenario
from engine.practice.studio import Mark, Mix, Studio
from engine.sip.line import (
    Answer,
    DigitReceived,
    HangUpLeg,
    LegEnded,
    LegId,
    Line,
    LineEvent,
    Progress,
    Refuse,
)
from engine.speaking.voice import VoiceError

log = logging.getLogger(__name__)

POLL_S = 0.02
LEAD_S = 1.0
"""Sound is written so far ahead of what the line has taken: a busy machine does not tear it."""
CHUNK_S = 0.2

TALK_DBFS = -45.0
"""A block of the caller's sound louder than this is voice (speech on a line is at -26, a quiet room below -55)."""
_BLOCK_S = 0.1
_BLOCKS_TALKING = 3
_BLOCKS_QUIET = 8


@dataclass(slots=True)
class Player:
    """Plays mixes into a talk ring and tells which marks have been sent."""

    ring: RingWriter
    _mix: Mix | None = None
    _begins: int = 0  # ring position of the mix's first sample
    _written: int = 0
    _marks: int = 0

    def play(self, mix: Mix | None) -> None:
        """Play ``mix`` from its beginning, or nothing, instead of what plays now."""
        if self._mix is not None:
            self.ring.clear()
        self._mix, self._begins, self._written, self._marks = mix, self.ring.written, 0, 0
        self._fill()

    def poll(self, now: float) -> tuple[list[tuple[float, Mark]], bool]:
        """The marks sent since the last time, with their times, and whether the mix has just ended."""
        if self._mix is None:
            return [], False
        played = self.ring.played - self._begins
        reached: list[tuple[float, Mark]] = []
        while self._marks < len(self._mix.marks) and self._mix.marks[self._marks].at < played:
            mark = self._mix.marks[self._marks]
            after = played - mark.at - FRAME_SAMPLES // 2
            reached.append((now - after / self.ring.rate, mark))
            self._marks += 1
        if played >= self._mix.length:
            reached += [(now, mark) for mark in self._mix.marks[self._marks :]]
            self._mix = None
            return reached, True
        self._fill()
        return reached, False

    def _fill(self) -> None:
        if self._mix is None:
            return
        lead, chunk = int(LEAD_S * self.ring.rate), int(CHUNK_S * self.ring.rate)
        while self._written < self._mix.length:
            waiting = self._written - (self.ring.played - self._begins)
            if waiting >= lead:
                return
            taken = self.ring.write(self._mix.read(self._written, chunk))
            if not taken:
                return
            self._written += taken


@dataclass(slots=True)
class CallerEar:
    """Notices when the caller begins and ceases to talk."""

    ring: RingReader
    _at: int = -1
    _loud: int = 0
    _quiet: int = 0
    talking: bool = False

    def poll(self) -> bool | None:
        """True: begins to talk; False: is quiet again; None: nothing new."""
        block = int(_BLOCK_S * self.ring.rate)
        if self._at < 0:
            self._at = self.ring.written
        while self.ring.written - self._at >= block:
            try:
                sound = self.ring.read(self._at, block)
            except SoundLost as lost:
                self._at = lost.first
                continue
            self._at += block
            power = float(np.mean(np.square(sound.astype(np.float64)))) / 32768.0**2
            if power > 10 ** (TALK_DBFS / 10):
                self._loud, self._quiet = self._loud + 1, 0
            else:
                self._loud, self._quiet = 0, self._quiet + 1
            if not self.talking and self._loud >= _BLOCKS_TALKING:
                self.talking = True
                return True
            if self.talking and self._quiet >= _BLOCKS_QUIET:
                self.talking = False
                return False
        return None


class Performance:
    """Plays one leg from its arrival to its end. ``take`` must be given every event of the leg."""

    def __init__(
        self,
        line: Line,
        leg: LegId,
        caller: turns.Caller,
        scenario: Scenario,
        studio: Studio,
        tell: Callable[[Report], None],
        *,
        long: bool = False,
    ) -> None:
        self._line, self._leg, self._caller = line, leg, caller
        self._scenario, self._studio, self._tell, self._long = scenario, studio, tell, long
        self._player = Player(line.talk(leg))
        self._ear = CallerEar(line.tap(leg))
        self._happened: deque[turns.Input] = deque()
        self._ended: LegEnded | None = None
        self._woken = asyncio.Event()

    def take(self, event: LineEvent) -> None:
        """Something happened on this leg."""
        match event:
            case DigitReceived():
                self._happened.append(turns.Pressed(event.at, event.digit))
            case LegEnded():
                self._ended = event
            case _:
                return
        self._woken.set()

    async def run(self, arrived_at: float) -> None:
        """Until either side has hung up. Never raises but for cancellation."""
        try:
            await self._run(arrived_at)
        except asyncio.CancelledError:
            self._line.send(HangUpLeg(self._leg))
            raise
        except (ClipError, VoiceError) as error:
            self._give_up(str(error))
        except Exception as error:
            log.exception("a practice call failed")
            self._give_up(f"the program failed: {error!r}")

    async def _run(self, arrived_at: float) -> None:
        play = script.perform(self._scenario, self._studio, self._caller, arrived_at, long=self._long)
        turn = next(play)
        while True:
            for wish in turn.wishes:
                self._carry_out(wish)
            if turn.last:
                return
            happened = await self._next(turn.wake_at)
            if happened is None:
                play.close()
                ended = self._ended
                assert ended is not None
                self._say_hung_up(ended.at, False, ended.text or "the caller hung up")
                return
            turn = play.send(happened)

    def _carry_out(self, wish: turns.Wish) -> None:
        match wish:
            case turns.Ring():
                self._line.send(Progress(self._leg, wish.code))
            case turns.Accept():
                self._line.send(Answer(self._leg))
            case turns.TurnAway():
                self._player.play(None)
                self._line.send(Refuse(self._leg, wish.code))
            case turns.Play():
                self._player.play(wish.mix)
            case turns.StopPlaying():
                self._player.play(None)
            case turns.Tell():
                self._tell(wish.report)
            case turns.Disconnect():
                self._line.send(HangUpLeg(self._leg))
            case _:
                assert_never(wish)

    async def _next(self, wake_at: float | None) -> turns.Input | None:
        """What happens next; None when the leg has ended."""
        while True:
            if self._ended is not None:
                return None
            if self._happened:
                return self._happened.popleft()
            self._look()
            if self._happened:
                continue
            now = time.time()
            if wake_at is not None and now >= wake_at:
                return turns.TimeUp(now)
            self._woken.clear()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def _look(self) -> None:
        now = time.time()
        reached, over = self._player.poll(now)
        self._happened.extend(turns.Reached(at, mark) for at, mark in reached)
        if over:
            self._happened.append(turns.Over(now))
        match self._ear.poll():
            case True:
                self._happened.append(turns.CallerTalks(now))
            case False:
                self._happened.append(turns.CallerQuiet(now))
            case None:
                pass

    def _give_up(self, because: str) -> None:
        self._line.send(HangUpLeg(self._leg))
        self._say_hung_up(time.time(), True, because)

    def _say_hung_up(self, at: float, by_company: bool, because: str) -> None:
        caller = self._caller
        self._tell(HungUp(at, caller.call, self._scenario.id, caller.uri, by_company, because))
