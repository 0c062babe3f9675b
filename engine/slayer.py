"""One call on hold for the user: perceive, decide, act.

    listener --perception--> feed() --> decide() --> Verdict --> actions --> hands (line, voice) and events (bus)
                                ^                                   |
                                +------ Answered <-- chooser <------+ Ask

All judgement is in ``deciding.policy``; all the slayer does is carry it out. Whatever goes wrong in here - a fault in
the policy, a voice that cannot be rendered, ears that fail - *rings the user* and never hangs up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol, assert_never

from engine.call import CallId, IllegalTransition, Phase, next_phase
from engine.deciding import policy
from engine.deciding.decisions import (
    Action,
    Answered,
    Ask,
    EnterStep,
    Finish,
    HandedBack,
    Input,
    LeaveFlow,
    Move,
    NeedUser,
    NoteEstimate,
    NoteHours,
    NoteMenu,
    NoteQueue,
    NoteSpeaker,
    OfferOver,
    OfferToWait,
    Press,
    Ring,
    Say,
    Situation,
    StandDown,
    Suspect,
    TakeBack,
    Teach,
    UserSaid,
    UserStays,
    UserTookBack,
    Warn,
)
from engine.events import (
    BackOnHold,
    Caption,
    DigitsPressed,
    Event,
    FlowLeft,
    HoldBegan,
    HoursAnnounced,
    Learned,
    LearningUndone,
    MenuHeard,
    OfferEnded,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    PhaseChanged,
    ProgressTone,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    SoundHeard,
    Spoken,
    StepEntered,
    UserNeeded,
)
from engine.hearing.perceptions import Heard, SoundBegan, Span, ToneHeard
from engine.hearing.transcriber import ModelMissing
from engine.learning import CallMemory
from engine.storage.company import CompanyMemory
from flows.model import DIGITS

log = logging.getLogger(__name__)

SAME_VOICE_S = 0.5
"""Words that begin this little before a voice are its own: words are looked for from 0.35 s before the voice on."""
LEARNED_RECORDING = "Learned: that was a recording."
LEARNED_PERSON = "Learned: that is a person."
TROUBLE = "Something went wrong inside the program ({}). The call is still on: pick up and go on by hand."
NOT_HEARD = "This call cannot be heard. {} The call is still on: pick up and go on by hand."


class Hands(Protocol):
    """What a slayer can do to its call. The gateway has the hands; tests have others."""

    def press(self, digits: str) -> None:
        """Send digits, which are valid."""
        ...

    async def say(self, text: str) -> None:
        """Speak into the call; returns when all of it has been handed over."""
        ...

    def finish(self, outcome: str, because: str) -> None:
        """Hang up politely: this attempt is over."""
        ...


class Asker(Protocol):
    """Who answers which option of a menu serves the intent (``deciding.chooser.Chooser``)."""

    async def choose(self, ask: Ask) -> Answered:
        """Never raises: a failure is an answer without a choice."""
        ...


class Slayer:
    """Carries out the policy's verdicts for one call. Lives on the loop's thread."""

    def __init__(
        self,
        call: CallId,
        situation: Situation,
        *,
        hands: Hands,
        asker: Asker,
        publish: Callable[[Event], None],
        now: Callable[[], float],
        memory: CallMemory | None = None,
    ) -> None:
        """``memory``: what is known of the company, and learns; None: nothing is kept beyond the call."""
        self._call = call
        self._situation = situation
        self._hands = hands
        self._asker = asker
        self._publish = publish
        self._now = now
        self._memory = memory
        self._hold_at: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._captions: dict[float, Caption] = {}
        self._clock_s = 0.0
        self._hold_since_s: float | None = None
        self._in_trouble = False
        self._flow = situation.cursor.flow.id if situation.cursor else ""
        self.person_found = False
        self.wait: tuple[float, float] | None = None
        """When the wait began that a person ended (wall clock), and its length in seconds."""

    @property
    def phase(self) -> Phase:
        """What we believe is going on."""
        return self._situation.phase

    def feed(self, perception: Input) -> None:
        """Take in a perception, decide, act. Never raises."""
        if self._situation.phase is Phase.DONE:
            return
        self._clock_s = max(self._clock_s, perception.at_s)
        self._show(perception)
        if self._in_trouble:
            return
        try:
            verdict = policy.decide(self._situation, perception)
            # A verdict moves the phase by a Move action, checked against the table; nothing else may.
            before = self._situation.phase
            self._situation = replace(verdict.situation, phase=before)
            for action in verdict.actions:
                self._act(action)
        except Exception as error:
            self.trouble(error)

    def trouble(self, error: BaseException) -> None:
        """Something failed: ring the user and let the call be. Only the first time per call."""
        log.error("the slayer of call %s failed", self._call, exc_info=error)
        if self._in_trouble or self._situation.phase in (Phase.TALKING, Phase.MANUAL, Phase.DONE):
            return
        self._in_trouble = True
        text = NOT_HEARD if isinstance(error, ModelMissing) else TROUBLE
        question = text.format(error if isinstance(error, ModelMissing) else type(error).__name__)
        if self._situation.phase is not Phase.ALERTING:
            self._move(Phase.ALERTING, "an unexpected error: the user is rung rather than the call lost")
        self._publish(UserNeeded(at=self._now(), call=self._call, question=question))

    def recall(self, known: CompanyMemory) -> None:
        """Know from here on what earlier calls have taught."""
        self._situation = policy.recalling(self._situation, known.sentences, known.waits)

    @property
    def recordings(self) -> tuple[str, ...]:
        """Normalised sentences that are taken for a recording's."""
        return policy.recordings(self._situation)

    def user_takes(self, phase: Phase, because: str) -> None:
        """The user is on the call now (``TALKING`` or ``MANUAL``): listen on, touch nothing."""
        if self._situation.phase is not phase:
            self._move(phase, because)
        self._situation = replace(self._situation, acting=False)

    def user_gives_back(self) -> None:
        """The user handed the call back: the policy goes on from here."""
        self._in_trouble = False
        self._situation = replace(self._situation, acting=True)
        self.feed(HandedBack(at_s=self._clock_s))

    def drive(self) -> None:
        """The program drives again, and waits on."""
        self._situation = replace(self._situation, acting=True)

    def user_says(self, person: bool) -> None:
        """The user corrects us."""
        self.feed(UserSaid(at_s=self._clock_s, person=person))

    def user_takes_back(self) -> None:
        """The user takes their last correction back."""
        self.feed(UserTookBack(at_s=self._clock_s))

    def user_stays(self) -> None:
        """Put back on hold, the user waits on themselves."""
        self.feed(UserStays(at_s=self._clock_s))

    def if_dropped(self) -> str:
        """Outcome of a call that the far side ended while we waited: "closed", "voicemail" ... or "dropped"."""
        return policy.if_dropped(self._situation)

    def done(self) -> None:
        """The line has ended: nothing is felt or done any more."""
        if self._situation.phase is not Phase.DONE:
            self._move(Phase.DONE, "the call has ended")
        for task in self._tasks:
            task.cancel()

    # --- facts for the window ----------------------------------------------------------------------------------

    def _show(self, perception: Input) -> None:
        match perception:
            case SoundBegan():
                self._publish(
                    SoundHeard(self._now(), self._call, perception.sound, since_s=perception.since_s)
                )
            case ToneHeard():
                self._publish(ProgressTone(self._now(), self._call, perception.tone, perception.span))
            case Heard():
                caption = Caption(
                    self._now(),
                    self._call,
                    perception.text,
                    perception.span,
                    perception.confidence,
                    perception.final,
                )
                self._captions[perception.span.start_s] = caption
                while len(self._captions) > 8:
                    self._captions.pop(next(iter(self._captions)))
                self._publish(caption)
            case _:
                pass

    def _words_since(self, since_s: float, judged: str) -> tuple[str, float]:
        """What was said from ``since_s`` on, and the confidence in its least sure part.

        ``judged``: the words that were judged, which may begin with a recording's; told where there are no captions.
        """
        if not self._captions:
            return judged, 1.0
        said = [c for start_s, c in sorted(self._captions.items()) if start_s >= since_s - SAME_VOICE_S]
        return " ".join(c.text for c in said), min((c.confidence for c in said), default=1.0)

    def _label(self, span: Span, speaker: str) -> None:
        """Say again the captions within ``span``, now with who spoke them."""
        for start_s, caption in list(self._captions.items()):
            if span.start_s - SAME_VOICE_S <= start_s < span.end_s and caption.speaker != speaker:
                labelled = replace(caption, at=self._now(), speaker=speaker)
                self._captions[start_s] = labelled
                self._publish(labelled)

    # --- acts --------------------------------------------------------------------------------------------------

    def _act(self, action: Action) -> None:
        now, call = self._now(), self._call
        match action:
            case Move():
                self._move(action.phase, action.because)
            case Press():
                self._press(action)
            case Say():
                self._start(self._say(action))
            case Ask():
                self._start(self._ask(action))
            case Suspect():
                words, _ = self._words_since(action.since_s, action.words)
                self._publish(PersonSuspected(now, call, words, action.because, action.pieces))
            case Ring():
                self.person_found = True
                self.wait = None if self._hold_at is None else (self._hold_at, now - self._hold_at)
                words, confidence = self._words_since(action.since_s, action.words)
                found = PersonFound(
                    now, call, words, action.since_s, action.because, confidence, action.pieces
                )
                self._publish(found)
            case StandDown():
                self.person_found, self.wait = False, None
                self._publish(PersonDismissed(now, call, action.because, pieces=action.pieces))
            case NoteMenu():
                options = tuple((o.digits or o.say, o.label) for o in action.options)
                self._publish(MenuHeard(now, call, options))
            case NoteQueue():
                self._publish(QueueNews(now, call, action.position, action.wait_min))
            case NoteEstimate():
                self._publish(QueueEstimate(now, call, action.left_s, action.back_in_s, action.because))
            case Warn():
                self._publish(QueueWarning(now, call, action.kind, action.text))
            case NoteHours():
                self._publish(HoursAnnounced(now, call, action.text))
            case OfferToWait():
                self._publish(BackOnHold(now, call, action.since_s, action.because))
            case OfferOver():
                self._publish(OfferEnded(now, call, action.because))
            case NoteSpeaker():
                self._label(action.span, action.speaker)
                if self._memory is not None:
                    self._memory.heard(action.span, action.speaker, self._situation.phase)
            case Teach():
                if self._memory is not None:
                    self._memory.teach(action.person, action.spans, action.sentences)
                text = LEARNED_PERSON if action.person else LEARNED_RECORDING
                self._publish(Learned(now, call, action.person, text))
            case TakeBack():
                if self._memory is not None:
                    self._memory.take_back()
                self._publish(LearningUndone(now, call))
            case EnterStep():
                self._publish(StepEntered(now, call, self._flow, action.step))
            case LeaveFlow():
                self._publish(FlowLeft(now, call, self._flow, action.because))
            case NeedUser():
                self._publish(UserNeeded(now, call, action.question))
            case Finish():
                self._hands.finish(action.outcome, action.because)
            case _:
                assert_never(action)

    def _move(self, phase: Phase, because: str) -> None:
        old = self._situation.phase
        if old is phase:
            return
        try:
            next_phase(old, phase)
        except IllegalTransition:
            log.error("the policy wanted to go from %s to %s: %s", old, phase, because)
            raise
        self._situation = replace(self._situation, phase=phase)
        self._publish(PhaseChanged(self._now(), self._call, old, phase, because))
        if phase is Phase.HOLDING and self._hold_since_s is None:
            self._hold_since_s = self._clock_s
            self._hold_at = self._now()
            self._publish(HoldBegan(self._now(), self._call, self._clock_s, because))

    def _press(self, action: Press) -> None:
        # The last gate before the line: whatever a flow, a rule or a model says, only these are ever dialled.
        if not DIGITS.match(action.digits):
            raise ValueError("a decision asked for a key that no telephone has")
        self._hands.press(action.digits)
        self._publish(DigitsPressed(self._now(), self._call, action.digits, action.because))

    async def _say(self, action: Say) -> None:
        await self._hands.say(action.text)
        self._publish(Spoken(self._now(), self._call, action.text, action.because))

    async def _ask(self, ask: Ask) -> None:
        answer = await self._asker.choose(ask)
        self.feed(replace(answer, at_s=max(answer.at_s, self._clock_s)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.trouble(error)
