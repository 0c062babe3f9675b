"""One call that is on: a leg, its two rings, the ears on it, the mouth into it, and a slayer when it is to be slain.

Wishes of the user come in as commands, facts of the leg as ``LegEvent``; both leave as events on the bus. Everything
runs on the loop's thread and returns at once.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Coroutine
from typing import Any, assert_never

from engine.call import CallId, EndReason, LineState, Mode, Phase, next_line_state, next_phase
from engine.commands import (
    AnswerCall,
    CallCommand,
    GiveBack,
    HangUp,
    Mute,
    NotAPerson,
    PickUp,
    PressDigits,
    Record,
    StayOn,
    TakeOver,
    ThatIsAPerson,
    UndoFeedback,
)
from engine.deciding.decisions import LineAnswered, Situation
from engine.events import (
    AudioState,
    CallBegan,
    CallEnded,
    DigitsPressed,
    LineChanged,
    MemoryDamaged,
    OutcomeKnown,
    PersonDismissed,
    PhaseChanged,
    RecordingChanged,
    VoiceConnected,
)
from engine.learning import CallMemory, Company
from engine.lines import LegEvent
from engine.mouth import Mouth
from engine.outcome import name_ending, outcome_of
from engine.sip.line import (
    Answer,
    ConnectVoice,
    Dial,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegMedia,
    LegRinging,
    LineError,
    Progress,
    RecordingState,
    RecordLeg,
    SendDigits,
    VoiceChanged,
)
from engine.slayer import Slayer
from engine.storage.company import CompanyMemory
from engine.surroundings import Surroundings, Target
from flows.model import DIGITS

log = logging.getLogger(__name__)


PAUSE_S = 2.0
"""What a comma in a dial string stands for, as in modems (Hayes S8) and mobile telephones."""


class LiveCall:
    """A call from the wish for it to its end."""

    def __init__(self, id_: CallId, number: str, mode: Mode, around: Surroundings) -> None:
        self.id = id_
        self.leg = LegId(id_)
        self.number = number
        self.mode = mode
        self._around = around
        self._line = LineState.IDLE
        self._phase = Phase.MANUAL  # of a call without a slayer
        self._slayer: Slayer | None = None
        self._memory: CallMemory | None = None
        self._talked = False  # when the user said that it was a recording
        self._mouth: Mouth | None = None
        self._finish: tuple[str, str] | None = None
        self._hung_up = False
        self._voice = False
        self._muted = False
        self._over = False
        self._extension = ""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def phase(self) -> Phase:
        """What we believe is going on."""
        return self._slayer.phase if self._slayer else self._phase

    # --- beginning -------------------------------------------------------------------------------------------------

    def dial(
        self,
        target: Target,
        *,
        company: str = "",
        situation: Situation | None = None,
        whom: Company | None = None,
        shared: CompanyMemory | None = None,
    ) -> None:
        """Say that the call began and dial it; with a ``situation`` it is slain, without it is an everyday call.

        ``whom``: under which number and name the company is remembered. ``shared``: what came with the flow of it.
        """
        if situation is not None:
            whom = whom or Company(self.number, company)
            self._memory = CallMemory(self.id, whom, self._around.companies, self._around.ears)
            self._slayer = Slayer(
                self.id,
                situation,
                hands=self,
                asker=self._around.asker,
                publish=self._around.bus.publish,
                now=self._around.now,
                memory=self._memory,
            )
        self._announce(company, situation.intent if situation else "")
        self._extension = target.extension
        self._start(self._dial(target, shared or CompanyMemory()))

    async def _dial(self, target: Target, shared: CompanyMemory) -> None:
        if self._slayer is not None and self._memory is not None:
            self._slayer.recall(await self._memory.recall(shared))
            if self._memory.trouble:
                self._around.bus.publish(MemoryDamaged(self._now(), self.id, self._memory.trouble))
        try:
            await self._around.lines.seat(self.leg, self.heard_of)
        except LineError as error:
            self._end(LegEnded(self._now(), self.leg, error.reason, error.text, by_us=True))
            return
        self._around.lines.send(self.leg, Dial(self.leg, target.uri, target.account))
        self._line_state(LineState.DIALING)
        if self._slayer is not None:
            self._mouth = Mouth(self._around.voice, self._around.lines.talk(self.leg))
            known = self._memory.prints if self._memory is not None else None
            self._around.ears.attach(self.id, self._around.lines.tap(self.leg), self._slayer.feed, known)
        else:
            self._connect_voice(True)

    def ring_in(self) -> None:
        """Take over an incoming leg: say that it rings, to the user and to the caller."""
        self._around.lines.adopt(self.leg, self.heard_of)
        self._announce("", "", incoming=True)
        self._line_state(LineState.EARLY)
        self._around.lines.send(self.leg, Progress(self.leg, 180))

    def _announce(self, company: str, intent: str, *, incoming: bool = False) -> None:
        self._around.bus.publish(
            CallBegan(self._now(), self.id, self.number, company, intent, self.mode, incoming=incoming)
        )

    # --- wishes ----------------------------------------------------------------------------------------------------

    def do(self, command: CallCommand) -> None:
        """Carry out a wish. Raises ``LineError`` with a sentence when it cannot be."""
        match command:
            case AnswerCall():
                self._around.lines.send(self.leg, Answer(self.leg))
                self._connect_voice(True)
            case PickUp():
                self._take(Phase.TALKING, "you picked up")
            case TakeOver():
                self._take(Phase.MANUAL, "you took over")
            case GiveBack():
                if self._slayer is not None and self.phase in (Phase.TALKING, Phase.MANUAL):
                    self._connect_voice(False)
                    self._slayer.user_gives_back()
            case NotAPerson():
                self._not_a_person()
            case ThatIsAPerson():
                if self._slayer is not None:
                    self._slayer.user_says(person=True)
            case UndoFeedback():
                self._undo_feedback()
            case StayOn():
                if self._slayer is not None:
                    self._slayer.user_stays()
            case PressDigits():
                self._press_by_hand(command.digits)
            case Mute():
                self._muted = command.muted
                if self._voice:
                    self._around.lines.send(self.leg, ConnectVoice(self.leg, True, muted=self._muted))
            case Record():
                self._record(command.on)
            case HangUp():
                self.hang_up()
            case _:
                assert_never(command)

    def hang_up(self) -> None:
        """End the call in whatever state it is."""
        self._hung_up = True
        if self._line is LineState.IDLE:  # no line found yet: there is no leg to hang up
            self._end(LegEnded(self._now(), self.leg, EndReason.CANCELLED, "You hung up.", by_us=True))
        else:
            self._around.lines.send(self.leg, HangUpLeg(self.leg))

    def close(self) -> None:
        """The program closes: the call is over whether its line said so or not."""
        self._end(LegEnded(self._now(), self.leg, EndReason.COMPLETED, "The program closed.", by_us=True))

    def ears_failed(self, error: BaseException) -> None:
        """The ears on this call failed: the user is rung, the call goes on."""
        if self._slayer is not None:
            self._slayer.trouble(error)

    def _not_a_person(self) -> None:
        if self._slayer is None:
            return
        self._around.bus.publish(
            PersonDismissed(self._now(), self.id, "you said that it was no person", by_user=True)
        )
        self._talked = self.phase is Phase.TALKING
        self._slayer.user_says(person=False)
        if self._talked and self.phase is Phase.HOLDING:
            self._connect_voice(False)
            self._slayer.drive()

    def _undo_feedback(self) -> None:
        if self._slayer is None:
            return
        self._slayer.user_takes_back()
        if self._talked and self.phase is Phase.TALKING:
            self._take(Phase.TALKING, "you took it back")
        self._talked = False

    def _take(self, phase: Phase, because: str) -> None:
        if self._slayer is not None:
            self._slayer.user_takes(phase, because)
        self._connect_voice(True)

    def _connect_voice(self, on: bool) -> None:
        self._voice = on
        if on and self._mouth is not None:
            self._mouth.hush()
        self._around.lines.send(self.leg, ConnectVoice(self.leg, on, muted=self._muted))

    def _press_by_hand(self, digits: str) -> None:
        if not DIGITS.match(digits):
            raise LineError(EndReason.FAILED, "A telephone has the keys 0-9, * and # only.")
        self._around.lines.send(self.leg, SendDigits(self.leg, digits))
        # What a hand types may be a PIN: that it was typed is a fact, what it was is nobody's.
        self._around.bus.publish(DigitsPressed(self._now(), self.id, "•" * len(digits), "you pressed it"))

    def _record(self, on: bool) -> None:
        folder = self._around.recordings
        if on and folder is None:
            raise LineError(
                EndReason.FAILED, "Recording is switched off. Choose a folder for it in Preferences."
            )
        path = ""
        if on and folder is not None:
            name = time.strftime("%Y-%m-%d/%H-%M-%S", time.localtime(self._now()))
            path = str(folder / f"{name}-{self.id[:8]}.wav")
        self._around.lines.send(self.leg, RecordLeg(self.leg, path))

    # --- the slayer's hands ----------------------------------------------------------------------------------------

    def press(self, digits: str) -> None:
        """Send digits for the slayer. A digit on top of our own voice is often not recognised: be quiet first."""
        if self._mouth is not None:
            self._mouth.hush()
        self._around.lines.send(self.leg, SendDigits(self.leg, digits))

    async def say(self, text: str) -> None:
        """Speak into the call for the slayer."""
        if self._mouth is not None:
            await self._mouth.say(text)

    def finish(self, outcome: str, because: str) -> None:
        """Hang up for the slayer: this attempt is over."""
        self._finish = (outcome, because)
        self.hang_up()

    # --- what the leg says -----------------------------------------------------------------------------------------

    def heard_of(self, event: LegEvent) -> None:
        """Take in what happened to the leg."""
        match event:
            case LegRinging():
                self._line_state(LineState.EARLY, early_media=event.early_media)
            case LegAnswered():
                self._answered()
            case LegEnded():
                self._end(event)
            case VoiceChanged():
                self._around.bus.publish(VoiceConnected(self._now(), self.id, event.connected))
                if event.error or event.connected:
                    self._around.bus.publish(
                        AudioState(self._now(), event.microphone, event.speaker, "", event.error)
                    )
            case RecordingState():
                self._around.bus.publish(RecordingChanged(self._now(), self.id, event.path))
                if event.error:
                    log.warning("recording of a call failed: %s", event.error)
            case DigitsSent():
                if event.error:
                    log.warning("digits did not go out: %s", event.error)
            case LegMedia() | DigitReceived():
                pass
            case _:
                assert_never(event)

    def _answered(self) -> None:
        self._line_state(LineState.CONFIRMED)
        if self._slayer is not None:
            ring = self._around.lines.tap(self.leg)
            self._slayer.feed(LineAnswered(at_s=ring.written / ring.rate))
        else:
            self._move(Phase.TALKING, "the call was answered")
        if self._extension:
            self._start(self._dial_extension())
        if self._around.record_all:
            self._record(True)

    async def _dial_extension(self) -> None:
        for part in re.findall(r",|[^,]+", self._extension):
            if part == ",":
                await asyncio.sleep(PAUSE_S)
            else:
                self.press(part)

    def _end(self, event: LegEnded) -> None:
        if self._over:
            return
        self._over = True
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        believed, found = self.phase, self._slayer is not None and self._slayer.person_found
        dropped = self._slayer.if_dropped() if self._slayer is not None else ""
        if self._slayer is not None:
            self._slayer.done()
        else:
            self._move(Phase.DONE, "the call has ended")
        by_us = event.by_us or self._hung_up
        reason, text = name_ending(event, waiting=self._slayer is not None, phase=believed)
        if self._slayer is not None:
            outcome, because = outcome_of(
                reason, text, finish=self._finish, person_found=found, by_us=by_us, if_dropped=dropped
            )
            self._around.bus.publish(OutcomeKnown(self._now(), self.id, outcome, because))
            if self._memory is not None:
                self._memory.ended(self._slayer.recordings, self._slayer.wait, outcome)
        else:
            self._around.ears.detach(self.id)
        self._line_state(LineState.ENDED)
        self._around.gone(self.id)
        self._around.bus.publish(CallEnded(self._now(), self.id, reason, text, by_us, event.sip_code))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- states ----------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._around.now()

    def _line_state(self, state: LineState, *, early_media: bool = False) -> None:
        if self._line is state and not early_media:
            return
        if self._line is not state:
            self._line = next_line_state(self._line, state)
        self._around.bus.publish(LineChanged(self._now(), self.id, state, early_media))

    def _move(self, phase: Phase, because: str) -> None:
        if self._phase is phase:
            return
        old, self._phase = self._phase, next_phase(self._phase, phase)
        self._around.bus.publish(PhaseChanged(self._now(), self.id, old, phase, because))
