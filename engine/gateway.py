"""From wishes to calls: the one object the window, the tray and the command line talk to.

    Command --do()--> Gateway --> Lines (legs)  --LegEvent--> Gateway --> Slayer / Event on the bus
                              --> Listener (ears) --perception--> Slayer

A call is a leg, a pair of rings and, when it is to be slain, a slayer. Everything here runs on the loop's thread and
returns at once; what takes time happens in tasks and comes back as events.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, assert_never

from engine.audio.ring import RingReader
from engine.bus import Bus
from engine.call import CallId, EndReason, LineState, Mode, Phase, next_line_state
from engine.commands import (
    AnswerCall,
    Command,
    GiveBack,
    HangUp,
    Mute,
    NotAPerson,
    PickUp,
    PlaceCall,
    PressDigits,
    Record,
    SlayHold,
    TakeOver,
    ThatIsAPerson,
)
from engine.deciding import policy
from engine.deciding.decisions import LineAnswered
from engine.events import (
    AccountState,
    AudioState,
    CallBegan,
    CallEnded,
    DigitsPressed,
    Event,
    LineChanged,
    LineProcess,
    OutcomeKnown,
    PersonDismissed,
    PhaseChanged,
    RecordingChanged,
    VoiceConnected,
)
from engine.hearing.perceptions import Perception
from engine.lines import LegEvent, Lines
from engine.mouth import Mouth
from engine.numbers import Dialable, parse
from engine.outcome import name_ending, outcome_of
from engine.sip.line import (
    Account,
    Answer,
    ConnectVoice,
    Dial,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    Line,
    LineDown,
    LineError,
    LineUp,
    Progress,
    RecordingState,
    RecordLeg,
    Registration,
    SendDigits,
    VoiceChanged,
)
from engine.slayer import Asker, Slayer
from engine.speaking.voice import Voice
from flows.model import DIGITS, Flow

log = logging.getLogger(__name__)


class Ears(Protocol):
    """What the gateway needs of ``hearing.listener.Listener``."""

    def attach(self, call: CallId, reader: RingReader, handler: Callable[[Perception], None]) -> None:
        """Begin to listen; perceptions reach ``handler`` on the loop's thread, in order."""
        ...

    def detach(self, call: CallId) -> None:
        """Stop listening to this call."""
        ...


@dataclass(slots=True)
class _Call:
    """A call as the gateway keeps it. Mutable, and private to the gateway."""

    id: CallId
    leg: LegId
    number: str
    mode: Mode
    line: LineState = LineState.IDLE
    phase: Phase = Phase.MANUAL  # of calls without a slayer
    slayer: Slayer | None = None
    mouth: Mouth | None = None
    finish: tuple[str, str] | None = None  # (outcome, because) when the slayer ended it
    hung_up: bool = False
    voice: bool = False
    muted: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def believed(self) -> Phase:
        return self.slayer.phase if self.slayer else self.phase


class Gateway:
    """Turns commands into calls and what becomes of them into events."""

    def __init__(
        self,
        *,
        make_line: Callable[[int], Line],
        ears: Ears,
        asker: Asker,
        voice: Voice | None,
        bus: Bus,
        region: str = "US",
        accounts: Sequence[Account] = (),
        flow: Callable[[str], Flow | None] = lambda _id: None,
        recordings: Path | None = None,
        record_all: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``flow`` finds a stored flow by its id. ``recordings`` is the folder for them; None: recording refused."""
        self._ears = ears
        self._asker = asker
        self._voice = voice
        self._bus = bus
        self._region = region
        self._accounts = tuple(accounts)
        self._flow = flow
        self._recordings = recordings
        self._record_all = record_all
        self._now = now
        self._calls: dict[CallId, _Call] = {}
        self._lines = Lines(
            make_line,
            on_incoming=self._incoming,
            on_line=self._line_changed,
            on_registration=self._registered,
        )

    # --- life ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the line up and register the accounts. Raises ``LineError`` with a sentence."""
        await self._lines.start(self._accounts)

    async def stop(self) -> None:
        """Hang up whatever is still on and stop the lines."""
        for call in tuple(self._calls.values()):
            self._hang_up(call)
        await self._lines.stop()
        for call in tuple(self._calls.values()):
            self._ended(call, LegEnded(self._now(), call.leg, EndReason.COMPLETED, "The program closed.", True))

    @property
    def calls(self) -> tuple[CallId, ...]:
        """Calls that are on, oldest first."""
        return tuple(self._calls)

    def set_account(self, account: Account) -> None:
        """Add or change a trunk account while running."""
        self._accounts = (*(a for a in self._accounts if a.id != account.id), account)
        self._lines.set_account(account)

    def phase(self, call: CallId) -> Phase:
        """What we believe of a call; ``DONE`` when it is over or was never there."""
        known = self._calls.get(call)
        return known.believed if known else Phase.DONE

    # --- wishes --------------------------------------------------------------------------------------------------

    def do(self, command: Command) -> CallId | None:
        """Carry out a wish; returns the id of a call that it began.

        Raises ``numbers.NumberError`` or ``LineError`` with a sentence on bad input. A wish for a call that is over
        is ignored: the click came too late, which is nobody's fault.
        """
        match command:
            case SlayHold():
                return self._slay(command)
            case PlaceCall():
                return self._place(parse(command.number, self._region), command.company)
            case _:
                call = self._calls.get(command.call)
                if call is not None:
                    self._do_with(call, command)
                return None

    def _do_with(
        self,
        call: _Call,
        command: AnswerCall
        | PickUp
        | NotAPerson
        | ThatIsAPerson
        | TakeOver
        | GiveBack
        | PressDigits
        | Mute
        | Record
        | HangUp,
    ) -> None:
        match command:
            case AnswerCall():
                self._lines.send(call.leg, Answer(call.leg))
                self._connect_voice(call, True)
            case PickUp():
                self._take(call, Phase.TALKING, "you picked up")
            case TakeOver():
                self._take(call, Phase.MANUAL, "you took over")
            case GiveBack():
                if call.slayer is not None and call.believed in (Phase.TALKING, Phase.MANUAL):
                    self._connect_voice(call, False)
                    call.slayer.user_gives_back()
            case NotAPerson():
                if call.slayer is not None:
                    call.slayer.user_says(person=False)
                    self._bus.publish(
                        PersonDismissed(self._now(), call.id, "you said that it was no person", by_user=True)
                    )
            case ThatIsAPerson():
                if call.slayer is not None:
                    call.slayer.user_says(person=True)
            case PressDigits():
                self._press(call, command.digits)
            case Mute():
                call.muted = command.muted
                if call.voice:
                    self._lines.send(call.leg, ConnectVoice(call.leg, True, muted=call.muted))
            case Record():
                self._record(call, command.on)
            case HangUp():
                self._hang_up(call)
            case _:
                assert_never(command)

    def _slay(self, command: SlayHold) -> CallId:
        number = parse(command.number, self._region)
        if number.emergency:
            # An emergency number is never slain, queued or delayed: it is dialled at once with the voice connected.
            return self._place(number, command.company)
        flow = self._flow(command.flow) if command.flow else None
        if command.flow and flow is None:
            raise LineError(
                EndReason.FAILED, f"There is no call flow named {command.flow!r}. Choose another, or none."
            )
        call = self._new_call(number, Mode.HOLD_SLAYER)
        situation = policy.begin(command.intent, flow, company=command.company)
        call.slayer = Slayer(
            call.id,
            situation,
            hands=_CallHands(self, call),
            asker=self._asker,
            publish=self._bus.publish,
            now=self._now,
        )
        self._announce(call, command.company, command.intent)
        self._start(call, self._dial(call, number))
        return call.id

    def _place(self, number: Dialable, company: str) -> CallId:
        call = self._new_call(number, Mode.DIRECT)
        self._announce(call, company, "")
        self._start(call, self._dial(call, number))
        return call.id

    def _new_call(self, number: Dialable, mode: Mode) -> _Call:
        key = uuid.uuid4().hex
        call = _Call(CallId(key), LegId(key), number.display, mode)
        self._calls[call.id] = call
        return call

    def _announce(self, call: _Call, company: str, intent: str, *, incoming: bool = False) -> None:
        self._bus.publish(
            CallBegan(self._now(), call.id, call.number, company, intent, call.mode, incoming=incoming)
        )

    async def _dial(self, call: _Call, number: Dialable) -> None:
        account = self._accounts[0] if self._accounts else None
        try:
            uri = number.uri(account)
            await self._lines.seat(call.leg, lambda event: self._heard_of(call, event))
        except (LineError, ValueError) as error:
            reason = error.reason if isinstance(error, LineError) else EndReason.BAD_NUMBER
            self._ended(call, LegEnded(self._now(), call.leg, reason, str(error), by_us=True))
            return
        self._lines.send(call.leg, Dial(call.leg, uri, account.id if account and number.on_trunk else ""))
        self._line_state(call, LineState.DIALING)
        self._listen(call)
        if call.mode is Mode.DIRECT:
            self._connect_voice(call, True)

    # --- what the legs say -----------------------------------------------------------------------------------------

    def _heard_of(self, call: _Call, event: LegEvent) -> None:
        match event:
            case LegRinging():
                self._line_state(call, LineState.EARLY, early_media=event.early_media)
            case LegAnswered():
                self._line_state(call, LineState.CONFIRMED)
                if call.slayer is not None:
                    call.slayer.feed(LineAnswered(at_s=self._clock_s(call)))
                elif call.phase is Phase.MANUAL:
                    self._move(call, Phase.TALKING, "the call was answered")
                if self._record_all:
                    self._record(call, True)
            case LegEnded():
                self._ended(call, event)
            case VoiceChanged():
                self._voice_changed(call, event)
            case RecordingState():
                self._bus.publish(RecordingChanged(self._now(), call.id, event.path))
                if event.error:
                    log.warning("recording of a call failed: %s", event.error)
            case LegMedia() | DigitReceived():
                pass
            case DigitsSent():
                if event.error:
                    log.warning("digits did not go out: %s", event.error)
            case _:
                assert_never(event)

    def _ended(self, call: _Call, event: LegEnded) -> None:
        if self._calls.pop(call.id, None) is None:
            return
        self._ears.detach(call.id)
        believed = call.believed
        person_found = call.slayer is not None and call.slayer.person_found
        if call.slayer is not None:
            call.slayer.done()
        else:
            self._move(call, Phase.DONE, "the call has ended")
        for task in call.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        reason, text = name_ending(event, waiting=call.slayer is not None, phase=believed)
        if call.mode is Mode.HOLD_SLAYER:
            outcome, because = outcome_of(
                reason, text, finish=call.finish, person_found=person_found, by_us=event.by_us or call.hung_up
            )
            self._bus.publish(OutcomeKnown(self._now(), call.id, outcome, because))
        call.line = next_line_state(call.line, LineState.ENDED)
        self._bus.publish(LineChanged(self._now(), call.id, LineState.ENDED))
        self._bus.publish(
            CallEnded(self._now(), call.id, reason, text, event.by_us or call.hung_up, event.sip_code)
        )

    def _incoming(self, event: LegIncoming) -> None:
        call = _Call(CallId(event.leg), event.leg, event.from_uri, Mode.DIRECT)
        self._calls[call.id] = call
        self._lines.adopt(event.leg, lambda fact: self._heard_of(call, fact))
        self._announce(call, "", "", incoming=True)
        self._line_state(call, LineState.EARLY)
        self._lines.send(call.leg, Progress(call.leg, 180))

    def _line_changed(self, event: LineUp | LineDown) -> None:
        match event:
            case LineUp():
                self._bus.publish(LineProcess(self._now(), event.line, up=True))
            case LineDown():
                self._bus.publish(LineProcess(self._now(), event.line, up=False, because=event.because))

    def _registered(self, event: Registration) -> None:
        self._bus.publish(
            AccountState(
                self._now(), event.account, event.registered, event.text, event.reason, event.retry_in_s
            )
        )

    def _voice_changed(self, call: _Call, event: VoiceChanged) -> None:
        self._bus.publish(VoiceConnected(self._now(), call.id, event.connected))
        if event.error or event.connected:
            self._bus.publish(AudioState(self._now(), event.microphone, event.speaker, "", event.error))

    # --- acts ------------------------------------------------------------------------------------------------------

    def _take(self, call: _Call, phase: Phase, because: str) -> None:
        if call.slayer is not None:
            call.slayer.user_takes(phase, because)
        self._connect_voice(call, True)

    def _connect_voice(self, call: _Call, on: bool) -> None:
        call.voice = on
        if on and call.mouth is not None:
            call.mouth.hush()
        self._lines.send(call.leg, ConnectVoice(call.leg, on, muted=call.muted))

    def _press(self, call: _Call, digits: str) -> None:
        if not DIGITS.match(digits):
            raise LineError(EndReason.FAILED, "A telephone has the keys 0-9, * and # only.")
        self._lines.send(call.leg, SendDigits(call.leg, digits))
        self._bus.publish(DigitsPressed(self._now(), call.id, digits, "you pressed it"))

    def _record(self, call: _Call, on: bool) -> None:
        if on and self._recordings is None:
            raise LineError(EndReason.FAILED, "Recording is switched off. Choose a folder for it in Preferences.")
        path = ""
        if on and self._recordings is not None:
            moment = time.localtime(self._now())
            name = time.strftime("%Y-%m-%d/%H-%M-%S", moment) + f"-{call.id[:8]}.wav"
            path = str(self._recordings / name)
        self._lines.send(call.leg, RecordLeg(call.leg, path))

    def _hang_up(self, call: _Call) -> None:
        call.hung_up = True
        if call.line is LineState.IDLE:  # not seated yet: there is no leg to hang up
            self._ended(call, LegEnded(self._now(), call.leg, EndReason.CANCELLED, "You hung up.", by_us=True))
        else:
            self._lines.send(call.leg, HangUpLeg(call.leg))

    def _listen(self, call: _Call) -> None:
        reader = self._lines.tap(call.leg)
        if call.slayer is not None:
            call.mouth = Mouth(self._voice, self._lines.talk(call.leg))
            self._ears.attach(call.id, reader, call.slayer.feed)

    def hear_trouble(self, call_id: CallId, error: BaseException) -> None:
        """The ears of a call failed (``Listener.on_error``): the user is rung, the call goes on."""
        call = self._calls.get(call_id)
        if call is not None and call.slayer is not None:
            call.slayer.trouble(error)

    def _clock_s(self, call: _Call) -> float:
        reader = self._lines.tap(call.leg)
        return reader.written / reader.rate

    def _line_state(self, call: _Call, state: LineState, *, early_media: bool = False) -> None:
        if call.line is state and not early_media:
            return
        if call.line is not state:
            call.line = next_line_state(call.line, state)
        self._publish(LineChanged(self._now(), call.id, state, early_media))

    def _move(self, call: _Call, phase: Phase, because: str) -> None:
        old, call.phase = call.phase, phase
        self._publish(PhaseChanged(self._now(), call.id, old, phase, because))

    def _publish(self, event: Event) -> None:
        self._bus.publish(event)

    def _start(self, call: _Call, work: object) -> None:
        task = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        call.tasks.add(task)
        task.add_done_callback(call.tasks.discard)


class _CallHands:
    """A slayer's hands on its call."""

    def __init__(self, gateway: Gateway, call: _Call) -> None:
        self._gateway = gateway
        self._call = call

    def press(self, digits: str) -> None:
        # A digit on top of our own voice is often not recognised: be quiet first.
        if self._call.mouth is not None:
            self._call.mouth.hush()
        self._gateway._lines.send(self._call.leg, SendDigits(self._call.leg, digits))

    async def say(self, text: str) -> None:
        if self._call.mouth is not None:
            await self._call.mouth.say(text)

    def finish(self, outcome: str, because: str) -> None:
        self._call.finish = (outcome, because)
        self._gateway._hang_up(self._call)
