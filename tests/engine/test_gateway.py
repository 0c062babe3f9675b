"""Wishes become calls, and what becomes of them becomes events: the whole engine but for the line and the ears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from engine.audio.ring import RingReader
from engine.bus import Bus
from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.commands import (
    AnswerCall,
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
)
from engine.deciding.decisions import Answered, Ask
from engine.events import (
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
    UserNeeded,
    VoiceConnected,
)
from engine.gateway import Gateway
from engine.hearing.perceptions import Perception, Span, Tick
from engine.hearing.prints import Prints
from engine.numbers import NumberError
from engine.settings import AccountSettings, Recording, Settings
from engine.sip.line import (
    MAX_LEGS,
    Account,
    ConnectVoice,
    Dial,
    HangUpLeg,
    LegId,
    LineError,
    Progress,
    RecordLeg,
    SendDigits,
    SetAccount,
)
from engine.storage.companies import Companies
from flows.model import Flow
from tests.fakes.line import MemoryLine

E = TypeVar("E")
SIP = "sip:harbor-bank@127.0.0.1:5070"


class Ears:
    """Ears that hear what the test says."""

    def __init__(self) -> None:
        self.on: dict[CallId, Callable[[Perception], None]] = {}

        self.known: dict[CallId, Prints | None] = {}
        self.persons: list[Span] = []
        self.judged: list[tuple[tuple[Span, ...], bool | None]] = []
        self.prints = Prints()
        """What is found in every span the user speaks of, and learned of every call."""

    def attach(
        self,
        call: CallId,
        reader: RingReader,
        handler: Callable[[Perception], None],
        known: Prints | None = None,
    ) -> None:
        assert reader.rate == 16_000
        self.on[call] = handler
        self.known[call] = known

    def judge(
        self,
        call: CallId,
        spans: Sequence[Span],
        recorded: bool | None,
        then: Callable[[Prints], None] | None = None,
    ) -> None:
        self.judged.append((tuple(spans), recorded))
        if then is not None:
            then(self.prints)

    def person_spoke(self, call: CallId, span: Span) -> None:
        self.persons.append(span)

    def detach(
        self,
        call: CallId,
        learned: Callable[[Prints], None] | None = None,
        keep: Sequence[Span] = (),
        drop: Sequence[Span] = (),
    ) -> None:
        self.on.pop(call, None)
        if learned is not None:
            learned((self.known.get(call) or Prints()).merge(self.prints))


class Asker:
    async def choose(self, ask: Ask) -> Answered:
        return Answered(0.0, ask.key, None, 0.0, "nobody to ask")


class Voice:
    name = "test voice"

    def render(self, text: str) -> np.ndarray[Any, np.dtype[np.int16]]:
        return np.full(1600, 100, np.int16)


class Scene:
    """A gateway on lines in memory."""

    def __init__(
        self,
        *,
        headset: tuple[str, str] | None = ("Mic", "Speaker"),
        companies: Companies | None = None,
        flow: Flow | None = None,
        **settings: Any,
    ) -> None:
        self.lines: list[MemoryLine] = []
        self.ears = Ears()
        self.bus = Bus()
        self.headset = headset
        self.now = 1000.0
        made = Settings(region="US", **settings)
        self.gateway = Gateway(
            make_line=self._line,
            ears=self.ears,
            asker=Asker(),
            voice=Voice(),
            bus=self.bus,
            settings=made,
            accounts=[account.with_password("secret") for account in made.accounts],
            recordings=Path("recordings"),
            companies=companies,
            flow=lambda _id: flow,
            now=lambda: self.now,
        )

    def _line(self, index: int) -> MemoryLine:
        self.lines.append(MemoryLine(f"line {index}", headset=self.headset))
        return self.lines[-1]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.bus.history if isinstance(event, kind)]

    def phases(self) -> list[Phase]:
        return [event.new for event in self.of(PhaseChanged)]

    def sent(self, kind: type[E]) -> list[E]:
        return [command for line in self.lines for command in line.sent if isinstance(command, kind)]

    async def slay(self) -> CallId:
        call = self.gateway.do(SlayHold(SIP, "dispute a charge", company="Harbor Bank"))
        assert call is not None
        await settle()
        return call


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Any:
    made = Scene()
    await made.gateway.start()
    yield made
    await made.gateway.stop()


TRUNK = AccountSettings(id="trunk", host="sip.example.com", user="1001")


async def test_a_slay_dials_listens_and_ends_with_an_outcome(scene: Scene) -> None:
    call = await scene.slay()
    line = scene.lines[0]
    assert scene.sent(Dial) == [Dial(LegId(call), SIP)]
    assert scene.of(CallBegan) == [
        CallBegan(1000.0, call, SIP, "Harbor Bank", "dispute a charge", Mode.HOLD_SLAYER)
    ]
    line.far_rings(LegId(call))
    line.far_answers(LegId(call))
    assert [e.state for e in scene.of(LineChanged)] == [
        LineState.DIALING,
        LineState.EARLY,
        LineState.CONFIRMED,
    ]
    assert call in scene.ears.on
    line.far_hangs_up(LegId(call))
    assert call not in scene.ears.on
    assert [e.outcome for e in scene.of(OutcomeKnown)] == ["dropped"]
    assert [e.reason for e in scene.of(CallEnded)] == [EndReason.DROPPED]
    assert scene.gateway.phase(call) is Phase.DONE
    assert scene.gateway.calls == ()
    assert scene.sent(ConnectVoice) == []  # nobody heard the user's room while waiting


@pytest.mark.parametrize(
    ("code", "outcome"), [(486, "busy"), (404, "not_in_service"), (603, "busy"), (480, "no_answer")]
)
async def test_sip_failures_become_outcomes(scene: Scene, code: int, outcome: str) -> None:
    call = await scene.slay()
    scene.lines[0].far_hangs_up(LegId(call), code)
    assert [e.outcome for e in scene.of(OutcomeKnown)] == [outcome]
    ended = scene.of(CallEnded)[0]
    assert ended.text.endswith(".") and ended.sip_code == code


async def test_picking_up_connects_the_voice_and_giving_back_takes_it_away(scene: Scene) -> None:
    call = await scene.slay()
    leg = LegId(call)
    scene.lines[0].far_answers(leg)
    scene.gateway.do(PickUp(call))
    await settle()
    assert scene.gateway.phase(call) is Phase.TALKING
    assert [e.connected for e in scene.of(VoiceConnected)] == [True]
    assert scene.of(AudioState)[-1].microphone == "Mic"
    scene.gateway.do(Mute(call, True))
    scene.gateway.do(GiveBack(call))
    await settle()
    assert scene.sent(ConnectVoice) == [
        ConnectVoice(leg, True),
        ConnectVoice(leg, True, muted=True),
        ConnectVoice(leg, False, muted=True),
    ]
    assert scene.gateway.phase(call) in (Phase.HOLDING, Phase.NAVIGATING)


async def test_taking_over_leaves_the_call_to_the_user(scene: Scene) -> None:
    call = await scene.slay()
    scene.gateway.do(TakeOver(call))
    assert scene.gateway.phase(call) is Phase.MANUAL
    scene.gateway.do(PressDigits(call, "12#"))
    assert scene.sent(SendDigits) == [SendDigits(LegId(call), "12#")]
    assert scene.of(DigitsPressed)[0].shown == "•••"  # it may have been a PIN
    with pytest.raises(LineError, match="keys 0-9"):
        scene.gateway.do(PressDigits(call, "12x"))


async def test_without_a_sound_device_the_user_is_told_and_the_call_goes_on() -> None:
    scene = Scene(headset=None)
    await scene.gateway.start()
    call = await scene.slay()
    scene.lines[0].far_answers(LegId(call))
    scene.gateway.do(PickUp(call))
    await settle()
    assert scene.of(VoiceConnected)[-1].connected is False
    assert "No audio device" in scene.of(AudioState)[-1].text
    assert scene.of(CallEnded) == []
    await scene.gateway.stop()


@pytest.mark.parametrize("number", ["911", "9911", "112"])
async def test_an_emergency_number_is_dialled_straight_through(number: str) -> None:
    scene = Scene(accounts=(TRUNK,))
    await scene.gateway.start()
    call = scene.gateway.do(SlayHold(number, "my intent", flow="no-such-flow"))
    assert call is not None
    await settle()
    assert scene.of(CallBegan)[0].mode is Mode.DIRECT
    assert scene.sent(Dial)[0].uri == f"sip:{number}@sip.example.com"
    assert scene.sent(ConnectVoice) == [ConnectVoice(LegId(call), True)]
    assert scene.ears.on == {}
    await scene.gateway.stop()


async def test_a_telephone_number_goes_over_the_trunk_with_its_extension(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.live_call.PAUSE_S", 0.0)
    scene = Scene(accounts=(TRUNK,))
    await scene.gateway.start()
    assert [s.account.id for s in scene.sent(SetAccount)] == ["trunk"]
    call = scene.gateway.do(PlaceCall("+1 800 555 0199 ext 42"))
    await settle()
    dial = scene.sent(Dial)[0]
    assert (dial.account, dial.uri.split("@")[0]) == ("trunk", "sip:+18005550199")
    assert call is not None
    assert scene.sent(SendDigits) == []
    scene.lines[0].far_answers(LegId(call))
    await settle()
    assert scene.sent(SendDigits) == [SendDigits(LegId(call), "42")]
    await scene.gateway.stop()


async def test_bad_numbers_and_missing_trunks_are_refused_with_a_sentence(scene: Scene) -> None:
    for number, what in (("what?", "not a telephone number"), ("", "No number"), ("+18005550199", "account")):
        with pytest.raises(NumberError, match=what):
            scene.gateway.do(SlayHold(number, "x"))
    with pytest.raises(LineError, match="no call flow named 'nope'"):
        scene.gateway.do(SlayHold(SIP, "x", flow="nope"))
    assert scene.of(CallBegan) == []


async def test_a_lost_line_ends_its_calls_with_a_reason(scene: Scene) -> None:
    call = await scene.slay()
    scene.lines[0].far_answers(LegId(call))
    scene.lines[0].lose("killed")
    assert scene.of(CallEnded)[0].reason is EndReason.LINE_LOST
    assert scene.of(LineProcess)[-1] == LineProcess(1000.0, "line 0", up=False, because="killed")
    assert scene.gateway.calls == ()


async def test_the_fifth_call_gets_a_second_line(scene: Scene) -> None:
    for _ in range(MAX_LEGS + 1):
        await scene.slay()
    assert [len([c for c in line.sent if isinstance(c, Dial)]) for line in scene.lines] == [MAX_LEGS, 1]
    assert len(scene.gateway.calls) == MAX_LEGS + 1


async def test_only_the_first_line_registers_an_account() -> None:
    scene = Scene(accounts=(TRUNK,))
    await scene.gateway.start()
    for _ in range(MAX_LEGS + 1):
        await scene.slay()
    accounts: Sequence[Account] = [s.account for s in scene.sent(SetAccount)]
    assert [a.register for a in accounts] == [True, False]
    await scene.gateway.stop()


async def test_an_incoming_call_rings_and_is_answered(scene: Scene) -> None:
    leg = scene.lines[0].far_calls("sip:bob@example.com")
    call = CallId(leg)
    assert scene.of(CallBegan)[0].incoming
    assert scene.sent(Progress) == [Progress(leg, 180)]
    scene.gateway.do(AnswerCall(call))
    await settle()
    assert scene.gateway.phase(call) is Phase.TALKING
    scene.gateway.do(HangUp(call))
    await settle()
    assert scene.of(CallEnded)[0].by_us
    assert scene.of(OutcomeKnown) == []


async def test_hanging_up_at_once_and_twice_is_harmless(scene: Scene) -> None:
    call = scene.gateway.do(SlayHold(SIP, "x"))
    assert call is not None
    scene.gateway.do(HangUp(call))  # before a line has been found
    await settle()
    scene.gateway.do(HangUp(call))
    assert [e.outcome for e in scene.of(OutcomeKnown)] == ["given_up"]
    assert len(scene.of(CallEnded)) == 1
    assert scene.sent(HangUpLeg) == []


async def test_the_user_says_it_was_no_person(scene: Scene) -> None:
    call = await scene.slay()
    scene.gateway.do(NotAPerson(call))
    assert [e.by_user for e in scene.of(PersonDismissed)][:1] == [True]


async def test_ears_that_fail_ring_the_user(scene: Scene, expected_warnings: Any) -> None:
    call = await scene.slay()
    scene.gateway.ears_failed(call, ValueError("broken"))
    assert len(scene.of(UserNeeded)) == 1
    assert scene.gateway.phase(call) is Phase.ALERTING
    assert scene.of(CallEnded) == []
    assert len(expected_warnings.messages) == 1


async def test_perceptions_reach_the_policy(scene: Scene) -> None:
    call = await scene.slay()
    scene.ears.on[call](Tick(at_s=0.2))
    assert scene.gateway.phase(call) is Phase.NAVIGATING


async def test_recording_names_a_file_by_date(scene: Scene) -> None:
    call = await scene.slay()
    scene.lines[0].far_answers(LegId(call))
    scene.gateway.do(Record(call, True))
    scene.gateway.do(Record(call, False))
    await settle()
    paths = [c.path for c in scene.sent(RecordLeg)]
    assert paths[0].startswith("recordings/") and paths[0].endswith(".wav") and paths[1] == ""
    assert [e.path for e in scene.of(RecordingChanged)] == paths


async def test_every_call_is_recorded_when_the_user_wants_it() -> None:
    scene = Scene(recording=Recording(on=True))
    await scene.gateway.start()
    call = await scene.slay()
    assert scene.sent(RecordLeg) == []
    scene.lines[0].far_answers(LegId(call))
    assert len(scene.sent(RecordLeg)) == 1
    await scene.gateway.stop()


async def test_stopping_ends_every_call_once(scene: Scene) -> None:
    first, second = await scene.slay(), await scene.slay()
    await scene.gateway.stop()
    await settle()
    assert {e.call for e in scene.of(CallEnded)} == {first, second}
    assert len(scene.of(CallEnded)) == 2
    with pytest.raises(LineError, match="closing"):
        await scene.gateway._lines.seat(LegId("late"), lambda _event: None)


async def test_a_wish_for_a_call_that_is_over_is_ignored(scene: Scene) -> None:
    events: list[Event] = []
    scene.bus.subscribe_all(events.append)
    assert scene.gateway.do(PickUp(CallId("gone"))) is None
    assert events == []
